#pragma once
// Sends what a reply describes, in all its good and bad ways (DemoDelivery).

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string_view>

#include "origin/demo_answer.h"
#include "origin/demo_session.h"

namespace brink::origin {

inline constexpr auto kDemoAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

// All of `bytes`, within the write time-out. False: the client is gone.
// `bytes` lives until the coroutine ends.
boost::asio::awaitable<bool> demo_write(DemoConnection& connection, std::string_view bytes);

// False when the connection is to be closed: the client is gone, or the reply asked for it.
boost::asio::awaitable<bool> demo_send(DemoConnection& connection, const DemoReply& reply,
                                       const DemoAnswer& answer);

// Every byte comes back, until either side closes or is silent for the idle time-out.
boost::asio::awaitable<void> demo_tunnel(DemoConnection& connection);

}  // namespace brink::origin

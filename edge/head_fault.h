#pragma once
// What is wrong with a request head, whatever protocol it came in.

#include <string_view>

#include "config/options.h"
#include "edge/edge_metrics.h"
#include "edge/framing.h"
#include "edge/request.h"

namespace brink::edge {

// Why a head is refused, and how that is answered.
struct HeadFault {
  int status = 0;             // 0 = none
  std::string_view what;      // static
  Limit limit = Limit::Count_;  // the bound that was reached, if one was
};

HeadFault bad_request(std::string_view what);

// What holds for a head in every protocol: lengths of target and method, Expect, the announced length of the body.
HeadFault check_head(const RequestHead& head, const MessageFraming& framing, const config::ClientLimits& limits);

// A path, or "*" for OPTIONS (RFC 9112 §3.2.1, §3.2.4). A CONNECT's target is left to the flow, which refuses it.
HeadFault check_target(const RequestHead& head);

}  // namespace brink::edge

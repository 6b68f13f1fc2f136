#pragma once
// The port through which a client of a case speaks: one connection, its requests in the order in
// which they were sent and their responses in that order too, whatever the protocol.

#include <memory>
#include <string>
#include <string_view>

#include "tests/cases/case_model.h"
#include "tests/cases/message_writer.h"
#include "tests/cases/protocol.h"
#include "tests/cases/stage.h"
#include "tests/support/http_reader.h"

namespace brink::tests::cases {

class ClientExchange {
 public:
  virtual ~ClientExchange() = default;

  // Can another request be sent here?
  virtual bool is_open() const = 0;
  // Requests without the head of a final response yet.
  virtual std::size_t outstanding() const = 0;

  // The whole request, or as much as the case says; Ended: close the connection.
  virtual Written send(const Message& message) = 0;
  // Bytes as they are; `request`: they begin one. HTTP/1.1 only.
  virtual Io write(std::string_view bytes, bool request) = 0;

  // The next head for the oldest outstanding request, interim or final.
  virtual Read head(HttpMessage& message) = 0;
  // More of the body of the response whose final head came last (HttpReader::body).
  virtual Read body(HttpMessage& message, std::size_t at_least = SIZE_MAX) = 0;
  // Bytes that come, unasked, until the peer ends the connection.
  virtual Read rest_until_close(std::string& rest) = 0;

  virtual void half_close() = 0;
  virtual void close() = 0;
  // HTTP/1.1: breaks the connection. HTTP/2: breaks the requests, the connection stays.
  virtual void reset() = 0;

  // Why the last read failed, where more can be said.
  virtual std::string error() const = 0;
};

// Where a node is reached.
struct Door {
  Protocol protocol = Protocol::Http1;
  std::uint16_t port = 0;
};

// A new connection for the client `who`. Null, and why, when it cannot be had.
std::unique_ptr<ClientExchange> open_exchange(const Door& door, Stage& stage,
                                              const std::string& who, std::string& message);

// Of one protocol each.
std::unique_ptr<ClientExchange> make_http1_exchange(std::unique_ptr<Transport> connection,
                                                    Stage& stage, const std::string& who);
std::unique_ptr<ClientExchange> make_http2_exchange(std::unique_ptr<Transport> connection,
                                                    Stage& stage, const std::string& who, bool tls);

}  // namespace brink::tests::cases

#pragma once
// The upstream port: one request to whoever is asked next (the regional tier or the origin),
// streamed both ways.
//
// Life of a call: start() → [on_interim]* → on_head → [on_body]* → on_complete | on_error. Exactly
// one of the last two ends it, unless the Call is destroyed first: that cancels, and no callback
// comes after. Everything happens on the shard's thread. No callback is ever made from inside
// start(), resume_*() or ~Call. A callback may destroy the Call only in on_complete and on_error;
// otherwise it posts.
//
// Choosing a server, retries where safe, health and ejection are behind this port.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/runtime/clock.h"
#include "config/runtime/error.h"
#include "config/runtime/fields.h"

namespace brink::origin {

class ServerGroup;  // server_group.h: a site's servers with their health, shared by all shards

// The client's request body, pulled by the call. Lives longer than the call.
class BodySource {
 public:
  virtual ~BodySource() = default;
  enum class State : std::uint8_t { Data, Wait, End, Failed };
  // Copies up to `size` bytes into `into`. Wait: Call::resume_request() will be called when there
  // is more. Failed: the client broke off; the call ends without on_complete.
  virtual State pull(char* into, std::size_t size, std::size_t& count) = 0;
};

struct Request {
  std::string method;
  std::string scheme;     // the client's: for X-Forwarded-Proto, not for the connection
  std::string authority;  // the Host to send
  std::string target;     // origin-form
  // All others, as they go out; no Host, no framing.
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::pair<std::string, std::string>> tier_fields;  // only to regional nodes
  BodySource* body = nullptr;                   // null = no body
  std::optional<std::uint64_t> content_length;  // of the body; without it, it goes out chunked
  std::shared_ptr<ServerGroup> origin;
  std::uint64_t key_hash = 0;  // chooses the regional node
  bool may_retry = true;       // the method is idempotent (RFC 9110 §9.2.2)
};

struct ResponseHead {
  int status = 0;
  Fields fields;  // views valid during the callback
  // As the field says: of HEAD and 304 it is not this body's.
  std::optional<std::uint64_t> content_length;
  std::string_view server;  // "http://10.0.0.5:8000": for the log
  bool from_tier = false;   // a regional node of ours answered
  std::uint32_t attempts = 1;
};

class Handler {
 public:
  virtual ~Handler() = default;
  virtual void on_interim(int status, Fields fields) = 0;  // 102, 103; never 100 or 101
  virtual void on_head(const ResponseHead& head) = 0;
  // Pause: taken, but no more until resume_response(). The end may come all the same.
  enum class Flow : std::uint8_t { Continue, Pause };
  // Decoded from chunks, not from content codings.
  virtual Flow on_body(std::string_view bytes) = 0;
  virtual void on_complete() = 0;
  virtual void on_error(Error error) = 0;  // before the head or in the body
};

class Call {
 public:
  virtual ~Call() = default;  // cancels
  virtual void resume_response() = 0;
  virtual void resume_request() = 0;
};

// One per shard.
class Upstream {
 public:
  virtual ~Upstream() = default;
  virtual std::unique_ptr<Call> start(Request request, Handler& handler) = 0;
};

}  // namespace brink::origin

#pragma once
// `brink origin`: a web server with real cacheable content, to try Brink with and to test it
// against.
//
// Without a root it is a small made-up shop with pages, images, an API and routes that misbehave on
// request; /routes lists them all (they come from the table in demo_routes.cc). With a root it
// serves that folder, and /_requests.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "config/runtime/clock.h"
#include "config/runtime/error.h"

namespace brink::origin {

struct DemoOriginOptions {
  std::string address = "127.0.0.1:8000";  // host:port, [v6]:port; port 0 = any free one
  std::string root = {};                   // serve this folder instead of the made-up shop
  std::string name = "origin";             // X-Origin-Name of every response
  std::uint32_t connections = 16'384;      // at once; more → 503, close
  Millis header_timeout{10'000};           // whole request head → 408, close
  Millis idle_timeout{75'000};             // keep-alive → close
  Millis body_timeout{30'000};             // between two reads of a request body → 408, close
  Millis write_timeout{30'000};            // no progress toward the client → close
  Millis stop_grace{250};                  // what responses in flight get when it ends
  const Clock* clock = nullptr;            // for dates; null = the machine's. Outlives the origin
};

// Byte `index` of what /bytes/N, /drip and /cut send: the XOR of the index's own eight bytes. So a
// byte tells where it belongs, and a test can compute any part of a body of any length.
constexpr unsigned char demo_byte(std::uint64_t index) {
  index ^= index >> 32U;
  index ^= index >> 16U;
  index ^= index >> 8U;
  return static_cast<unsigned char>(index & 0xffU);
}

// Runs on a thread of its own from create() to destruction, which closes idle connections at once
// and the others after stop_grace.
class DemoOrigin {
 public:
  // Listens before it returns. Errors (Invalid): the address, listening there, a root that is no
  // readable folder.
  static Result<std::unique_ptr<DemoOrigin>> create(const DemoOriginOptions& options);
  virtual ~DemoOrigin() = default;
  virtual std::uint16_t port() const = 0;
  // How often each URL (path and query) was asked, as /_requests shows it. Safe from any thread.
  virtual std::map<std::string, std::uint64_t> requests() const = 0;
};

}  // namespace brink::origin

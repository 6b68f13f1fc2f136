#pragma once
// `brink origin`: a web server with real cacheable content, to try Brink with and to test it against.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "config/runtime/error.h"

namespace brink::origin {

struct DemoOriginOptions {
  std::string address = "127.0.0.1:8000";  // port 0 = any free one
  std::string root;                        // serve this folder instead of the made-up shop
  std::string name = "origin";
};

// Runs on a thread of its own from create() to destruction.
class DemoOrigin {
 public:
  static Result<std::unique_ptr<DemoOrigin>> create(const DemoOriginOptions& options);
  virtual ~DemoOrigin() = default;
  virtual std::uint16_t port() const = 0;
  // How often each URL was asked, as /_requests shows it.
  virtual std::map<std::string, std::uint64_t> requests() const = 0;
};

}  // namespace brink::origin

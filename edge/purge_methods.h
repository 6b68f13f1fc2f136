#pragma once
// Purges that come as requests on the clients' listeners (config purge.methods): who may send them,
// and the door through which the flow hands them on without waiting.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "config/options.h"
#include "edge/request.h"
#include "edge/rules.h"
#include "edge/store/fill.h"

namespace brink::edge {

// Immutable.
class PurgeMethods {
 public:
  explicit PurgeMethods(const config::PurgeMethodOptions& options)
      : networks_(options.allow_from), secret_(options.secret) {}

  // Empty: the request may purge. Otherwise why not. What a proxy has passed on comes from anybody,
  // whatever the proxy's address: then only the secret counts.
  std::string_view refuse(const RequestHead& head) const;

 private:
  const PeerList networks_;
  const std::string secret_;  // empty = none is asked for
};

// Null when `options` allow nobody: the methods mean nothing here then.
std::shared_ptr<const PurgeMethods> make_purge_methods(const config::PurgeMethodOptions& options);

struct MethodPurgeAnswer {
  int status = 200;
  std::string text = {};  // for people
};

// One purge on its way: what the request and whoever answers it share. A request that ends sooner
// leaves; the purge goes on.
class MethodPurgeCall {
 public:
  // `waker` until leave().
  explicit MethodPurgeCall(store::Waker& waker) : waker_(&waker) {}

  // From any thread, once.
  void give(MethodPurgeAnswer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
    if (waker_ != nullptr) waker_->wake();
  }
  std::optional<MethodPurgeAnswer> take() {
    const std::lock_guard lock(mutex_);
    return answer_;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    waker_ = nullptr;
  }

 private:
  std::mutex mutex_;
  store::Waker* waker_;
  std::optional<MethodPurgeAnswer> answer_;
};

// From any thread; never waits.
class MethodPurger {
 public:
  virtual ~MethodPurger() = default;
  // Purges within `site`; copies what it needs of `head`. The call gets its answer at the latest
  // after the purge's time-out.
  virtual void purge(const RequestHead& head, std::string_view site,
                     std::shared_ptr<MethodPurgeCall> call) = 0;
  virtual void count_refusal() = 0;  // of PurgeMethods
};

}  // namespace brink::edge

#pragma once
// One request of warming: what is to be fetched, and what became of it.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"
#include "edge/warm_url.h"

namespace brink::edge {

enum class WarmResult : std::uint8_t {
  Fresh,      // was stored already, and is fresh: left alone
  Stored,     // fetched and stored, or validated
  NotStored,  // fetched, and must not or cannot be stored
  Failed,     // no answer, or one of 400 and above
  Count_,
};
std::string_view to_string(WarmResult result);  // "fresh", "stored", "not-stored", "failed"

struct WarmFound {
  WarmResult result = WarmResult::Failed;
  std::string reason = {};  // NotStored: cache::Reason's word. Failed: "status-404", "timed-out", …
  std::string detail = {};  // Failed: a sentence
};

// Takes a body as it comes, on a shard's thread.
class WarmBody {
 public:
  virtual ~WarmBody() = default;
  virtual bool take(std::string_view bytes) = 0;  // false: no more is wanted
};

struct WarmAsk {
  std::string job;  // its id
  WarmUrl url;
  std::shared_ptr<WarmBody> body = {};  // null: nobody wants it, the response is to be stored
  Millis timeout{0};
};

}  // namespace brink::edge

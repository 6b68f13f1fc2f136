// Transaction, purges that come as requests (config purge.methods): PURGE, BAN and PURGEKEYS.
//
//   begin() → not allowed: 405 → Ready
//           → handed to the MethodPurger → AwaitPurge → its answer → Ready
//
// Such a request never goes upstream, and the shard does not wait for it: the answer wakes the
// session.

#include "edge/transaction.h"
#include "purge/method_purge.h"

namespace brink::edge {

bool Transaction::is_method_purge() const {
  return context_.purge_methods && context_.purger && purge::is_purge_method(head_.method);
}

void Transaction::purge_by_method() {
  if (const std::string_view why = context_.purge_methods->refuse(head_); !why.empty()) {
    context_.purger->count_refusal();
    return answer_error(405, why, std::nullopt);
  }
  purge_call_ = std::make_shared<MethodPurgeCall>(waker_);
  stage_ = Stage::AwaitPurge;
  context_.purger->purge(head_, site_->name, purge_call_);
}

Step Transaction::await_purge() {
  const auto answer = purge_call_->take();
  if (!answer) return Step::Wait;
  answer_error(answer->status, answer->text, std::nullopt);
  return Step::Respond;
}

}  // namespace brink::edge

#pragma once
// Whom a call asks, in which order: the one place that the origin's client and the regional tier
// differ. The retry loop is the client's alone; how many further attempts there are is decided
// here.

#include <memory>
#include <vector>

#include "config/runtime/clock.h"
#include "origin/server_group.h"
#include "origin/upstream.h"

namespace brink::origin {

struct Candidate {
  std::shared_ptr<ServerGroup> group;  // its options govern the attempt; it gets the report
  std::shared_ptr<Server> server;      // outstanding already; null = nobody is left
  bool tier = false;                   // a regional node of ours: Host stays the client's
};

// One call's way through the servers. Used on the shard's thread.
class Candidates {
 public:
  virtual ~Candidates() = default;
  // The next to ask, each server once. `again` permits the same server a second time where no other
  // is left (it cut the connection; that may have been chance).
  virtual Candidate next(Ticks now, bool again) = 0;
};

class CandidateSource {
 public:
  virtual ~CandidateSource() = default;
  virtual std::unique_ptr<Candidates> candidates(const Request& request) = 0;
};

// Through one group: 1 + `retries` attempts by its balance.
class GroupCandidates final : public Candidates {
 public:
  explicit GroupCandidates(std::shared_ptr<ServerGroup> group) : group_(std::move(group)) {}
  Candidate next(Ticks now, bool again) override;

 private:
  std::shared_ptr<ServerGroup> group_;
  std::vector<std::shared_ptr<Server>> tried_;
  std::uint32_t attempts_ = 0;
};

// Request::origin's servers.
class OriginCandidates final : public CandidateSource {
 public:
  std::unique_ptr<Candidates> candidates(const Request& request) override {
    return std::make_unique<GroupCandidates>(request.origin);
  }
};

}  // namespace brink::origin

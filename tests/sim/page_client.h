#pragma once
// A client of the small resources: every body is exactly one version of them, and what is private
// stays so.

#include "tests/sim/client.h"

namespace brink::sim {

class PageClient final : public Client {
 public:
  PageClient(World& world, SimShard& shard, std::size_t number);
  std::string describe() const override;

 private:
  void take_head() override;
  void check(bool whole) override;
  void check_body();
  void check_age();

  std::string flavour_;
  std::string cache_control_;
  std::string range_;
};

}  // namespace brink::sim

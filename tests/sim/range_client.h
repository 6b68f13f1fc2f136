#pragma once
// A client of the large representations: parts of them, several at once, all of them, under
// conditions, through a child tier, and requests that change them. Its answer must be one version's
// bytes at the offsets that it names.

#include <optional>

#include "edge/cache/byte_range.h"
#include "tests/sim/client.h"
#include "tests/sim/representation.h"

namespace brink::sim {

class RangeClient final : public Client {
 public:
  RangeClient(World& world, SimShard& shard, std::size_t number);
  std::string describe() const override;

 private:
  // range_client.cc: what it asks
  void choose_range();
  void choose_conditions();
  std::string some_tag(double current);

  // range_checks.cc: what it makes of the answer
  void take_head() override;
  void check(bool whole) override;
  void check_status();
  void check_provenance();
  void check_age(const OriginAnswer& answer);
  void check_whole(bool whole);
  void check_part(bool whole);
  void check_parts();
  void check_unsatisfied();
  void check_version(std::uint32_t version);
  void check_bytes(std::string_view bytes, std::uint64_t begin, std::string_view what);
  bool told(std::uint64_t complete_length);
  const OriginAnswer* answer() const;

  LargeResource& resource_;
  std::uint32_t oldest_ =
      0;  // version: an invalidation that had been answered by then forbids older ones
  std::uint32_t version_ = 0;  // of the answer
  std::string range_;
  std::string if_range_;
  std::string none_match_;
  std::string match_;
  std::string cache_control_;
};

}  // namespace brink::sim

#include "tests/sim/range_client.h"

namespace brink::sim {

RangeClient::RangeClient(World& world, SimShard& shard, std::size_t number)
    : Client(world, shard, number),
      resource_(world.large->all()[world.random.below(Representations::kCount)]),
      oldest_(resource_.invalidated) {
  Random& random = world.random;
  target_ = resource_.target;
  const bool faults = world.profile.faults;
  if (faults && random.chance(0.05)) head_.method = "POST";
  if (random.chance(0.04)) head_.method = "HEAD";
  if (head_.method != "POST") choose_range();
  if (head_.method != "POST") choose_conditions();
  if (faults && random.chance(0.04)) cache_control_ = "no-cache";
  if (faults && random.chance(0.03)) cache_control_ = "no-store";
  if (random.chance(0.03)) cache_control_ = "only-if-cached";
  fields_ = {{"Host", "sim.test"}, {"X-Client", id_}};
  if (!range_.empty()) fields_.push_back({"Range", range_});
  if (!if_range_.empty()) fields_.push_back({"If-Range", if_range_});
  if (!none_match_.empty()) fields_.push_back({"If-None-Match", none_match_});
  if (!match_.empty()) fields_.push_back({"If-Match", match_});
  if (!cache_control_.empty()) fields_.push_back({"Cache-Control", cache_control_});
  if (faults && random.chance(0.08)) {
    head_.from_peer = true;
    fields_.push_back({"CDN-Loop", "brink-child"});
  }
}

void RangeClient::choose_range() {
  Random& random = world_.random;
  const std::uint64_t slice = world_.large->slice_bytes;
  const std::uint64_t length = world_.large->content(resource_, resource_.version).size();
  const double dice = static_cast<double>(random.below(1000)) / 1000;
  if (dice >= 0.75) return;
  std::uint64_t first = random.below(length);
  if (!world_.profile.faults && first % slice == 0)
    ++first;  // a slice is what only the node asks for
  const std::uint64_t size = 1 + random.below(random.chance(0.5) ? slice / 2 : slice * 4);
  const std::string closed = std::to_string(first) + "-" + std::to_string(first + size - 1);
  range_ = "bytes=" + closed;
  if (dice < 0.10) range_ = "bytes=" + std::to_string(first) + "-";
  if (dice >= 0.10 && dice < 0.20) range_ = "bytes=-" + std::to_string(1 + random.below(slice * 3));
  if (dice >= 0.20 && dice < 0.24)
    range_ = "bytes=" + std::to_string(length + random.below(slice * 14)) + "-";
  if (dice >= 0.24 && dice < 0.30) range_ += ",-" + std::to_string(1 + random.below(slice));
  if (dice >= 0.30 && dice < 0.31) range_ = "bytes=9-1";
}

std::string RangeClient::some_tag(double current) {
  std::uint32_t version = resource_.version;
  if (version > 1 && !world_.random.chance(current)) --version;
  return world_.large->tag(resource_, version);
}

void RangeClient::choose_conditions() {
  Random& random = world_.random;
  if (!range_.empty() && random.chance(0.2)) if_range_ = some_tag(0.8);
  if (random.chance(0.08)) none_match_ = some_tag(0.7);
  if (random.chance(0.03)) match_ = some_tag(0.7);
}

std::string RangeClient::describe() const {
  std::string out = "client " + id_ + " " + std::string(head_.method) + " " + target_ +
                    " (slices of " + std::to_string(world_.large->slice_bytes) + ", from " +
                    std::to_string(world_.large->slice_from) + ", is at version " +
                    std::to_string(resource_.version) + " of " +
                    std::to_string(world_.large->content(resource_, resource_.version).size()) +
                    " bytes)\n";
  for (const Field& field : fields_)
    out.append(field.name).append(": ").append(field.value).append("\n");
  out += "began at " + std::to_string(began_at_.time_since_epoch().count()) + ", answered at " +
         std::to_string(answered_at_.time_since_epoch().count()) + ", got " +
         std::to_string(body_.size()) + " of " +
         (announced_ ? std::to_string(*announced_) : std::string("?")) + " bytes " + cut_by_ + "\n";
  return out + head_text_;
}

}  // namespace brink::sim

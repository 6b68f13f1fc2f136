#include "tests/sim/page_client.h"

namespace brink::sim {

PageClient::PageClient(World& world, SimShard& shard, std::size_t client_number)
    : Client(world, shard, client_number) {
  Random& random = world.random;
  target_ = "/r" + std::to_string(random.below(6));
  flavour_ = std::string(1, static_cast<char>('a' + random.below(2)));
  fields_ = {{"Host", "sim.test"}, {"X-Flavour", flavour_}, {"X-Client", id_}};
  if (world.profile.faults) {
    if (random.chance(0.08)) cache_control_ = "no-cache";
    if (cache_control_.empty() && random.chance(0.05)) cache_control_ = "no-store";
    if (random.chance(0.08)) range_ = "bytes=2-5";
    if (random.chance(0.05)) head_.method = "HEAD";
  }
  if (!cache_control_.empty()) fields_.push_back({"Cache-Control", cache_control_});
  if (!range_.empty()) fields_.push_back({"Range", range_});
}

std::string PageClient::describe() const {
  return "client " + id_ + " " + std::string(head_.method) + " " + target_ + " flavour " +
         flavour_ + " " + cache_control_ + " " + range_ + " status " + std::to_string(status_) +
         "\n" + head_text_;
}

void PageClient::take_head() {
  check_age();
}

void PageClient::check(bool whole) {
  if (whole && status_ >= 200) check_body();
}

// A body is exactly one version, the one its ETag names, in this client's flavour; a private one is
// this client's.
void PageClient::check_body() {
  if (status_ != 200 && status_ != 206) return;
  const std::string_view tag = header("etag");
  if (tag.size() < 4) return fail("a 200 without the origin's ETag");
  const auto version = static_cast<std::uint32_t>(to_number(tag.substr(2)));
  const Resource& resource = world_.resource(target_);
  const bool varied = resource.kind == Resource::Kind::Varied;
  std::string expected =
      world_.content(target_, version, varied ? flavour_ : tag.substr(tag.size() - 2, 1));
  if (status_ == 206) expected = expected.substr(2, 4);
  if (head_.method != "HEAD" && body_ != expected)
    return fail("the body is not the version its ETag names");
  if (varied && tag.substr(tag.size() - 2, 1) != flavour_)
    return fail("a variant of another flavour");
  if (resource.kind == Resource::Kind::NoStore && header("x-for") != id_)
    return fail("a private answer was shared");
  if (resource.kind == Resource::Kind::Revalidated) {
    const TimePoint made = world_.generated_at.at(to_number(header("x-gen")));
    const std::string_view status = header("cache-status");
    const bool stale_allowed = status.find("detail=stale") != std::string_view::npos;
    const bool validated = status.find("/freshened") !=
                           std::string_view::npos;  // though there was no room for the new head
    if (!stale_allowed && !validated && answered_at_ - made > Millis(400 * 40))
      return fail("no-cache was served unvalidated");
  }
}

// Age tells the time since the origin generated or validated it (RFC 9111 §4.2.3), to the second.
void PageClient::check_age() {
  const std::string_view age = header("age");
  const std::string_view gen = header("x-gen");
  if (age.empty() || gen.empty()) return;
  const TimePoint made = world_.generated_at.at(to_number(gen));
  const auto real_s = std::chrono::duration_cast<Seconds>(answered_at_ - made).count();
  const auto said_s = static_cast<std::int64_t>(to_number(age));
  if (said_s + 2 < real_s || said_s > real_s + 2) {
    fail("Age says " + std::string(age) + " s, it is " + std::to_string(real_s) + " s old");
  }
  const Resource& resource = world_.resource(target_);
  const bool hit = header("cache-status").find("; hit") != std::string_view::npos;
  if (hit && said_s > static_cast<std::int64_t>(resource.max_age_s))
    fail("a hit that was not fresh");
}

}  // namespace brink::sim

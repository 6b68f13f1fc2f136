#include "tests/sim/client.h"

#include <array>
#include <charconv>

#include "edge/cache/storable.h"

namespace brink::sim {
namespace {

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

SimClient::SimClient(World& world, SimShard& shard, std::size_t client_number)
    : world_(world),
      shard_(shard),
      number_(client_number),
      transaction_(shard.flow(), *this),
      alive_(std::make_shared<bool>(true)) {
  Random& random = world.random;
  target_ = "/r" + std::to_string(random.below(6));
  flavour_ = std::string(1, static_cast<char>('a' + random.below(2)));
  id_ = std::to_string(number_);
  fields_ = {{"Host", "sim.test"}, {"X-Flavour", flavour_}, {"X-Client", id_}};
  head_.method = "GET";
  if (world.profile.faults) {
    leaves_ = random.chance(0.15);
    if (random.chance(0.08)) cache_control_ = "no-cache";
    if (cache_control_.empty() && random.chance(0.05)) cache_control_ = "no-store";
    if (random.chance(0.08)) range_ = "bytes=2-5";
    if (random.chance(0.05)) head_.method = "HEAD";
  }
  if (!cache_control_.empty()) fields_.push_back({"Cache-Control", cache_control_});
  if (!range_.empty()) fields_.push_back({"Range", range_});
  head_.target = target_;
  head_.host = "sim.test";
  head_.fields = fields_;
  head_.client_address = "192.0.2.1";
}

SimClient::~SimClient() { *alive_ = false; }

std::string SimClient::describe() const {
  return "client " + id_ + " " + std::string(head_.method) + " " + target_ + " flavour " + flavour_ + " " +
         cache_control_ + " " + range_ + " status " + std::to_string(status_) + "\n" + head_text_;
}

void SimClient::begin() {
  started_ = true;
  transaction_.begin(head_, nullptr);
  run();
}

void SimClient::wake() noexcept {
  if (posted_ || done_) return;
  posted_ = true;
  shard_.post([this, alive = alive_] {
    if (!*alive) return;
    posted_ = false;
    run();
  });
}

void SimClient::run() {
  if (done_ || !started_) return;
  if (!responded_) {
    const edge::Step step = transaction_.advance();
    if (step == edge::Step::Wait) {
      if (leaves_ && world_.random.chance(0.3)) finish(false);
      return;
    }
    take_head();
  }
  while (!done_ && read_body()) {
  }
}

void SimClient::take_head() {
  responded_ = true;
  answered_at_ = world_.clock.now();
  const edge::ResponsePlan& plan = transaction_.plan();
  status_ = plan.status;
  head_text_.assign(plan.head).append(plan.extra);
  check_age();
}

// True: go on reading at once.
bool SimClient::read_body() {
  if (!transaction_.plan().send_body) {
    finish(true);
    return false;
  }
  std::array<std::string_view, 4> views;
  std::size_t count = 0;
  using State = edge::ResponseBody::State;
  const State state = transaction_.body().next(views, count, 1 + world_.random.below(5000));
  if (state == State::Wait) return false;
  if (state != State::Data) {
    finish(state == State::End);
    return false;
  }
  std::size_t n = 0;
  for (std::size_t i = 0; i < count; ++i) {
    body_.append(views[i]);
    n += views[i].size();
  }
  transaction_.body().consume(n);
  if (leaves_ && world_.random.chance(0.2)) {
    finish(false);
    return false;
  }
  if (world_.profile.faults && world_.random.chance(0.2)) {  // a slow reader
    world_.after(Millis(world_.random.below(2000)), [this, alive = alive_] {
      if (*alive) wake();
    });
    return false;
  }
  return true;
}

void SimClient::finish(bool whole) {
  done_ = true;
  if (whole && status_ >= 200) check_body();
  transaction_.finish(body_.size(), 0, !whole);
  transaction_.release();
}

std::string_view SimClient::header(std::string_view name) const {
  std::string_view value;
  edge::cache::for_each_stored_field(head_text_, [&](const Field& f) {
    if (iequals(f.name, name)) value = f.value;
    return value.empty();
  });
  return value;
}

void SimClient::fail(const std::string& what) { world_.fail(what + "\n" + describe()); }

// A body is exactly one version, the one its ETag names, in this client's flavour; a private one is this client's.
void SimClient::check_body() {
  if (status_ != 200 && status_ != 206) return;
  const std::string_view tag = header("etag");
  if (tag.size() < 4) return fail("a 200 without the origin's ETag");
  const auto version = static_cast<std::uint32_t>(number(tag.substr(2)));
  const Resource& resource = world_.resource(target_);
  const bool varied = resource.kind == Resource::Kind::Varied;
  std::string expected = world_.content(target_, version, varied ? flavour_ : tag.substr(tag.size() - 2, 1));
  if (status_ == 206) expected = expected.substr(2, 4);
  if (head_.method != "HEAD" && body_ != expected) return fail("the body is not the version its ETag names");
  if (varied && tag.substr(tag.size() - 2, 1) != flavour_) return fail("a variant of another flavour");
  if (resource.kind == Resource::Kind::NoStore && header("x-for") != id_) return fail("a private answer was shared");
  if (resource.kind == Resource::Kind::Revalidated) {
    const TimePoint made = world_.generated_at.at(number(header("x-gen")));
    const bool stale_allowed = header("cache-status").find("detail=stale") != std::string_view::npos;
    if (!stale_allowed && answered_at_ - made > Millis(400 * 40)) return fail("no-cache was served unvalidated");
  }
}

// Age tells the time since the origin generated or validated it (RFC 9111 §4.2.3), to the second.
void SimClient::check_age() {
  const std::string_view age = header("age");
  const std::string_view gen = header("x-gen");
  if (age.empty() || gen.empty()) return;
  const TimePoint made = world_.generated_at.at(number(gen));
  const auto real_s = std::chrono::duration_cast<Seconds>(answered_at_ - made).count();
  const auto said_s = static_cast<std::int64_t>(number(age));
  if (said_s + 2 < real_s || said_s > real_s + 2) {
    fail("Age says " + std::string(age) + " s, it is " + std::to_string(real_s) + " s old");
  }
  const Resource& resource = world_.resource(target_);
  const bool hit = header("cache-status").find("; hit") != std::string_view::npos;
  if (hit && said_s > static_cast<std::int64_t>(resource.max_age_s)) fail("a hit that was not fresh");
}

}  // namespace brink::sim

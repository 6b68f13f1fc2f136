#include "tests/sim/purge_world.h"

#include <algorithm>
#include <cstdio>

#include "tests/sim/purge_client.h"
#include "tests/sim/purge_log_model.h"
#include "tests/sim/purge_node.h"
#include "tests/sim/seeded_random.h"

namespace brink::purgesim {
namespace {

constexpr TimePoint kStart{Seconds{1'795'000'000}};
constexpr std::size_t kStepsMax = 2'000'000;

}  // namespace

World::World(Parts& p, std::uint64_t seed, bool trace)
    : parts(p),
      clock(kStart),
      random(seed),
      pages(make_pages(random)),
      log(std::make_unique<LogModel>(*this)),
      traces(trace) {
  sim::seed_secure_random(seed);
  make_settings();
  regionals = random.chance(0.12) ? 0 : 1 + random.below(2);
  const std::size_t edges = 2 + random.below(2);
  for (std::size_t i = 0; i < regionals + edges; ++i)
    nodes.push_back(std::make_unique<Node>(*this, i));
  for (const auto& node : nodes) {
    if (random.chance(0.25)) node->usual_lag = Millis(200 + random.below(1200));
    node->boot();
  }
}

World::~World() {
  for (const auto& node : nodes) {
    if (node->is_up()) node->crash();
  }
}

void World::make_settings() {
  const std::uint64_t mode = random.below(20);
  settings.fenced = mode == 0  ? config::Fenced::Serve
                    : mode < 3 ? config::Fenced::Fail
                               : config::Fenced::Revalidate;
  settings.requests = 50 + random.below(100);
  settings.purges = 5 + random.below(16);
  settings.versions = random.chance(0.25);
  settings.faults = random.chance(0.7);
  settings.tier_fallback = random.chance(0.5) ? 0.05 : 0.3;
}

void World::post(Whose whose, std::uint64_t waiter, std::function<void()> f) {
  ready_.push_back({waiter, whose, std::move(f)});
}

void World::after(Millis delay, Whose whose, std::function<void()> f) {
  later_.push_back({clock.now() + delay, ++order_, whose, std::move(f)});
  std::push_heap(later_.begin(), later_.end(), is_later);
}

void World::write_note(const std::string& text) const {
  std::printf("%6lld read %u  %s\n", static_cast<long long>((clock.now() - kStart).count()), serial,
              text.c_str());
}

void World::fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

void World::bury(std::unique_ptr<Session> session) {
  buried_.push_back(std::move(session));
}

Millis World::latency() {
  if (quiet) return Millis(random.below(50));
  const std::uint64_t kind = random.below(100);
  if (kind < 2) return Millis(random.below(15'000));
  if (kind < 8) return Millis(random.below(3000));
  return Millis(random.below(kind < 50 ? 40 : 300));
}

Page* World::page_of(std::string_view host, std::string_view target) {
  for (Page& page : pages) {
    if (page.host == host && page.target == target) return &page;
  }
  return nullptr;
}

void World::start_client(Page& page, Node& node) {
  if (!node.is_up()) return;
  post(node.now_running(), 0, [&page, &node] { PurgeClient::start(node, page, false).begin(); });
}

void World::start_random_client() {
  // A few pages are asked for most of the time, so that requests meet.
  Page& page = pages[random.chance(0.6) ? random.below(3) : random.below(pages.size())];
  const bool edge = regionals == 0 || random.chance(0.88);
  Node& node =
      *nodes[edge ? regionals + random.below(nodes.size() - regionals) : random.below(regionals)];
  start_client(page, node);
}

// Straight after the acknowledgement: that is when it is most likely to be broken.
void World::probe(const purge::Record& record) {
  for (Page& page : pages) {
    if (quiet || random.chance(0.4)) continue;
    const bool matched =
        matches(record, page, page.version) || matches(record, page, page.version - 1);
    if (matched) start_client(page, *nodes[random.below(nodes.size())]);
  }
}

bool World::step() {
  if (!ready_.empty()) {
    std::swap(ready_[random.below(ready_.size())], ready_.back());
    Ready next = std::move(ready_.back());
    ready_.pop_back();
    if (next.whose.node && next.whose.node->stopped) {
      held_.push_back({clock.now(), ++order_, next.whose, std::move(next.run)});
      return true;
    }
    take_turn(next.whose, next.run);
    return true;
  }
  if (later_.empty()) return false;
  std::pop_heap(later_.begin(), later_.end(), is_later);
  Later next = std::move(later_.back());
  later_.pop_back();
  if (next.at > clock.now()) clock.advance(next.at - clock.now());
  if (next.whose.node && next.whose.node->stopped) {
    held_.push_back(std::move(next));
  } else {
    take_turn(next.whose, next.run);
  }
  return true;
}

void World::take_turn(Whose whose, std::function<void()>& f) {
  if (whose.node && (whose.node->run() != whose.run || !whose.node->is_up())) return;
  const std::size_t before = ready_.size();
  f();
  buried_.clear();
  std::stable_sort(ready_.begin() + static_cast<std::ptrdiff_t>(before), ready_.end(),
                   [](const Ready& a, const Ready& b) { return a.waiter < b.waiter; });
}

// What came for it meanwhile, in the order in which it came.
void World::resume(Node& node) {
  note([&] { return node.name() + " continues"; });
  node.stopped = false;
  std::vector<Later> others;
  for (Later& item : held_) {
    if (item.whose.node == &node) {
      item.at = std::max(item.at, clock.now());
      item.order = ++order_;
      later_.push_back(std::move(item));
      std::push_heap(later_.begin(), later_.end(), is_later);
    } else {
      others.push_back(std::move(item));
    }
  }
  held_ = std::move(others);
}

void World::run_until(TimePoint end) {
  std::size_t steps = 0;
  while (failure_.empty() && (!ready_.empty() || (!later_.empty() && later_.front().at <= end))) {
    step();
    if (++steps > kStepsMax) fail("it does not come to an end");
  }
  if (clock.now() < end) clock.advance(end - clock.now());
}

}  // namespace brink::purgesim

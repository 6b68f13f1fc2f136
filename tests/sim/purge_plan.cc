// What happens in a simulated deployment, and what is looked at when all is quiet again.

#include <algorithm>
#include <array>

#include "tests/sim/purge_client.h"
#include "tests/sim/purge_log_model.h"
#include "tests/sim/purge_node.h"

namespace brink::purgesim {

purge::Record World::random_record() {
  using Kind = purge::Selector::Kind;
  purge::Record record;
  record.soft = random.chance(0.3);
  purge::Selector& selector = record.selector;
  const auto name = [&](Kind kind, std::vector<std::string> values) {
    selector.kind = kind;
    selector.values = std::move(values);
  };
  const Page& page = pages[random.below(random.chance(0.5) ? 3 : pages.size())];
  const std::vector<std::string> tags = page.tags(page.version);
  switch (random.below(16)) {
    case 0:
      name(Kind::All, {});
      break;
    case 1:
      name(Kind::Host, {page.host});
      break;
    case 2:
      name(Kind::Prefix, {page.host + page.target.substr(0, 4)});
      break;
    case 3:
      name(Kind::Prefix, {page.target.substr(0, 4)});
      break;
    case 4:
      name(Kind::Pattern, {page.host + "/*" + page.target.substr(page.target.size() - 2)});
      break;
    case 5:
      name(Kind::Tags, tags);
      selector.match_all = true;
      break;
    case 6:
      name(Kind::Urls, {page.url(), pages[random.below(pages.size())].url()});
      break;
    case 7:
    case 8:
    case 9:
    case 10:
      name(Kind::Tags, {tags[random.below(tags.size())]});
      break;
    default:
      name(Kind::Urls, {page.url()});
  }
  if (random.chance(0.15)) selector.site = page.site;
  return record;
}

// Mostly the origin changes first: that is why people purge.
void World::purge_something() {
  purge::Record record = random_record();
  for (Page& page : pages) {
    if (matches(record, page, page.version) && random.chance(0.7)) ++page.version;
  }
  log->append(std::move(record));
}

void World::set_version() {
  purge::Record record;
  record.kind = purge::Record::Kind::Version;
  record.selector.site = random.chance(0.5) ? "A" : "B";
  record.version =
      random.chance(0.15) ? "" : std::string(1, static_cast<char>('1' + random.below(4)));
  record.percent = random.chance(0.75) ? 100 : 30;
  for (Page& page : pages) {
    if (page.site == record.selector.site) ++page.version;
  }
  log->append(std::move(record));
}

void World::plan_purges(Millis span) {
  const auto some_time = [&] {
    return Millis(random.below(static_cast<std::uint64_t>(span.count())));
  };
  for (std::size_t i = 0; i < settings.purges; ++i)
    after(some_time(), {}, [this] { purge_something(); });
  if (settings.versions) {
    for (std::size_t i = 2 + random.below(4); i > 0; --i)
      after(some_time(), {}, [this] { set_version(); });
  }
  for (std::size_t i = random.below(8); i > 0; --i)
    after(some_time(), {}, [this] { ++pages[random.below(pages.size())].version; });
}

void World::fault(Node& node) {
  // Longer than a node is trusted, or remembered, or neither.
  constexpr std::array kSpans = {800U, 3000U, 9000U, 15'000U};
  const Millis span(random.below(kSpans[random.below(kSpans.size())]));
  const std::uint64_t kind = random.below(3);
  note([&] {
    return node.name() + " fault " + std::to_string(kind) + " for " + std::to_string(span.count());
  });
  switch (kind) {
    case 0:
      node.cut_off = true;
      after(span, {}, [&node] {
        node.cut_off = false;
        node.deliver_later();
      });
      break;
    case 1:
      if (!node.stopped) {
        node.stopped = true;
        after(span, {}, [this, &node] { resume(node); });
      }
      break;
    default:
      if (node.stopped || !node.is_up()) return;
      node.crash();
      if (random.chance(0.5) && node.waited_for) log->leave(node);
      after(span / 4, {}, [&node] { node.boot(); });
  }
}

void World::plan_faults(Millis span) {
  for (std::size_t i = random.below(7); i > 0; --i) {
    Node& node = *nodes[random.below(nodes.size())];
    after(Millis(random.below(static_cast<std::uint64_t>(span.count()))), {},
          [this, &node] { fault(node); });
  }
}

void World::plan() {
  const Millis span(8000 + random.below(20'000));
  plan_purges(span);
  if (random.chance(0.8)) plan_faults(span);
  for (std::size_t i = 0; i < settings.requests; ++i)
    after(Millis(random.below(static_cast<std::uint64_t>(span.count()))), {},
          [this] { start_random_client(); });
  for (Millis t{0}; t < span + Millis(40'000); t += Millis(500))
    after(t, {}, [this] { log->forget_silent_nodes(); });
}

std::string World::run() {
  const TimePoint begin = clock.now();
  run_until(begin + Millis(3000));  // all have joined
  plan();
  run_until(clock.now() + Millis(28'000));
  quiet = true;
  run_until(clock.now() + Millis(90'000));
  if (failure_.empty()) check_end();
  return failure_;
}

void World::check_end() {
  for (const auto& node : nodes) {
    Process& process = node->process();
    if (node->is_fenced()) return fail(node->name() + " is still fenced");
    if (node->applied() != log->last()) return fail(node->name() + " has not applied all");
    if (!process.sessions.empty()) return fail("never answered at " + node->name());
    if (process.collapse.size() != 0) return fail("the collapse table is not empty at the end");
    for (const auto& shard : process.shards) {
      if (shard->fetches() != 0) return fail("a fetch did not end");
    }
    if (process.purges.pins.oldest() != UINT64_MAX) return fail("a pin was left behind");
  }
  for (const auto& node : nodes)
    check_hits_come_back(*node);
  purge::Record all;
  log->append(all);
  run_until(clock.now() + Millis(5000));
  for (const auto& node : nodes)
    check_nothing_is_left(*node);
}

// After the purges, a node caches as it did before.
void World::check_hits_come_back(Node& node) {
  for (Page& page : pages) {
    if (!failure_.empty() || !page.is_plain()) continue;
    auto outcome = std::make_shared<PurgeClient::Outcome>();
    for (int i = 0; i < 4 && !outcome->hit; ++i) {
      *outcome = {};
      PurgeClient& client = PurgeClient::start(node, page, true);
      client.tell(outcome);
      client.begin();
      for (int waits = 0; !outcome->done && waits < 50; ++waits)
        run_until(clock.now() + Millis(100));
      if (!outcome->done || outcome->status != 200)
        return fail("no answer from quiet nodes: " + page.url() + "\n" + outcome->text);
      run_until(clock.now() + Millis(400));  // the fetch may still be under way
    }
    if (!outcome->hit) return fail("no hit any more: " + page.url() + "\n" + outcome->text);
  }
}

void World::check_nothing_is_left(Node& node) {
  if (!failure_.empty()) return;
  Process& process = node.process();
  for (int i = 0; process.reclaimer.step(); ++i) {
    if (i > 10'000) return fail("the reclaimer finds no end");
  }
  if (process.purges.marks.size() + process.purges.marks.matchers() > 0) {
    return fail(node.name() + " still has " + std::to_string(process.purges.marks.size()) +
                " marks and " + std::to_string(process.purges.marks.matchers()) + " matchers");
  }
  for (int i = 0; i < 4; ++i)
    process.store->sweep(clock.ticks(), Millis(10'000));
  const auto stats = process.store->stats();
  if (stats.responses > 0)
    return fail(std::to_string(stats.responses) + " responses are left in the store of " +
                node.name());
  if (stats.bytes_used != process.empty_bytes) {
    fail("an empty store takes " + std::to_string(stats.bytes_used) + " bytes, it was " +
         std::to_string(process.empty_bytes));
  }
}

}  // namespace brink::purgesim

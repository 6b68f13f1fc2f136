// Every charge of a busy scenario fails once, and from then on for good, until the scenario runs
// through: readers get the right bytes or are cut, never wrong ones; nothing stays charged; the
// store works afterwards.

#include <map>

#include "tests/store/conformance.h"

namespace brink::edge::store {
namespace {

using State = BodyReader::State;

// Refuses the charge with the given number, or that and all that follow.
struct Refusals {
  std::uint64_t first = UINT64_MAX;
  bool for_good = false;
  std::uint64_t seen = 0;
  bool refused = false;

  bool operator()(std::uint64_t) {
    const std::uint64_t number = seen++;
    const bool refuse = for_good ? number >= first : number == first;
    refused = refused || refuse;
    return refuse;
  }
};

class Scenario {
 public:
  explicit Scenario(Store& store) : store_(store) {}

  // What must work again once charges succeed.
  void run_small() {
    write("small", 700, true);
    freshen("small", 700);
    EXPECT_NE(store_.peek(TestKey("small")), nullptr);
  }
  void run() {
    write("small", 700, true);
    write("pieces", 90'000, false);
    write("large", 1'200'000, true);
    write("overflows", 1'700'000, false);
    write("passes", 400'000, false, false);
    freshen("small", 700);
    freshen("large", 1'200'000);
    write("small", 800, true);
    freshen("small", 800);
  }

 private:
  // Made once for all runs.
  static const std::string& body(const std::string& name, std::size_t size) {
    static std::map<std::pair<std::string, std::size_t>, std::string> bodies;
    std::string& made = bodies[{name, size}];
    if (made.empty()) made = body_of(name.size() * 1'000'003 + size, size);
    return made;
  }

  void write(const std::string& name, std::size_t size, bool announce, bool store = true) {
    const TestKey key(name);
    const std::string head = "head " + std::to_string(size);
    NewResponse fresh{.key = key, .variant_key = {}, .head = head, .meta = {}, .store = store};
    if (announce) fresh.announced_length = size;
    const ResponsePtr before = store_.peek(key);
    auto writer = store_.begin(fresh);
    if (!writer) {
      EXPECT_EQ(writer.error().code, ErrorCode::StoreFull);
      EXPECT_EQ(store_.peek(key), before);
      return;
    }
    const std::string& whole = body(name, size);
    const auto quick = BodyReader::join((*writer)->fill(), nullptr);
    const auto tardy = BodyReader::join((*writer)->fill(), nullptr);
    Collected quick_saw;
    Collected tardy_saw;
    for (std::size_t sent = 0; sent < whole.size(); sent += 16'000) {
      const bool full =
          (*writer)->append(std::string_view(whole).substr(sent, 16'000)) == Writer::Append::Full;
      read_on(*quick, quick_saw);
      if (full) read_on(*tardy, tardy_saw);
    }
    const bool stored = (*writer)->commit();
    read_on(*quick, quick_saw);
    read_on(*tardy, tardy_saw);
    for (const Collected* saw : {&quick_saw, &tardy_saw}) {
      EXPECT_TRUE(whole.starts_with(saw->bytes));
      EXPECT_EQ(saw->state, (*writer)->failed() ? State::Cut : State::End);
      EXPECT_TRUE(saw->state == State::Cut || saw->bytes.size() == size);
    }
    EXPECT_EQ(store_.peek(key), stored ? (*writer)->response() : before);
    EXPECT_TRUE(!stored || body_text(store_.peek(key)) == whole);
  }

  static void read_on(BodyReader& reader, Collected& saw) {
    Collected more = collect(reader);
    saw.bytes += more.bytes;
    saw.state = more.state;
  }

  void freshen(const std::string& name, std::size_t size) {
    const TestKey key(name);
    const ResponsePtr old = store_.peek(key);
    if (old == nullptr || old->body_length() != size) return;
    const ResponsePtr fresh = store_.freshen(old, "fresh", old->meta());
    EXPECT_EQ(store_.peek(key), fresh != nullptr ? fresh : old);
    EXPECT_TRUE(body_text(store_.peek(key)) == body(name, size));
  }

  Store& store_;
};

// True when the scenario ran through without a refusal.
bool survives(const StoreFactory& factory, std::uint64_t first, bool for_good) {
  SCOPED_TRACE("charge " + std::to_string(first) + (for_good ? " and all after it" : " alone"));
  auto refusals = std::make_shared<Refusals>();
  MemoryStoreOptions options;
  options.ceiling_bytes = 40ULL << 20U;  // large enough for slabs of slots
  options.max_response_bytes = 1'500'000;
  options.window_bytes = 64 * 1024;
  options.refuse_charge = [refusals](std::uint64_t bytes) { return (*refusals)(bytes); };
  const std::unique_ptr<Store> store = factory.make(options);
  const std::uint64_t empty = store->stats().bytes_used;
  refusals->seen = 0;
  refusals->first = first;
  refusals->for_good = for_good;
  Scenario(*store).run();
  const bool refused = refusals->refused;
  refusals->first = UINT64_MAX;
  for (const char* name : {"small", "pieces", "large", "overflows", "passes"})
    store->invalidate(TestKey(name));
  EXPECT_EQ(store->stats().bytes_used, empty);
  Scenario(*store).run_small();
  return !refused;
}

TEST_P(StoreTest, EveryChargeMayFail) {
  for (const bool for_good : {false, true}) {
    std::uint64_t first = 0;
    while (!survives(GetParam(), first, for_good) && !HasFailure())
      ++first;
    EXPECT_GT(first, 20U);
  }
}

}  // namespace
}  // namespace brink::edge::store

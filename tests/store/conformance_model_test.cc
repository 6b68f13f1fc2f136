// Random operations against a plain map: what the store finds is what was stored last, byte for
// byte. Seeded: a failure prints its seed.

#include <map>
#include <vector>

#include "config/runtime/random.h"
#include "tests/store/conformance.h"

namespace brink::edge::store {
namespace {

class Model {
 public:
  Model(Store& store, std::uint64_t seed, bool may_evict)
      : store_(store), random_(seed), may_evict_(may_evict) {}

  void step() {
    switch (random_.below(10)) {
      case 0:
      case 1:
      case 2:
        write();
        break;
      case 3:
        invalidate();
        break;
      case 4:
        drop();
        break;
      case 5:
        freshen();
        break;
      case 6:
        hold();
        break;
      default:
        look_up();
    }
    const StoreStats stats = store_.stats();
    ASSERT_LE(stats.bytes_used, stats.bytes_ceiling);
  }
  void let_go() { held_.clear(); }
  const std::vector<TestKey>& keys() const { return keys_; }

 private:
  static constexpr std::size_t kKeys = 60;
  static constexpr std::size_t kVariants = 3;
  struct Entry {
    std::uint64_t seed = 0;
    std::size_t size = 0;
    std::string head = {};
  };
  using Place = std::pair<std::size_t, std::size_t>;  // key, variant
  struct Held {
    ResponsePtr response;
    Entry entry;
  };

  static std::vector<TestKey> make_keys() {
    std::vector<TestKey> keys;
    // Three different hashes only: chains are long and mixed.
    for (std::size_t i = 0; i < kKeys; ++i)
      keys.emplace_back("key-" + std::to_string(i), 0x5000000000000000U * (i % 3));
    return keys;
  }
  Place any_place() { return {random_.below(kKeys), random_.below(kVariants)}; }
  static std::string variant_of(const Place& place) { return "v" + std::to_string(place.second); }
  ResponsePtr find(const Place& place) {
    return store_.lookup(keys_[place.first], ThisVariant{variant_of(place)});
  }

  void verify(const ResponsePtr& response, const Entry& entry) {
    ASSERT_EQ(response->head(), entry.head);
    ASSERT_EQ(response->body_length(), entry.size);
    const std::string body = body_of(entry.seed, entry.size);
    const std::size_t begin = random_.below(entry.size + 1);
    BodyReader reader(response, begin, UINT64_MAX);
    ASSERT_TRUE(collect(reader).bytes == body.substr(begin));
  }
  std::size_t any_size() {
    constexpr std::size_t kLargest = 200'000;
    return random_.chance(0.1) ? random_.below(kLargest) : random_.below(3000);
  }

  void write() {
    const Place place = any_place();
    Entry entry{random_.next(), any_size()};
    entry.head = "head-" + std::to_string(entry.seed);
    const std::string variant = variant_of(place);
    const NewResponse fresh{.key = keys_[place.first],
                            .variant_key = variant,
                            .head = entry.head,
                            .meta = {},
                            .announced_length = random_.chance(0.5)
                                                    ? std::optional<std::uint64_t>(entry.size)
                                                    : std::nullopt,
                            .store = !random_.chance(0.1)};
    auto writer = store_.begin(fresh);
    if (!writer) {
      ASSERT_TRUE(may_evict_);
      return;
    }
    const auto reader = BodyReader::join((*writer)->fill(), nullptr);
    const std::string body = body_of(entry.seed, entry.size);
    const std::size_t piece = 1 + random_.below(30'000);
    std::string seen;
    for (std::size_t sent = 0; sent < body.size(); sent += piece) {
      (*writer)->append(std::string_view(body).substr(sent, piece));
      if (random_.chance(0.3) || !(*writer)->storing()) seen += collect(*reader).bytes;
    }
    if (random_.chance(0.1)) return;  // abandoned
    if ((*writer)->commit()) {
      ASSERT_TRUE(fresh.store);
      model_[place] = entry;
    } else {
      ASSERT_TRUE(may_evict_ || !fresh.store);
    }
    seen += collect(*reader).bytes;
    ASSERT_TRUE(body.starts_with(seen));
    ASSERT_TRUE((*writer)->failed() || seen == body);
  }

  void look_up() {
    const Place place = any_place();
    const ResponsePtr found = find(place);
    const auto expected = model_.find(place);
    if (found == nullptr) {
      ASSERT_TRUE(expected == model_.end() || may_evict_);
      model_.erase(place);
      return;
    }
    ASSERT_NE(expected, model_.end());
    verify(found, expected->second);
  }

  void invalidate() {
    const std::size_t key = random_.below(kKeys);
    std::size_t expected = 0;
    for (std::size_t variant = 0; variant < kVariants; ++variant)
      expected += model_.erase({key, variant});
    const std::size_t dropped = store_.invalidate(keys_[key]);
    ASSERT_LE(dropped, expected);
    ASSERT_TRUE(may_evict_ || dropped == expected);
    ASSERT_EQ(store_.peek(keys_[key]), nullptr);
  }

  void drop() {
    const Place place = any_place();
    if (const ResponsePtr found = find(place)) {
      ASSERT_TRUE(store_.drop(found));
      ASSERT_EQ(model_.erase(place), 1U);
    }
  }

  void freshen() {
    const Place place = any_place();
    const ResponsePtr found = find(place);
    if (found == nullptr) return;
    const std::string head = "fresh-" + std::to_string(random_.next());
    const ResponsePtr fresh = store_.freshen(found, head, found->meta());
    if (fresh == nullptr) {
      ASSERT_TRUE(may_evict_);
      return;
    }
    model_[place].head = head;
    verify(fresh, model_[place]);
  }

  // Some responses stay with their readers for long, whatever becomes of them in the store.
  void hold() {
    constexpr std::size_t kHeldMax = 20;
    if (held_.size() == kHeldMax) {
      const std::size_t at = random_.below(kHeldMax);
      verify(held_[at].response, held_[at].entry);
      held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    const Place place = any_place();
    if (const ResponsePtr found = find(place)) held_.push_back({found, model_.at(place)});
  }

  Store& store_;
  Random random_;
  bool may_evict_;
  std::vector<TestKey> keys_ = make_keys();
  std::map<Place, Entry> model_;
  std::vector<Held> held_;
};

void run(StoreTest& test, const MemoryStoreOptions& options, bool may_evict, std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  constexpr int kSteps = 3000;
  test.make(options);
  const std::uint64_t empty = test.used();
  if (may_evict) test.store_->set_limits(StoreTest::kMiB, options.max_response_bytes);
  Model model(*test.store_, seed, may_evict);
  for (int i = 0; i < kSteps; ++i)
    ASSERT_NO_FATAL_FAILURE(model.step());
  for (const TestKey& key : model.keys())
    test.store_->invalidate(key);
  EXPECT_EQ(test.store_->stats().responses, 0U);
  model.let_go();
  EXPECT_LE(test.used(), empty + 8 * StoreTest::kKiB)
      << "all but what the index grew by comes back";
}

TEST_P(StoreTest, AgreesWithAMapWhenEverythingFits) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed)
    ASSERT_NO_FATAL_FAILURE(run(*this, {}, false, seed));
}

TEST_P(StoreTest, NeverDisagreesWithAMapWhileEvicting) {
  MemoryStoreOptions options;
  options.max_response_bytes = 256 * kKiB;
  for (std::uint64_t seed = 101; seed <= 104; ++seed) {
    // Made small, or made large and lowered: the latter takes its slots from slabs.
    options.ceiling_bytes = seed % 2 == 0 ? kMiB : 40 * kMiB;
    ASSERT_NO_FATAL_FAILURE(run(*this, options, true, seed));
  }
}

}  // namespace
}  // namespace brink::edge::store

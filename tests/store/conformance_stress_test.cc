// Threads on one store, bounded by operations: every body tells which key and version it belongs
// to; none may be mixed, none may be lost, and at the end all memory has come back.

#include <mutex>
#include <thread>
#include <vector>

#include "config/runtime/random.h"
#include "tests/store/conformance.h"

namespace brink::edge::store {
namespace {

constexpr std::size_t kKeys = 40;
constexpr std::size_t kThreads = 4;
constexpr int kOperations = 1500;

// The head says what the body must be: "seed size".
struct Content {
  std::uint64_t seed = 0;
  std::size_t size = 0;
  std::string head() const { return std::to_string(seed) + " " + std::to_string(size); }
  static Content parse(std::string_view head) {
    std::size_t space = 0;
    const std::string text(head);
    Content content;
    content.seed = std::stoull(text, &space);
    content.size = std::stoull(text.substr(space + 1));
    return content;
  }
};

// What fills are open, for other threads to join: the collapse table in small.
class OpenFills {
 public:
  struct Open {
    std::shared_ptr<Fill> fill;
    Content content;
  };
  void set(std::size_t at, Open open) {
    const std::lock_guard lock(mutex_);
    open_[at] = std::move(open);
  }
  Open get(std::size_t at) {
    const std::lock_guard lock(mutex_);
    return open_[at];
  }

 private:
  std::mutex mutex_;
  std::array<Open, kThreads> open_;
};

class Worker {
 public:
  Worker(Store& store, OpenFills& fills, std::size_t number)
      : store_(store), fills_(fills), number_(number), random_(number * 7919 + 1) {
    for (std::size_t i = 0; i < kKeys; ++i)
      keys_.emplace_back("https://a.example/" + std::to_string(i));
  }

  void run() {
    for (int i = 0; i < kOperations; ++i)
      step(i);
    fills_.set(number_, {});
  }

  std::uint64_t wrong = 0;
  std::uint64_t verified = 0;

 private:
  void step(int i) {
    constexpr std::int64_t kSweepEvery = 50;
    switch (random_.below(12)) {
      case 0:
      case 1:
      case 2:
        write();
        break;
      case 3:
      case 4:
        follow();
        break;
      case 5:
        store_.invalidate(any_key());
        break;
      case 6:
        freshen();
        break;
      case 7:
        if (const ResponsePtr found = store_.peek(any_key())) store_.drop(found);
        break;
      case 8:
        store_.stats();
        break;
      default:
        look_up();
    }
    if (i % kSweepEvery == 0) store_.sweep(Ticks{Seconds{i}}, Millis{1});
    if (number_ == 0 && i % 100 == 0)
      store_.set_limits((1 + i / 100 % 3) * StoreTest::kMiB, 150'000);
  }
  const TestKey& any_key() { return keys_[random_.below(kKeys)]; }

  void check(const Content& content, std::size_t begin, const std::string& bytes, bool whole) {
    const std::string body = body_of(content.seed, content.size);
    const bool right =
        whole ? bytes == body.substr(begin) : body.compare(begin, bytes.size(), bytes) == 0;
    ++(right ? verified : wrong);
  }

  void write() {
    const Content content{random_.next(),
                          random_.chance(0.15) ? random_.below(300'000) : random_.below(6000)};
    const std::string head = content.head();
    const std::string body = body_of(content.seed, content.size);
    const NewResponse fresh{.key = any_key(),
                            .variant_key = random_.chance(0.5) ? "gzip" : "",
                            .head = head,
                            .meta = {},
                            .announced_length = random_.chance(0.5)
                                                    ? std::optional<std::uint64_t>(content.size)
                                                    : std::nullopt,
                            .store = true};
    auto writer = store_.begin(fresh);
    if (!writer) return;
    CountingWaker room;
    (*writer)->set_waker(&room);
    fills_.set(number_, {(*writer)->fill(), content});
    const std::size_t piece = 1 + random_.below(20'000);
    for (std::size_t sent = 0; sent < body.size(); sent += piece) {
      if ((*writer)->append(std::string_view(body).substr(sent, piece)) == Writer::Append::Full) {
        // Readers take their time: go on all the same a few times, as a socket that was not quick
        // to stop.
        for (int i = 0; i < 1000 && room.calls == 0; ++i)
          std::this_thread::yield();
        room.calls = 0;
      }
    }
    if (random_.chance(0.1)) {
      (*writer)->abort({ErrorCode::ConnectionTerminated, Side::Upstream});
    } else {
      (*writer)->commit();
    }
  }

  void follow() {
    const OpenFills::Open open = fills_.get(random_.below(kThreads));
    if (open.fill == nullptr) return;
    CountingWaker waker;
    const std::size_t begin = random_.chance(0.3) ? random_.below(open.content.size + 1) : 0;
    const auto reader = BodyReader::join(open.fill, &waker, begin);
    if (reader == nullptr) return;
    std::string seen;
    for (int waits = 0; waits < 200; ++waits) {
      const Collected now = collect(*reader, 1 + random_.below(50'000));
      seen += now.bytes;
      if (now.state == BodyReader::State::End) return check(open.content, begin, seen, true);
      if (now.state == BodyReader::State::Cut) break;
      if (now.state != BodyReader::State::Wait) continue;
      const int before = waker.calls;
      for (int i = 0; i < 100 && waker.calls == before; ++i)
        std::this_thread::yield();
    }
    check(open.content, begin, seen, false);
  }

  void look_up() {
    const ResponsePtr found = store_.lookup(any_key(), AnyVariant{});
    if (found == nullptr) return;
    const Content content = Content::parse(found->head());
    if (const auto body = found->contiguous_body())
      return check(content, 0, std::string(*body), true);
    BodyReader reader(found, 0, UINT64_MAX);
    check(content, 0, collect(reader).bytes, true);
  }

  void freshen() {
    const ResponsePtr found = store_.lookup(any_key(), AnyVariant{});
    if (found == nullptr) return;
    const ResponsePtr fresh = store_.freshen(found, found->head(), found->meta());
    if (fresh == nullptr) return;
    BodyReader reader(fresh, 0, UINT64_MAX);
    check(Content::parse(fresh->head()), 0, collect(reader).bytes, true);
  }

  Store& store_;
  OpenFills& fills_;
  std::size_t number_;
  Random random_;
  std::vector<TestKey> keys_;
};

TEST_P(StoreTest, ThreadsNeverSeeMixedBodiesAndGiveEverythingBack) {
  MemoryStoreOptions options;
  options.ceiling_bytes = 40 * kMiB;  // made as a large store, then lowered while it runs
  options.max_response_bytes = 150'000;
  options.window_bytes = 32 * 1024;
  options.variants_per_key = 2;
  make(options);
  const std::uint64_t empty = used();
  std::uint64_t verified = 0;
  {
    OpenFills fills;
    std::vector<std::unique_ptr<Worker>> workers;
    for (std::size_t i = 0; i < kThreads; ++i)
      workers.push_back(std::make_unique<Worker>(*store_, fills, i));
    std::vector<std::thread> threads;
    for (const auto& worker : workers)
      threads.emplace_back([&worker] { worker->run(); });
    for (std::thread& thread : threads)
      thread.join();
    for (const auto& worker : workers) {
      EXPECT_EQ(worker->wrong, 0U);
      verified += worker->verified;
    }
  }
  EXPECT_GT(verified, kThreads * kOperations / 20);
  for (std::size_t i = 0; i < kKeys; ++i)
    store_->invalidate(TestKey("https://a.example/" + std::to_string(i)));
  EXPECT_EQ(store_->stats().responses, 0U);
  EXPECT_LE(used(), empty + 8 * kKiB);
}

// Readers that come and go while the writer wakes them: a waker is never called after its reader is
// gone.
TEST_P(StoreTest, ReadersLeaveWhileTheyAreBeingWoken) {
  class Once final : public Waker {
   public:
    void wake() noexcept override { EXPECT_TRUE(alive); }
    ~Once() override { alive = false; }
    bool alive = true;
  };
  make();
  const auto writer = begin(TestKey("k"));
  constexpr int kRounds = 3000;
  std::atomic<bool> done{false};
  std::thread comes_and_goes([&] {
    for (int i = 0; i < kRounds; ++i) {
      Once waker;
      const auto reader =
          BodyReader::join(writer->fill(), &waker, static_cast<std::uint64_t>(i) * 1000);
      std::array<std::string_view, 1> view;
      std::size_t count = 0;
      for (int polls = 0; polls < 3; ++polls)
        reader->next(view, count, 1);
    }
    done = true;
  });
  while (!done) {
    if (writer->response()->has_body()) break;
    writer->append(writer->storing() ? "x" : "");
    std::this_thread::yield();
  }
  comes_and_goes.join();
  EXPECT_TRUE(writer->commit());
}

}  // namespace
}  // namespace brink::edge::store

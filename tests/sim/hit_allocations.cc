// A hit allocates nothing on the heap once the buffers have grown (DESIGN.md section 3): counted, not believed.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "edge/collapse.h"
#include "edge/fetch.h"
#include "edge/transaction.h"

namespace {

thread_local std::size_t allocations = 0;  // of this thread: the access log's writer has its own

}  // namespace

__attribute__((noinline)) void* operator new(std::size_t size) {
  ++allocations;
  void* p = std::malloc(size);
  if (!p) std::abort();
  return p;
}
__attribute__((noinline)) void operator delete(void* p) noexcept { std::free(p); }
__attribute__((noinline)) void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace {

using namespace brink;
using namespace brink::edge;

// Answers at once, when it is told to: one cacheable response.
class OneAnswer final : public origin::Upstream {
 public:
  class Nothing final : public origin::Call {
    void resume_response() override {}
    void resume_request() override {}
  };
  std::unique_ptr<origin::Call> start(origin::Request, origin::Handler& handler) override {
    waiting = &handler;
    return std::make_unique<Nothing>();
  }
  void answer() {
    const std::array<Field, 3> fields{{{"Cache-Control", "max-age=60"}, {"Vary", "Accept-Encoding"}, {"ETag", "\"1\""}}};
    origin::ResponseHead head;
    head.status = 200;
    head.fields = fields;
    head.content_length = 5;
    waiting->on_head(head);
    waiting->on_body("hello");
    waiting->on_complete();
  }
  origin::Handler* waiting = nullptr;
};

class Quiet final : public ShardPort, public store::Waker {
 public:
  void post(std::function<void()>) override {}
  void wake() noexcept override {}
};

std::size_t read_all(Transaction& transaction) {
  std::array<std::string_view, 8> views;
  std::size_t count = 0;
  std::size_t total = 0;
  while (transaction.body().next(views, count, 1 << 20) == ResponseBody::State::Data) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < count; ++i) n += views[i].size();
    transaction.body().consume(n);
    total += n;
  }
  return total;
}

}  // namespace

int main() {
  VirtualClock clock{TimePoint{Seconds{1'795'000'000}}};
  MetricsRegistry registry;
  EdgeMetrics metrics(registry);
  auto store = store::make_memory_store({});
  CollapseTable collapse;
  UncacheableMemory uncacheable;
  InvalidationMarks invalidations;
  PurgeState purges{{}};
  purges.position.trust_always();
  FetchSet fetches;
  OneAnswer upstream;
  Quiet quiet;
  const Identity identity("test");
  std::string message;
  config::AccessLogOptions log_options;
  log_options.to = "/dev/null";
  auto log = make_access_log(log_options, "test", registry, message);
  auto producer = log->make_producer();
  config::SiteOptions site;
  site.origin.servers = {"http://127.0.0.1:1"};
  auto sites = std::make_shared<const SiteTable>(
      std::vector{site}, std::vector{origin::ServerGroup::create(site.origin, nullptr)});
  FlowContext flow{clock,   *store,    collapse, uncacheable, invalidations, purges, upstream, fetches,
                   metrics, *producer, quiet,    identity,    sites,    config::CacheOptions{}};
  const std::array<Field, 3> fields{{{"Host", "a.test"}, {"Accept-Encoding", "gzip, br"}, {"User-Agent", "x"}}};
  RequestHead head;
  head.method = "GET";
  head.target = "/a/page?with=query";
  head.host = "a.test";
  head.fields = fields;
  head.client_address = "192.0.2.1";
  std::size_t in_hits = 0;
  {
    Transaction transaction(flow, quiet);
    for (int i = 0; i < 200; ++i) {
      const std::size_t before = allocations;
      transaction.begin(head, nullptr);
      if (transaction.advance() == Step::Wait) upstream.answer();
      const bool good = transaction.advance() == Step::Respond && transaction.plan().status == 200 &&
                        read_all(transaction) == 5;
      transaction.finish(5, 0, false);
      transaction.release();
      if (!good) {
        std::puts("not answered");
        return 1;
      }
      if (i >= 10) in_hits += allocations - before;
    }
  }
  std::printf("%zu allocations in 190 hits\n", in_hits);
  return in_hits == 0 ? 0 : 1;
}

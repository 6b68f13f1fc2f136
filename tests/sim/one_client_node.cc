#include "tests/sim/one_client_node.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>

#include "edge/cache/storable.h"
#include "edge/collapse.h"
#include "edge/fetch.h"
#include "edge/transaction.h"

namespace brink::sim {
namespace {

using rfc9111::Asked;
using rfc9111::ClientRequest;
using rfc9111::Lines;
using rfc9111::Outcome;
using rfc9111::Reply;

// Fields that the node writes, or that belong to one hop.
bool is_end_to_end(const std::string& name) {
  constexpr std::array kNot = {"via", "cache-status", "content-length", "proxy-status"};
  return std::find(kNot.begin(), kNot.end(), name) == kNot.end();
}

void take_cache_status(const std::string& value, Outcome& out) {
  const auto parameter = [&](const std::string& name) {
    const std::size_t at = value.find("; " + name);
    return at == std::string::npos ? "" : value.substr(at + 2, value.find(';', at + 2) - at - 2);
  };
  out.disposition = parameter("fwd=");
  if (!parameter("hit").empty()) out.disposition = "hit";
  out.stored = !parameter("stored").empty();
  if (const std::string ttl = parameter("ttl="); !ttl.empty()) out.ttl = std::stoll(ttl.substr(4));
}

}  // namespace

struct NodeParts::Shared {
  MetricsRegistry registry;
  edge::EdgeMetrics metrics{registry};
  std::unique_ptr<edge::AccessLog> log;
  std::unique_ptr<edge::AccessLog::Producer> producer;
  std::shared_ptr<const edge::SiteTable> sites;
  edge::Identity identity{"sim"};
};

NodeParts::NodeParts() : shared_(std::make_unique<Shared>()) {
  std::string message;
  config::AccessLogOptions log;
  log.to = "none";
  log.queue = 64;  // a world is made thousands of times
  shared_->log = edge::make_access_log(log, "sim", shared_->registry, message);
  shared_->producer = shared_->log->make_producer();
  config::SiteOptions site;
  site.origin.servers = {"http://127.0.0.1:1"};
  shared_->sites = std::make_shared<const edge::SiteTable>(
      std::vector{site}, std::vector{origin::ServerGroup::create(site.origin, nullptr)});
}

NodeParts::~NodeParts() = default;

struct OneClientNode::Parts final : public edge::ShardPort,
                                    public edge::store::Waker,
                                    public origin::Upstream {
  // A question on its way; forgotten when the node takes it back.
  struct Pending final : public origin::Call {
    Pending(Parts& owner, origin::Request r, origin::Handler& h)
        : parts(owner), request(std::move(r)), handler(h) {
      parts.pending.push_back(this);
    }
    ~Pending() override { std::erase(parts.pending, this); }
    void resume_response() override {}
    void resume_request() override {}
    Parts& parts;
    origin::Request request;
    origin::Handler& handler;
  };

  Parts(NodeParts::Shared& shared, VirtualClock& c)
      : clock(c),
        store(edge::store::make_memory_store(
            {.ceiling_bytes = 1 << 20, .max_response_bytes = 1 << 18, .stripes = 1})),
        flow{clock,
             *store,
             collapse,
             uncacheable,
             invalidations,
             purges,
             *this,
             fetches,
             shared.metrics,
             *shared.producer,
             *this,
             shared.identity,
             shared.sites,
             config::CacheOptions{}},
        transaction(flow, *this) {
    purges.position.trust_always();
  }
  ~Parts() override {
    transaction.release();
    fetches.cancel_all();
    posts.clear();
  }

  void post(std::function<void()> f) override { posts.push_back(std::move(f)); }
  void wake() noexcept override {}
  std::unique_ptr<origin::Call> start(origin::Request request, origin::Handler& handler) override {
    return std::make_unique<Pending>(*this, std::move(request), handler);
  }

  void run(const ClientRequest& request);
  void pump();
  void read_head();
  void read_body();
  void answer_next();
  void give(Pending& call, const OriginAnswer& answer, const Reply& reply);

  VirtualClock& clock;
  std::unique_ptr<edge::store::Store> store;
  edge::CollapseTable collapse;
  edge::UncacheableMemory uncacheable;
  edge::InvalidationMarks invalidations;
  edge::PurgeState purges{{}};
  edge::FetchSet fetches;
  edge::FlowContext flow;
  edge::Transaction transaction;
  std::deque<std::function<void()>> posts;
  std::vector<Pending*> pending;
  const Step* step = nullptr;
  Outcome out;
  bool client_here = false;
  bool responded = false;
  bool done = false;
};

void OneClientNode::Parts::pump() {
  do {
    while (!posts.empty()) {
      const auto f = std::move(posts.front());
      posts.pop_front();
      f();
    }
    if (!client_here) continue;
    if (!responded && transaction.advance() == edge::Step::Respond) read_head();
    if (responded && !done) read_body();
  } while (!posts.empty());
}

void OneClientNode::Parts::read_head() {
  responded = true;
  const edge::ResponsePlan& plan = transaction.plan();
  out.status = plan.status;
  const std::string head = std::string(plan.head) + std::string(plan.extra);
  edge::cache::for_each_stored_field(head, [&](const Field& field) {
    const std::string name = rfc9111::lower(std::string(field.name));
    if (name == "cache-status") take_cache_status(std::string(field.value), out);
    if (!is_end_to_end(name)) return true;
    std::string& value = out.fields[name];
    value += (value.empty() ? "" : ", ") + std::string(field.value);
    return true;
  });
}

void OneClientNode::Parts::read_body() {
  using State = edge::ResponseBody::State;
  State state = State::End;
  while (transaction.plan().send_body) {
    std::array<std::string_view, 4> views;
    std::size_t count = 0;
    state = transaction.body().next(views, count, 1 << 20);
    if (state != State::Data) break;
    std::size_t n = 0;
    for (std::size_t i = 0; i < count; ++i) {
      out.body.append(views[i]);
      n += views[i].size();
    }
    transaction.body().consume(n);
  }
  if (state == State::Wait) return;
  done = true;
  out.cut = state != State::End;
  if (out.cut) out.body.clear();
}

void OneClientNode::Parts::give(Pending& call, const OriginAnswer& answer, const Reply& reply) {
  using Kind = Reply::Kind;
  origin::Handler& handler = call.handler;
  if (reply.kind == Kind::Closed)
    return handler.on_error({ErrorCode::ConnectionTerminated, Side::Upstream});
  if (reply.kind == Kind::TimedOut)
    return handler.on_error({ErrorCode::ResponseTimeout, Side::Upstream});
  std::vector<Field> fields;
  for (const auto& [name, value] : reply.fields)
    fields.push_back({name, value});
  origin::ResponseHead head;
  head.status = reply.status;
  head.fields = fields;
  if (const auto length = rfc9111::only_value(reply.fields, "Content-Length"))
    head.content_length = std::stoull(*length);
  const bool slowly = !answer.in_one_go;
  const auto still_wanted = [&, c = &call] {
    return std::find(pending.begin(), pending.end(), c) != pending.end();
  };
  handler.on_head(head);
  if (slowly) pump();
  if (!still_wanted()) return;
  const std::size_t half = reply.body.size() / 2;
  if (half > 0) handler.on_body(std::string_view(reply.body).substr(0, half));
  if (slowly) pump();
  if (!still_wanted()) return;
  if (reply.kind == Kind::Cut)
    return handler.on_error({ErrorCode::ResponseIncomplete, Side::Upstream});
  if (half > 0) handler.on_body(std::string_view(reply.body).substr(half));
  handler.on_complete();
}

void OneClientNode::Parts::answer_next() {
  Pending& call = *pending.front();
  Asked asked{call.request.method, call.request.target, {}, done};
  for (const auto& [name, value] : call.request.fields) {
    const std::string lower = rfc9111::lower(name);
    if (lower.starts_with("if-")) asked.conditions.emplace_back(lower, value);
  }
  std::sort(asked.conditions.begin(), asked.conditions.end());
  const OriginAnswer& answer = answer_of(*step, out.asked.size());
  out.asked.push_back(asked);
  clock.advance(answer.delay);
  give(call, answer, play(answer, asked, clock.now()));
  pump();
}

void OneClientNode::Parts::run(const ClientRequest& request) {
  std::vector<Field> fields{{"Host", "sim.test"}};
  for (const auto& [name, value] : request.fields)
    fields.push_back({name, value});
  edge::RequestHead head;
  head.method = request.method;
  head.target = request.target;
  head.host = "sim.test";
  head.fields = fields;
  head.client_address = "192.0.2.1";
  client_here = true;
  transaction.begin(head, nullptr);
  pump();
  while (!done && !pending.empty())
    answer_next();
  if (!done) out.rule = "never answered";
  transaction.finish(out.body.size(), 0, out.cut);
  transaction.release();
  client_here = false;
  pump();
  while (!pending.empty())
    answer_next();
  out.from_us = !out.fields.contains("x-answer");
}

OneClientNode::OneClientNode(NodeParts& parts, VirtualClock& clock)
    : parts_(std::make_unique<Parts>(parts.shared(), clock)) {}
OneClientNode::~OneClientNode() = default;

Outcome OneClientNode::play_step(const Step& step, const ClientRequest& request) {
  parts_->step = &step;
  parts_->out = {};
  parts_->responded = parts_->done = false;
  parts_->run(request);
  return parts_->out;
}

}  // namespace brink::sim

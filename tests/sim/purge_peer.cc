// An edge asks a regional node: its call there, and the request that it becomes here.

#include "edge/cache/storable.h"
#include "tests/sim/purge_call.h"
#include "tests/sim/purge_session.h"
#include "tests/sim/purge_upstream.h"

namespace brink::purgesim {
namespace {

class Peer;
class NodeCall;

// The connection: either end may go.
struct Link {
  NodeCall* call = nullptr;
  Peer* peer = nullptr;
  Whose edge, regional;
};

class NodeCall final : public Call {
 public:
  NodeCall(Node& node, Node& asked, origin::Request request, origin::Handler& handler);
  ~NodeCall() override;

 private:
  void taken() override;
  void watch();
  std::shared_ptr<Link> link_;
};

class Peer final : public Session {
 public:
  Peer(Node& node, std::uint64_t id, Question question, std::shared_ptr<Link> link)
      : Session(node, id, std::move(question)), link_(std::move(link)) {
    link_->peer = this;
  }
  ~Peer() override {
    link_->peer = nullptr;
    if (!done_) send({.kind = Piece::Kind::Broken});  // the node has gone
  }
  void call_has_taken() { resumed(); }

 private:
  void send(Piece piece) {
    if (link_->call)
      link_->call->send(std::move(piece),
                        world_.random.chance(0.5) ? Millis(1) : Millis(world_.random.below(80)));
  }

  void on_head(const edge::ResponsePlan& plan) override {
    Piece head{.kind = Piece::Kind::Head, .status = plan.status, .from_tier = true};
    if (plan.announce_length) head.content_length = plan.length;
    const std::string text = std::string(plan.head).append(plan.extra);
    edge::cache::for_each_stored_field(text, [&](const Field& field) {
      head.fields.emplace_back(field.name, field.value);
      return true;
    });
    send(std::move(head));
  }

  bool on_bytes(std::string_view bytes) override {
    send({.kind = Piece::Kind::Body, .body = std::string(bytes)});
    return false;
  }

  void on_end(bool whole) override {
    if (whole) return send({.kind = Piece::Kind::Complete});
    send({.kind = Piece::Kind::Broken, .error = ErrorCode::ResponseIncomplete});
  }

  std::size_t bytes_at_once() override { return 64 + world_.random.below(4096); }

  std::shared_ptr<Link> link_;
};

NodeCall::NodeCall(Node& node, Node& asked, origin::Request request, origin::Handler& handler)
    : Call(node, std::move(request), handler), link_(std::make_shared<Link>()) {
  link_->call = this;
  link_->edge = node.now_running();
  link_->regional = asked.now_running();
  Question question;
  question.method = request_.method;
  question.host = request_.authority;
  question.target = request_.target;
  question.fields = request_.fields;
  question.fields.insert(question.fields.end(), request_.tier_fields.begin(),
                         request_.tier_fields.end());
  question.client = "10.0.0.1";
  question.from_peer = true;
  if (!asked.is_up()) {
    send({.kind = Piece::Kind::Broken, .error = ErrorCode::ConnectionRefused}, Millis(2));
    return;
  }
  const Millis way =
      world_.random.chance(0.05) ? world_.latency() : Millis(world_.random.below(40));
  world_.after(way, link_->regional, [link = link_, question = std::move(question), &asked] {
    if (!link->call) return;
    const std::uint64_t id = asked.world_.next_id();
    auto peer = std::make_unique<Peer>(asked, id, question, link);
    Peer& started = *peer;
    asked.process().sessions.emplace(id, std::move(peer));
    started.begin();
  });
  watch();
}

NodeCall::~NodeCall() {
  link_->call = nullptr;
  world_.after(Millis(world_.random.below(50)), link_->regional, [link = link_] {
    if (link->peer) link->peer->leave();
  });
}

void NodeCall::taken() {
  world_.after(Millis(world_.random.below(30)), link_->regional, [link = link_] {
    if (link->peer) link->peer->call_has_taken();
  });
}

// A node that does not answer, or whose process has gone with the request.
void NodeCall::watch() {
  later_here(Millis(3000 + world_.random.below(9000)), [this] {
    if (!has_head())
      send({.kind = Piece::Kind::Broken, .error = ErrorCode::ResponseTimeout}, Millis(0));
  });
  later_here(Millis(60'000), [this] {
    send({.kind = Piece::Kind::Broken, .error = ErrorCode::ResponseIncomplete}, Millis(0));
  });
}

// Asks a regional node; where that gives no head, mostly the origin.
class TierCall final : public origin::Call, public origin::Handler {
 public:
  TierCall(Node& node, Node& asked, origin::Request request, origin::Handler& handler)
      : node_(node), request_(request), handler_(handler) {
    inner_ = ask_node(node, asked, std::move(request), *this);
  }
  void resume_response() override { inner_->resume_response(); }
  void resume_request() override {}

  void on_interim(int status, Fields fields) override { handler_.on_interim(status, fields); }
  void on_head(const origin::ResponseHead& head) override {
    head_given_ = true;
    handler_.on_head(head);
  }
  Flow on_body(std::string_view bytes) override { return handler_.on_body(bytes); }
  void on_complete() override { handler_.on_complete(); }
  void on_error(Error error) override {
    if (head_given_ || fell_back_ || node_.world_.random.chance(0.2))
      return handler_.on_error(error);
    fell_back_ = true;
    inner_ = ask_origin(node_, request_, *this);
  }

 private:
  Node& node_;
  origin::Request request_;
  origin::Handler& handler_;
  std::unique_ptr<origin::Call> inner_;
  bool head_given_ = false;
  bool fell_back_ = false;
};

class NodeUpstream final : public origin::Upstream {
 public:
  explicit NodeUpstream(Node& node) : node_(node) {}
  std::unique_ptr<origin::Call> start(origin::Request request, origin::Handler& handler) override {
    World& world = node_.world_;
    const bool straight = node_.is_regional() || world.regionals == 0 ||
                          (!world.quiet && world.random.chance(world.settings.tier_fallback));
    if (straight) return ask_origin(node_, std::move(request), handler);
    // Mostly the same one for a key; a ring would choose another while that one is loaded.
    std::size_t chosen = request.key_hash % world.regionals;
    if (world.random.chance(0.1)) chosen = world.random.below(world.regionals);
    return std::make_unique<TierCall>(node_, *world.nodes[chosen], std::move(request), handler);
  }

 private:
  Node& node_;
};

}  // namespace

std::unique_ptr<origin::Call> ask_node(Node& node, Node& asked, origin::Request request,
                                       origin::Handler& handler) {
  return std::make_unique<NodeCall>(node, asked, std::move(request), handler);
}

std::unique_ptr<origin::Upstream> make_upstream(Node& node) {
  return std::make_unique<NodeUpstream>(node);
}

}  // namespace brink::purgesim

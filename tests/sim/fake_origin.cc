#include "tests/sim/fake_origin.h"

#include "edge/cache/http_date.h"

namespace brink::sim {
namespace {

std::string_view field(const origin::Request& request, std::string_view name) {
  for (const auto& [n, v] : request.fields) {
    if (iequals(n, name)) return v;
  }
  return {};
}

// One answer being given, in slices of the seed's choosing.
class FakeCall final : public origin::Call {
 public:
  FakeCall(World& world, origin::Request request, origin::Handler& handler)
      : world_(world), request_(std::move(request)), handler_(handler), alive_(std::make_shared<bool>(true)) {
    flavour_ = field(request_, "x-flavour");
    name_ = request_.target + "|" + flavour_;
    ++world_.active[name_];
    later([this] { answer(); });
  }
  ~FakeCall() override {
    *alive_ = false;
    --world_.active[name_];
  }
  void resume_response() override {
    if (!paused_) return;
    paused_ = false;
    burst_ = false;
    later([this] { send_body(); });
  }
  void resume_request() override {}

 private:
  void later(std::function<void()> f) {
    world_.after(Millis(world_.random.below(400)), [alive = alive_, f = std::move(f)] {
      if (*alive) f();
    });
  }

  void answer() {
    Resource& resource = world_.resource(request_.target);
    if (world_.profile.faults && world_.random.chance(0.06)) {
      return handler_.on_error({ErrorCode::ConnectionTerminated, Side::Upstream});
    }
    version_ = resource.version;
    const std::string tag = "\"v" + std::to_string(version_) + std::string(flavour_) + "\"";
    const bool error = world_.profile.faults && world_.random.chance(0.06);
    const bool match = !error && field(request_, "if-none-match") == tag;
    status_ = error ? 503 : (match ? 304 : 200);
    send_head(resource, tag);
  }

  void send_head(const Resource& resource, const std::string& tag) {
    world_.generated_at[++world_.generations] = world_.clock.now();
    const std::string gen = std::to_string(world_.generations);
    const auto date_array = edge::cache::format_http_date(world_.clock.now());
    const std::string date(date_array.data(), date_array.size());
    const std::string control = cache_control(resource);
    std::vector<Field> fields{{"Date", date}, {"ETag", tag}, {"X-Gen", gen}, {"Cache-Control", control},
                              {"X-For", field(request_, "x-client")}};
    if (resource.kind == Resource::Kind::Varied) fields.push_back({"Vary", "X-Flavour"});
    origin::ResponseHead head;
    head.status = status_;
    head.fields = fields;
    head.server = "http://origin.test";
    body_ = status_ == 200 ? world_.content(request_.target, version_, flavour_) : std::string();
    if (resource.kind != Resource::Kind::Chunked && status_ == 200) head.content_length = body_.size();
    if (request_.method == "HEAD") body_.clear();
    burst_ = world_.random.chance(0.25);
    handler_.on_head(head);
    go_on();
  }

  // Mostly a slice at a time; sometimes all that fits in one turn, as a fast origin's bytes come.
  void go_on() { burst_ ? send_body() : later([this] { send_body(); }); }

  std::string cache_control(const Resource& resource) const {
    if (status_ == 503 || resource.kind == Resource::Kind::NoStore) return "no-store";
    if (resource.kind == Resource::Kind::Revalidated) return "no-cache";
    std::string out = "max-age=" + std::to_string(resource.max_age_s);
    if (resource.swr_s) out += ", stale-while-revalidate=" + std::to_string(resource.swr_s);
    if (resource.sie_s) out += ", stale-if-error=" + std::to_string(resource.sie_s);
    return out;
  }

  void send_body() {
    if (paused_) return;
    if (sent_ == body_.size()) return handler_.on_complete();
    if (world_.profile.faults && world_.random.chance(0.02)) {
      return handler_.on_error({ErrorCode::ResponseIncomplete, Side::Upstream});
    }
    const std::size_t n = std::min<std::size_t>(body_.size() - sent_, 1 + world_.random.below(body_.size()));
    const std::string_view slice = std::string_view(body_).substr(sent_, n);
    sent_ += n;
    if (handler_.on_body(slice) == origin::Handler::Flow::Pause) {
      paused_ = true;
      return;
    }
    go_on();
  }

  World& world_;
  origin::Request request_;
  origin::Handler& handler_;
  std::shared_ptr<bool> alive_;
  std::string flavour_;
  std::string name_;
  std::uint32_t version_ = 0;
  int status_ = 0;
  std::string body_;
  std::size_t sent_ = 0;
  bool paused_ = false;
  bool burst_ = false;
};

class FakeUpstream final : public origin::Upstream {
 public:
  explicit FakeUpstream(World& world) : world_(world) {}
  std::unique_ptr<origin::Call> start(origin::Request request, origin::Handler& handler) override {
    return std::make_unique<FakeCall>(world_, std::move(request), handler);
  }

 private:
  World& world_;
};

}  // namespace

std::unique_ptr<origin::Upstream> make_fake_upstream(World& world) {
  return std::make_unique<FakeUpstream>(world);
}

}  // namespace brink::sim

#include "tests/sim/fake_origin.h"

#include "edge/cache/http_date.h"
#include "tests/sim/paced_call.h"

namespace brink::sim {
namespace {

class FakeCall final : public PacedCall {
 public:
  FakeCall(World& world, origin::Request request, origin::Handler& handler)
      : PacedCall(world, std::move(request), handler) {
    flavour_ = field("x-flavour");
    name_ = request_.target + "|" + flavour_;
    ++world_.active[name_];
    later([this] { answer(); });
  }
  ~FakeCall() override { --world_.active[name_]; }

 private:
  void answer() {
    Resource& resource = world_.resource(request_.target);
    if (world_.profile.faults && world_.random.chance(0.06)) {
      return handler_.on_error({ErrorCode::ConnectionTerminated, Side::Upstream});
    }
    version_ = resource.version;
    const std::string tag = "\"v" + std::to_string(version_) + std::string(flavour_) + "\"";
    const bool error = world_.profile.faults && world_.random.chance(0.06);
    const bool match = !error && field("if-none-match") == tag;
    status_ = error ? 503 : (match ? 304 : 200);
    send_head(resource, tag);
  }

  void send_head(const Resource& resource, const std::string& tag) {
    world_.generated_at[++world_.generations] = world_.clock.now();
    const std::string gen = std::to_string(world_.generations);
    const auto date_array = edge::cache::format_http_date(world_.clock.now());
    const std::string date(date_array.data(), date_array.size());
    const std::string control = cache_control(resource);
    std::vector<Field> fields{{"Date", date},
                              {"ETag", tag},
                              {"X-Gen", gen},
                              {"Cache-Control", control},
                              {"X-For", field("x-client")}};
    if (resource.kind == Resource::Kind::Varied) fields.push_back({"Vary", "X-Flavour"});
    origin::ResponseHead head;
    head.status = status_;
    head.fields = fields;
    head.server = "http://origin.test";
    std::string body =
        status_ == 200 ? world_.content(request_.target, version_, flavour_) : std::string();
    if (resource.kind != Resource::Kind::Chunked && status_ == 200)
      head.content_length = body.size();
    if (request_.method == "HEAD") body.clear();
    handler_.on_head(head);
    begin_body(std::move(body), world_.profile.faults ? 0.02 : 0);
  }

  std::string cache_control(const Resource& resource) const {
    if (status_ == 503 || resource.kind == Resource::Kind::NoStore) return "no-store";
    if (resource.kind == Resource::Kind::Revalidated) return "no-cache";
    std::string out = "max-age=" + std::to_string(resource.max_age_s);
    if (resource.swr_s) out += ", stale-while-revalidate=" + std::to_string(resource.swr_s);
    if (resource.sie_s) out += ", stale-if-error=" + std::to_string(resource.sie_s);
    return out;
  }

  std::string flavour_;
  std::string name_;
  std::uint32_t version_ = 0;
  int status_ = 0;
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

#include "tests/sim/range_origin.h"

#include "edge/cache/http_date.h"
#include "tests/sim/paced_call.h"
#include "tests/sim/representation.h"

namespace brink::sim {
namespace {

struct Bytes {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // half-open; equal = not satisfiable
};

// One range of the three forms; anything else is ignored, as an origin may.
std::optional<Bytes> asked_bytes(std::string_view range, std::uint64_t length) {
  if (!range.starts_with("bytes=") || range.find(',') != std::string_view::npos)
    return std::nullopt;
  range.remove_prefix(6);
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view first = range.substr(0, dash);
  const std::string_view last = range.substr(dash + 1);
  if (first.empty()) return Bytes{length - std::min(length, to_number(last)), length};
  if (!last.empty() && to_number(last) < to_number(first)) return std::nullopt;
  const std::uint64_t begin = std::min(to_number(first), length);
  return Bytes{begin,
               last.empty() ? length : std::max(begin, std::min(length, to_number(last) + 1))};
}

class RangeCall final : public PacedCall {
 public:
  RangeCall(World& world, origin::Request request, origin::Handler& handler)
      : PacedCall(world, std::move(request), handler),
        large_(*world.large),
        resource_(large_.of(request_.target)),
        faults_(world.profile.faults),
        version_(resource_.version),
        read_early_(chance(0.3)) {
    note_slice();
    note_repetition();
    later([this] { answer(); });
  }
  ~RangeCall() override { slice_is_over(); }

 private:
  bool chance(double p) const { return faults_ && world_.random.chance(p); }

  // A part of a known response is asked for once at a time. What clients ask for never begins where
  // a slice does.
  void note_slice() {
    const std::string_view range = field("range");
    if (faults_ || request_.method != "GET" || !range.starts_with("bytes=")) return;
    if (to_number(range.substr(6)) % large_.slice_bytes != 0 || !field("if-none-match").empty())
      return;
    if (range.starts_with("bytes=-") || range.find(',') != std::string_view::npos) return;
    slice_ = request_.target + " " + std::string(range);
    if (++large_.slices_under_way[slice_] > 1) world_.fail("two fetches at once for " + slice_);
  }

  // A client whose question has been answered gets on with it.
  void note_repetition() {
    constexpr int kAtMost = 8;
    const std::string question = std::string(field("x-client")) + " " +
                                 std::string(field("range")) + " " + std::string(field("if-range"));
    if (++large_.asked[question] > kAtMost)
      world_.fail("asked again and again for client " + question);
  }

  void slice_is_over() {
    if (!slice_.empty()) --large_.slices_under_way[slice_];
    slice_.clear();
  }

  void answer() {
    if (!read_early_) version_ = resource_.version;
    if (chance(0.05)) return handler_.on_error({ErrorCode::ConnectionTerminated, Side::Upstream});
    if (chance(0.04)) return send(503, {}, {}, "later");
    if (request_.method == "POST") return change();
    if (!matches(field("if-match"), true)) return send(412, {}, {}, "");
    const std::string_view none_match = field("if-none-match");
    if (!none_match.empty() && matches(none_match, false)) return send(304, {}, {}, "");
    answer_get();
  }

  void change() {
    if (chance(0.8)) ++resource_.version;
    version_ = resource_.version;
    send(200, {}, {}, "changed");
  }

  bool matches(std::string_view list, bool otherwise) const {
    const std::string tag = large_.tag(resource_, version_);
    if (list.empty()) return otherwise;
    bool found = false;
    for_each_list_element(list, [&](std::string_view one) {
      found = !tag.empty() && version_of_tag(one) == version_;
      return !found;
    });
    return found;
  }

  void answer_get() {
    const std::string& content = large_.content(resource_, version_);
    const std::string_view if_range = field("if-range");
    heeds_if_range_ = !chance(0.03);
    const bool holds =
        if_range.empty() || !heeds_if_range_ || if_range == large_.tag(resource_, version_);
    if (if_range.starts_with("W/")) return send(200, {}, content.size(), content);
    const auto asked = asked_bytes(field("range"), content.size());
    if (!asked || !holds || request_.method == "HEAD" || chance(0.04)) {
      return send(200, {}, content.size(), content);
    }
    if (asked->begin == asked->end)
      return send(416, "bytes */" + std::to_string(content.size()), {}, "");
    answer_range(*asked, content);
  }

  void answer_range(Bytes asked, const std::string& content) {
    if (chance(0.06)) asked.end -= world_.random.below(asked.end - asked.begin);
    if (chance(0.03)) asked.begin += world_.random.below(asked.end - asked.begin);
    if (chance(0.02)) asked = {0, std::min<std::uint64_t>(content.size(), 100)};
    std::uint64_t complete = content.size();
    if (chance(0.01)) complete = asked.end + world_.random.below(3000);
    const std::uint64_t size = asked.end - asked.begin;
    lies_ = chance(0.03);
    Bytes said = asked;
    if (lies_) said.end += 1 + world_.random.below(50);
    complete = std::max(complete, said.end);
    if (complete != content.size()) resource_.told_lengths[version_].insert(complete);
    const std::string range = "bytes " + std::to_string(said.begin) + "-" +
                              std::to_string(said.end - 1) + "/" + std::to_string(complete);
    send(206, range, size, content.substr(asked.begin, size));
  }

  void send(int status, const std::string& content_range, std::optional<std::uint64_t> length,
            std::string body) {
    if (status != 206 && status != 200) slice_is_over();
    OriginAnswer record{world_.clock.now(),
                        version_,
                        content_range,
                        lies_ ? body : std::string(),
                        lies_,
                        resource_.no_store || chance(0.02),
                        heeds_if_range_,
                        std::string(field("x-client"))};
    const std::string gen = std::to_string(large_.answers.size());
    const auto date_array = edge::cache::format_http_date(world_.clock.now());
    const std::string date(date_array.data(), date_array.size());
    const std::string version = std::to_string(version_);
    const bool content = (status == 200 || status == 206) && request_.method == "GET";
    std::string tag = content && chance(0.02) ? std::string() : large_.tag(resource_, version_);
    // A HEAD that names nothing is about whatever is stored (RFC 9111 §4.3.5).
    if (tag.empty() && request_.method == "HEAD") tag = "W/\"v" + std::to_string(version_) + "\"";
    const bool kept =
        (status == 200 || status == 206 || status == 304) && request_.method != "POST";
    const std::string control = record.no_store || !kept ? "no-store" : freshness();
    std::vector<Field> fields{{"Date", date},
                              {"X-Gen", gen},
                              {"X-Version", version},
                              {"Cache-Control", control},
                              {"X-For", record.client}};
    if (!tag.empty() && kept) fields.push_back({"ETag", tag});
    if (!content_range.empty()) fields.push_back({"Content-Range", content_range});
    large_.answers.push_back(std::move(record));
    origin::ResponseHead head;
    head.status = status;
    head.server = "http://origin.test";
    if (!content || !chance(0.15)) head.content_length = length;
    const std::string digits = std::to_string(head.content_length.value_or(0));
    if (head.content_length) fields.push_back({"Content-Length", digits});
    head.fields = fields;
    if (request_.method == "HEAD") body.clear();
    handler_.on_head(head);
    begin_body(std::move(body), faults_ ? 0.02 : 0);
  }

  std::string freshness() const {
    std::string out = "max-age=" + std::to_string(resource_.max_age_s);
    if (resource_.swr_s) out += ", stale-while-revalidate=" + std::to_string(resource_.swr_s);
    if (resource_.sie_s) out += ", stale-if-error=" + std::to_string(resource_.sie_s);
    return out;
  }

  Representations& large_;
  LargeResource& resource_;
  const bool faults_;
  std::string slice_;
  std::uint32_t version_;
  const bool read_early_;  // an answer that was on its way for long
  bool heeds_if_range_ = true;
  bool lies_ = false;
};

class RangeUpstream final : public origin::Upstream {
 public:
  explicit RangeUpstream(World& world) : world_(world) {}
  std::unique_ptr<origin::Call> start(origin::Request request, origin::Handler& handler) override {
    return std::make_unique<RangeCall>(world_, std::move(request), handler);
  }

 private:
  World& world_;
};

}  // namespace

std::unique_ptr<origin::Upstream> make_range_upstream(World& world) {
  return std::make_unique<RangeUpstream>(world);
}

}  // namespace brink::sim

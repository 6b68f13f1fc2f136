// The origin of a simulated deployment. The moment at which it reads its content, somewhere between
// question and answer, decides which version an answer is.

#include <array>

#include "edge/cache/http_date.h"
#include "tests/sim/purge_call.h"
#include "tests/sim/purge_node.h"

namespace brink::purgesim {
namespace {

struct Part {
  std::size_t begin = 0, end = 0;
};

// "bytes=a-b", "bytes=a-" and "bytes=-n" of a body of `length`; nothing for anything else.
std::optional<Part> part_asked(std::string_view range, std::size_t length) {
  if (!range.starts_with("bytes=") || range.find(',') != std::string_view::npos) return {};
  range.remove_prefix(6);
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view first = range.substr(0, dash);
  const std::string_view last = range.substr(dash + 1);
  if (first.empty()) return Part{length - std::min<std::size_t>(length, number_of(last)), length};
  const std::size_t begin = number_of(first);
  const std::size_t end =
      last.empty() ? length : std::min<std::size_t>(length, number_of(last) + 1);
  if (begin >= length || begin >= end) return Part{0, 0};
  return Part{begin, end};
}

class OriginCall final : public Call {
 public:
  OriginCall(Node& node, origin::Request request, origin::Handler& handler)
      : Call(node, std::move(request), handler) {
    later_there(world_.latency(), {}, [this] { read(); });
  }

 private:
  bool happens(double chance) {
    return world_.settings.faults && !world_.quiet && world_.random.chance(chance);
  }

  void read() {
    Page* page = world_.page_of(request_.authority, request_.target);
    if (!page) return send({.kind = Piece::Kind::Broken}, Millis(0));
    if (happens(0.04)) return send({.kind = Piece::Kind::Broken}, world_.latency());
    const std::uint32_t serial = ++world_.serial;
    const auto flavour = static_cast<std::uint16_t>(page->varied && field("x-flavour") == "b");
    Piece head{.kind = Piece::Kind::Head, .status = 200};
    std::string body;
    if (happens(0.04)) {
      head.status = 503;
      head.fields = {{"Cache-Control", "no-store"}};
      body = "later";
    } else {
      answer(*page, flavour, serial, head, body);
    }
    world_.note([&] {
      return "origin answers " + node_.name() + " " + page->url() + " " +
             std::to_string(head.status) + " version " + std::to_string(page->version) + " range " +
             std::string(field("range"));
    });
    send(std::move(head), world_.latency());
    send_body(std::move(body));
  }

  void answer(const Page& page, std::uint16_t flavour, std::uint32_t serial, Piece& head,
              std::string& body) {
    const std::string tag = page.etag(page.version, flavour);
    write_fields(page, tag, serial, head.fields);
    if (!tag.empty() && field("if-none-match").find(tag) != std::string_view::npos) {
      head.status = 304;
      return;
    }
    head.fields.emplace_back("X-Read", std::to_string(serial));
    head.fields.emplace_back("X-Version", std::to_string(page.version));
    body = make_body(page, flavour, serial);
    const std::size_t length = body.size();
    const std::string_view if_range = field("if-range");
    const auto part = part_asked(field("range"), length);
    if (part && (if_range.empty() || if_range == tag) && request_.method == "GET") {
      head.status = part->begin == part->end ? 416 : 206;
      if (head.status == 416) {
        head.fields.emplace_back("Content-Range", "bytes */" + std::to_string(length));
        body.clear();
      } else {
        head.fields.emplace_back("Content-Range", "bytes " + std::to_string(part->begin) + "-" +
                                                      std::to_string(part->end - 1) + "/" +
                                                      std::to_string(length));
        body = body.substr(part->begin, part->end - part->begin);
      }
    }
    if (!page.chunked || head.status == 206)
      head.content_length = head.status == 206 ? body.size() : length;
    if (request_.method == "HEAD") body.clear();
  }

  // Cache-Control goes along with a 304 on every hop: it says when this was read or validated.
  void write_fields(const Page& page, const std::string& tag, std::uint32_t serial,
                    OwnedLines& out) const {
    const auto date = edge::cache::format_http_date(world_.clock.now());
    out.emplace_back("Date", std::string(date.data(), date.size()));
    if (!tag.empty()) out.emplace_back("ETag", tag);
    std::string control = page.no_store   ? "no-store"
                          : page.no_cache ? "no-cache"
                                          : "max-age=" + std::to_string(page.max_age_s);
    if (page.swr_s) control += ", stale-while-revalidate=" + std::to_string(page.swr_s);
    if (page.sie_s) control += ", stale-if-error=" + std::to_string(page.sie_s);
    control += ", x-read=" + std::to_string(serial) + ", x-version=" + std::to_string(page.version);
    out.emplace_back("Cache-Control", std::move(control));
    if (page.varied) out.emplace_back("Vary", "X-Flavour");
    write_tags(page, out);
  }

  static void write_tags(const Page& page, OwnedLines& out) {
    constexpr std::array kNames = {"Surrogate-Key", "Cache-Tag", "xkey", "Cache-Groups"};
    std::string text;
    for (const std::string& tag : page.tags(page.version)) {
      const bool commas = page.tag_field == 1 || page.tag_field == 3;
      if (!text.empty()) text += commas ? ", " : " ";
      text += page.tag_field == 3 ? "\"" + tag + "\"" : tag;
    }
    out.emplace_back(kNames[page.tag_field], std::move(text));
  }

  void send_body(std::string body) {
    while (!body.empty()) {
      if (happens(0.02))
        return send({.kind = Piece::Kind::Broken, .error = ErrorCode::ResponseIncomplete},
                    Millis(0));
      const std::size_t n =
          world_.random.chance(0.5) ? body.size() : 1 + world_.random.below(body.size());
      send({.kind = Piece::Kind::Body, .body = body.substr(0, n)}, Millis(0));
      body.erase(0, n);
    }
    send({.kind = Piece::Kind::Complete}, Millis(0));
  }
};

}  // namespace

std::unique_ptr<origin::Call> ask_origin(Node& node, origin::Request request,
                                         origin::Handler& handler) {
  return std::make_unique<OriginCall>(node, std::move(request), handler);
}

}  // namespace brink::purgesim

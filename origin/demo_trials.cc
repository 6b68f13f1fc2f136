// Group Cacheability: well-behaved answers of every kind that a cache must tell apart.
#include "origin/demo_trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/runtime/fields.h"
#include "config/runtime/iso_time.h"
#include "origin/demo_http.h"

namespace brink::origin {
namespace {

constexpr std::uint64_t kMostBytes = 1ULL << 32U;
constexpr std::size_t kVersionBytes = 64;

struct Greeting {
  std::string_view language;
  std::string_view text;
};
constexpr Greeting kGreetings[] = {
    {"en", "Welcome aboard."},     {"de", "Willkommen an Bord."}, {"fr", "Bienvenue à bord."},
    {"es", "Bienvenido a bordo."}, {"it", "Benvenuti a bordo."},  {"pt", "Bem-vindo a bordo."},
};

// The weight (RFC 9110 §12.4.2) of a list element "name;q=0.5", in thousandths.
int weight_of(std::string_view element) {
  const std::size_t q = element.find("q=");
  if (element.find(';') == std::string_view::npos || q == std::string_view::npos) return 1000;
  const std::string_view text = element.substr(q + 2);
  if (text.starts_with('1')) return 1000;
  if (!text.starts_with("0.")) return 0;
  std::string digits(text.substr(2, 3));
  digits.resize(3, '0');
  return static_cast<int>(demo_parse_number(digits, 999).value_or(0));
}

const Greeting& choose_greeting(std::string_view accept_language) {
  const Greeting* chosen = &kGreetings[0];
  int best = 0;
  for_each_list_element(accept_language, [&](std::string_view element) {
    const std::string_view range = trim_ows(element.substr(0, element.find(';')));
    for (const Greeting& greeting : kGreetings) {
      const bool speaks = iequals(range.substr(0, range.find('-')), greeting.language);
      if (speaks && weight_of(element) > best) {
        best = weight_of(element);
        chosen = &greeting;
      }
    }
    return true;
  });
  return *chosen;
}

bool accepts_gzip(std::string_view accept_encoding) {
  bool accepts = false;
  for_each_list_element(accept_encoding, [&](std::string_view element) {
    const std::string_view coding = trim_ows(element.substr(0, element.find(';')));
    if (iequals(coding, "gzip") || coding == "*") accepts = weight_of(element) > 0;
    return !iequals(coding, "gzip");
  });
  return accepts;
}

}  // namespace

DemoReply demo_text(std::string text, std::string_view cache_control) {
  DemoReply reply;
  reply.body = DemoBody(std::move(text));
  reply.add("Content-Type", "text/plain; charset=utf-8");
  if (!cache_control.empty()) reply.add("Cache-Control", std::string(cache_control));
  return reply;
}

DemoReply demo_bad_request(std::string_view text) {
  DemoReply reply = demo_text(fmt::format("{}\n", text), "no-store");
  reply.status = 400;
  return reply;
}

DemoReply demo_now(const DemoRequest& request, DemoState& state) {
  DemoReply reply =
      demo_text(fmt::format("{} answer {}\n", iso_time(request.now), ++state.now_answers),
                "public, max-age=5");
  shop_tag(reply, "now");
  return reply;
}

DemoReply demo_random(const DemoRequest&, DemoState& state) {
  return demo_text(fmt::format("{:016x}{:016x}\n", state.random.next(), state.random.next()),
                   "public, max-age=10");
}

DemoReply demo_bytes(const DemoRequest& request, DemoState&) {
  const auto count = demo_parse_number(request.captures.at(0), kMostBytes);
  if (!count) return demo_bad_request("/bytes/N: N is a number up to 4294967296.");
  DemoReply reply;
  reply.body = DemoBody::pattern(*count);
  reply.etag = fmt::format("\"bytes-{}\"", *count);
  reply.last_modified = kShopOpened;
  reply.add("Content-Type", "application/octet-stream");
  reply.add("Cache-Control", "public, max-age=3600");
  shop_tag(reply, "bytes");
  return reply;
}

DemoReply demo_vary_language(const DemoRequest& request, DemoState&) {
  const Greeting& greeting = choose_greeting(request.joined_field("Accept-Language"));
  DemoReply reply = demo_text(fmt::format("{}\n", greeting.text), "public, max-age=300");
  reply.etag = fmt::format("\"greeting-{}\"", greeting.language);
  reply.add("Vary", "Accept-Language");
  reply.add("Content-Language", std::string(greeting.language));
  shop_tag(reply, "vary");
  return reply;
}

DemoReply demo_vary_encoding(const DemoRequest& request, DemoState&) {
  std::string text;
  for (int line = 1; line <= 40; ++line) {
    text += fmt::format("{:02} The tide table repeats itself, and so does this line.\n", line);
  }
  const bool gzip = accepts_gzip(request.joined_field("Accept-Encoding"));
  DemoReply reply = demo_text(gzip ? demo_gzip_stored(text) : text, "public, max-age=300");
  reply.etag = gzip ? "\"tides-gzip\"" : "\"tides\"";
  reply.add("Vary", "Accept-Encoding");
  if (gzip) reply.add("Content-Encoding", "gzip");
  shop_tag(reply, "vary");
  return reply;
}

DemoReply demo_cookie(const DemoRequest& request, DemoState&) {
  DemoReply reply = demo_text("A cacheable response that sets a cookie.\n", "public, max-age=30");
  reply.add("Set-Cookie", fmt::format("visit={}; Path=/; SameSite=Lax", request.asked));
  return reply;
}

DemoReply demo_private(const DemoRequest& request, DemoState&) {
  return demo_text(fmt::format("For you alone, answer {}.\n", request.asked),
                   "private, max-age=60");
}

DemoReply demo_no_store(const DemoRequest& request, DemoState&) {
  return demo_text(fmt::format("Never stored, answer {}.\n", request.asked), "no-store");
}

DemoReply demo_redirect(const DemoRequest& request, DemoState&) {
  const std::string to = request.parameter("to").value_or("/");
  const bool local = to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\");
  if (!local || !demo_is_field_value(to) || to.find('\t') != std::string::npos) {
    return demo_bad_request("/redirect?to=: a path of this site.");
  }
  DemoReply reply = demo_text("Over there.\n", "public, max-age=60");
  reply.status = 302;
  reply.add("Location", to);
  return reply;
}

DemoReply demo_status(const DemoRequest& request, DemoState&) {
  const auto code = demo_parse_number(request.captures.at(0), 599);
  if (!code || *code < 200) return demo_bad_request("/status/N: N is 200 to 599.");
  DemoReply reply = demo_text(fmt::format("{} {}\n", *code, demo_reason_phrase(int(*code))), "");
  reply.status = static_cast<int>(*code);
  if (*code / 100 == 3 && *code != 304) reply.add("Location", "/");
  if (*code == 401) reply.add("WWW-Authenticate", "Basic realm=\"Harbour Goods\"");
  if (*code == 503) reply.add("Retry-After", "1");
  return reply;
}

DemoReply demo_early_hints_page(const DemoRequest&, DemoState&) {
  DemoReply reply = demo_text("A 103 came before this, unless this is HTTP/1.0 or from a cache.\n",
                              "public, max-age=10");
  reply.delivery.early_hints = {{"Link", "</assets/style.css>; rel=preload; as=style"},
                                {"Link", "</assets/shop.js>; rel=preload; as=script"}};
  return reply;
}

DemoReply demo_version(const DemoRequest& request, DemoState& state) {
  if (request.method == "POST" || request.method == "PUT") {
    const auto set = request.parameter("set");
    if (!set || set->empty() || set->size() > kVersionBytes || !demo_is_field_value(*set)) {
      return demo_bad_request("/version?set=: up to 64 characters.");
    }
    state.version = *set;
    state.version_changed = request.now;
    return demo_text(fmt::format("version {}\n", state.version), "no-store");
  }
  DemoReply reply = demo_text(fmt::format("version {}\n", state.version),
                              "public, max-age=3600, stale-while-revalidate=60");
  reply.etag = demo_entity_tag(state.version);
  reply.last_modified = state.version_changed;
  shop_tag(reply, "version");
  return reply;
}

}  // namespace brink::origin

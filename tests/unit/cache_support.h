#pragma once
// What the table tests of edge/cache share: field lines written as text, and a fixed point in time.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/clock.h"
#include "config/runtime/fields.h"
#include "edge/cache/http_date.h"
#include "edge/cache/storable.h"
#include "edge/cache/validation.h"

namespace brink::edge::cache::test {

// Sun, 22 Nov 2026 10:00:00 GMT
inline constexpr TimePoint kNow =
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + std::chrono::hours{10};

inline TimePoint after(std::int64_t seconds) {
  return kNow + Seconds{seconds};
}

// "Name: value" lines joined by '\n' (a literal); views into it, so the text must outlive the
// result.
inline std::vector<Field> lines(std::string_view text) {
  std::vector<Field> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = line.find(':');
    out.push_back({line.substr(0, colon), trim_ows(line.substr(colon + 1))});
  }
  return out;
}

inline std::string date_text(TimePoint time) {
  const auto text = format_http_date(time);
  return {text.data(), text.size()};
}

// "{-60}" in a table's text becomes the HTTP date of kNow − 60 s.
inline std::string with_dates(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    out += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t close = text.find('}');
    out += date_text(after(std::stoll(std::string{text.substr(1, close - 1)})));
    text.remove_prefix(close + 1);
  }
  return out;
}

// A GET answered with `status` and the fields of `text`, sent and answered at kNow.
struct Exchange {
  std::string text;
  std::vector<Field> fields;
  ResponseContext context;

  explicit Exchange(std::string_view with, int status = 200)
      : text(with_dates(with)), fields(lines(text)) {
    context.method = "GET";
    context.status = status;
    context.fields = fields;
    context.request_time = kNow;
    context.response_time = kNow;
    context.scheme = "https";
    context.host = "example.com";
    context.target = "/a?b";
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  ResponseDirectives directives() const { return parse_response_directives(fields); }
  StoreDecision decide(const Policy& policy = {}) const {
    return decide_storable(context, directives(), policy);
  }
};

// A response as the store would keep it.
struct Stored {
  std::string head;
  StoredMeta meta;

  explicit Stored(const Exchange& exchange, const Policy& policy = {}) {
    meta = exchange.decide(policy).meta;
    EXPECT_TRUE(build_stored_head(exchange.context, exchange.directives(), head, meta));
  }
  explicit Stored(std::string_view text, int status = 200, const Policy& policy = {})
      : Stored(Exchange{text, status}, policy) {}
};

}  // namespace brink::edge::cache::test

namespace brink::edge::cache {
// How tables print what they got.
inline void PrintTo(Reason reason, std::ostream* out) {
  *out << to_string(reason);
}
}  // namespace brink::edge::cache

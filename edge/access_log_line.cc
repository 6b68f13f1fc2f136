#include "edge/access_log_line.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "config/runtime/random.h"
#include "edge/json_text.h"

namespace brink::edge {

std::string_view to_string(CacheResult result) {
  switch (result) {
    case CacheResult::Hit:
      return "hit";
    case CacheResult::Stale:
      return "stale";
    case CacheResult::Miss:
      return "miss";
    case CacheResult::VaryMiss:
      return "vary-miss";
    case CacheResult::Partial:
      return "partial";
    case CacheResult::Validated:
      return "validated";
    case CacheResult::Expired:
      return "expired";
    case CacheResult::Request:
      return "request";
    case CacheResult::Bypass:
      return "bypass";
    case CacheResult::Method:
      return "method";
    case CacheResult::Refused:
      return "refused";
    case CacheResult::Count_:
      break;
  }
  return "unknown";
}

namespace {

struct Line {
  const AccessRecord& record;
  std::string_view node;
  std::string_view target;
};

// One field: what the writer writes and what the page says. `write` appends the JSON value, or
// nothing when the field does not apply.
struct LineField {
  std::string_view name;
  std::string_view type;
  std::string_view meaning;
  void (*write)(std::string& out, const Line& line);
};

void put_number(std::string& out, std::uint64_t value) {
  out.append(fmt::format_int(value).c_str());
}

void put_text(std::string& out, std::string_view text) {
  if (!text.empty()) append_json_string(out, text);
}

void put_word(std::string& out, std::string_view word) {
  out.push_back('"');
  out.append(word);
  out.push_back('"');
}

void put_true(std::string& out, bool value) {
  if (value) out.append("true");
}

// Milliseconds with microseconds behind the point.
void put_ms(std::string& out, std::uint64_t nanoseconds) {
  const std::uint64_t us = nanoseconds / 1'000;
  fmt::format_to(std::back_inserter(out), "{}.{:03}", us / 1'000, us % 1'000);
}

void put_reason(std::string& out, cache::Reason reason) {
  if (reason != cache::Reason::None) put_word(out, cache::to_string(reason));
}

void put_time(std::string& out, TimePoint time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  fmt::format_to(std::back_inserter(out), "\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z\"",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                 clock.seconds().count(), clock.subseconds().count());
}

void put_http(std::string& out, unsigned minor) {
  constexpr unsigned kHttp2 = 20;
  if (minor == kHttp2) {
    out.append("\"2\"");
  } else {
    fmt::format_to(std::back_inserter(out), "\"1.{}\"", minor);
  }
}

std::string_view freshness_source_word(cache::FreshnessSource source) {
  switch (source) {
    case cache::FreshnessSource::None:
      return "";
    case cache::FreshnessSource::TargetedMaxAge:
      return "cdn-cache-control";
    case cache::FreshnessSource::SMaxAge:
      return "s-maxage";
    case cache::FreshnessSource::MaxAge:
      return "max-age";
    case cache::FreshnessSource::Expires:
      return "expires";
    case cache::FreshnessSource::Heuristic:
      return "heuristic";
    case cache::FreshnessSource::Rule:
      return "rule";
    case cache::FreshnessSource::Invalid:
      return "invalid";
  }
  return "";
}

constexpr auto kFields =
    std::to_array<LineField>(
        {
            {"time", "string",
             "When the request's head was complete: UTC, RFC 3339 with milliseconds.",
             [](std::string& out, const Line& l) { put_time(out, l.record.time); }},
            {"node", "string", "`node.name` of the node that answered.",
             [](std::string& out, const Line& l) { put_text(out, l.node); }},
            {"client", "string", "The client's address.",
             [](std::string& out, const Line& l) { put_text(out, l.record.client.view()); }},
            {"scheme", "string", "`http`, or `https` when the client used TLS.",
             [](std::string& out, const Line& l) {
               put_word(out, l.record.tls ? "https" : "http");
             }},
            {"http", "string", "The protocol's version: `1.0`, `1.1` or `2`.",
             [](std::string& out, const Line& l) { put_http(out, l.record.http_minor); }},
            {"method", "string", "The request's method, at most 16 bytes.",
             [](std::string& out, const Line& l) { put_text(out, l.record.method.view()); }},
            {"host", "string", "The Host asked for, at most 128 bytes.",
             [](std::string& out, const Line& l) { put_text(out, l.record.host.view()); }},
            {"target", "string",
             "Path and query, at most 384 bytes; values of the query that "
             "`access_log.redact_query` names are `…`.",
             [](std::string& out, const Line& l) { put_text(out, l.target); }},
            {"site", "string", "The site of the configuration that answered for the host.",
             [](std::string& out, const Line& l) { put_text(out, l.record.site.view()); }},
            {"status", "number", "The status sent to the client; 0 = closed without an answer.",
             [](std::string& out, const Line& l) {
               put_number(out, static_cast<std::uint64_t>(std::max<int>(0, l.record.status)));
             }},
            {"result", "string",
             "How it was answered: `hit`, `stale`, `miss`, `vary-miss`, `partial` (some of the bytes "
             "were stored, not all), `validated` (stale, and a "
             "304 made it "
             "fresh), `expired` (stale, and upstream sent a new response), `request` (the "
             "request's own "
             "directives sent it on), `bypass`, `method`, `refused` (by Brink, before the cache "
             "was asked).",
             [](std::string& out, const Line& l) { put_word(out, to_string(l.record.result)); }},
            {"reason", "string",
             "Why the stored response was used or not: the word that Cache-Status carries in "
             "`detail`.",
             [](std::string& out, const Line& l) { put_reason(out, l.record.reason); }},
            {"key", "string", "Hash of the cache key, 16 hexadecimal digits.",
             [](std::string& out, const Line& l) {
               if (l.record.key_hash != 0)
                 fmt::format_to(std::back_inserter(out), "\"{:016x}\"", l.record.key_hash);
             }},
            {"age", "number", "Current age of the stored response in seconds (RFC 9111 §4.2.3).",
             [](std::string& out, const Line& l) {
               if (l.record.current_age_s >= 0)
                 put_number(out, static_cast<std::uint64_t>(l.record.current_age_s));
             }},
            {"freshness_lifetime", "number", "Its freshness lifetime in seconds (RFC 9111 §4.2.1).",
             [](std::string& out, const Line& l) {
               if (l.record.freshness_lifetime_s >= 0) {
                 put_number(out, static_cast<std::uint64_t>(l.record.freshness_lifetime_s));
               }
             }},
            {"freshness_source", "string",
             "Where the lifetime came from: `cdn-cache-control`, `s-maxage`, `max-age`, `expires`, "
             "`heuristic`, `rule` (the "
             "site's `freshness`) or `invalid`.",
             [](std::string& out, const Line& l) {
               put_text(out, freshness_source_word(l.record.freshness_source));
             }},
            {"store_reason", "string",
             "Whether the fetched response was stored, or why not: what follows the '/' in "
             "Cache-Status' `detail`, and what its body showed later.",
             [](std::string& out, const Line& l) { put_reason(out, l.record.store_reason); }},
            {"collapsed", "true", "The request shared a fetch that another one had begun.",
             [](std::string& out, const Line& l) { put_true(out, l.record.collapsed); }},
            {"upstream", "string", "The server that was asked last (a regional node or an origin).",
             [](std::string& out, const Line& l) { put_text(out, l.record.upstream.view()); }},
            {"upstream_status", "number", "The status it sent.",
             [](std::string& out, const Line& l) {
               if (l.record.upstream_status > 0)
                 put_number(out, static_cast<std::uint64_t>(l.record.upstream_status));
             }},
            {"upstream_ms", "number", "Milliseconds waited for the head of its response.",
             [](std::string& out, const Line& l) {
               if (l.record.upstream_ns != 0) put_ms(out, l.record.upstream_ns);
             }},
            {"attempts", "number", "Attempts upstream, retries included.",
             [](std::string& out, const Line& l) {
               if (l.record.attempts != 0) put_number(out, l.record.attempts);
             }},
            {"first_byte_ms", "number",
             "Milliseconds from the request's head to handing the response's head to the socket.",
             [](std::string& out, const Line& l) { put_ms(out, l.record.first_byte_ns); }},
            {"duration_ms", "number",
             "Milliseconds from the request's head to handing the last byte to the socket.",
             [](std::string& out, const Line& l) { put_ms(out, l.record.duration_ns); }},
            {"bytes_sent", "number", "Bytes of the response's body.",
             [](std::string& out, const Line& l) { put_number(out, l.record.bytes_sent); }},
            {"bytes_received", "number", "Bytes of the request's body.",
             [](std::string& out, const Line& l) {
               if (l.record.bytes_received != 0) put_number(out, l.record.bytes_received);
             }},
            {"cut", "true", "The client did not get the whole response.",
             [](std::string& out, const Line& l) { put_true(out, l.record.cut); }},
            {"error", "string", "What went wrong, as in Proxy-Status (RFC 9209).",
             [](std::string& out, const Line& l) { put_text(out, l.record.error.view()); }},
            {"user_agent", "string", "The User-Agent field, at most 96 bytes.",
             [](std::string& out, const Line& l) { put_text(out, l.record.user_agent.view()); }},
        });

}  // namespace

void append_access_line(std::string& out, const AccessRecord& record, std::string_view node,
                        std::string_view target) {
  const Line line{record, node, target};
  char before = '{';
  for (const LineField& field : kFields) {
    const std::size_t begin = out.size();
    out.push_back(before);
    put_word(out, field.name);
    out.push_back(':');
    const std::size_t value = out.size();
    field.write(out, line);
    if (out.size() == value) {
      out.resize(begin);
    } else {
      before = ',';
    }
  }
  out.append("}\n");
}

bool is_sampled(const AccessRecord& record, double sample) noexcept {
  constexpr int kFirstError = 500;
  if (sample >= 1.0 || record.status >= kFirstError || record.status == 0 || record.cut)
    return true;
  std::uint64_t mixed = record.key_hash;
  for (const char c : record.client.view())
    mixed = mixed * 31 + static_cast<unsigned char>(c);
  for (const char c : record.target.view())
    mixed = mixed * 31 + static_cast<unsigned char>(c);
  mixed ^= static_cast<std::uint64_t>(record.time.time_since_epoch().count()) << 20U;
  return Random(mixed ^ record.duration_ns).chance(sample);
}

std::string access_log_page() {
  std::string out =
      "# The access log\n\n"
      "One JSON object a line, one line a request, written when the last byte has gone to the "
      "socket.\n"
      "`access_log.to` names the place (`stdout`, `stderr`, a file, `none`), `access_log.sample` "
      "the share of\n"
      "requests that is logged; errors (status 500 and above, responses that were cut, connections "
      "closed without\n"
      "an answer) always are. A field that does not apply to a request is left out. Text longer "
      "than its bound is\n"
      "cut and ends with `…`; bytes that are not UTF-8 appear as U+FFFD, control characters are "
      "escaped.\n\n"
      "Rotation: rename the file, then send SIGHUP (or `POST /v1/reload`): Brink opens the path "
      "again. Lines are\n"
      "dropped, and counted in `brink_edge_access_log_dropped_total`, rather than let a slow disk "
      "hold up requests.\n\n"
      "This page is made from the table that writes the lines (edge/access_log_line.cc); a unit "
      "test compares them.\n\n"
      "| field | type | meaning |\n|---|---|---|\n";
  for (const LineField& field : kFields) {
    fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} |\n", field.name, field.type,
                   field.meaning);
  }
  return out;
}

}  // namespace brink::edge

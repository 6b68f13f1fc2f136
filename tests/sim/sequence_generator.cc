// Sequences from seeds: tables of ordinary and odd values, and how often each comes up.

#include <array>
#include <span>

#include "config/runtime/random.h"
#include "tests/sim/sequence.h"

namespace brink::sim {
namespace {

using rfc9111::Lines;
using rfc9111::Reply;
using Table = std::span<const char* const>;

constexpr std::array kFreshness = {"max-age=10",
                                   "max-age=60",
                                   "max-age=60",
                                   "max-age=600",
                                   "max-age=0",
                                   "max-age=1",
                                   "Max-Age=60",
                                   "max-age=\"60\"",
                                   "max-age=00060",
                                   "s-maxage=10",
                                   "s-maxage=60",
                                   "s-maxage=0",
                                   "max-age=86400",
                                   "max-age=-1",
                                   "max-age=60.0",
                                   "max-age=60a",
                                   "max-age = 60",
                                   "max-age='60'",
                                   "max-age",
                                   "max-age=",
                                   "max-age=2147483648",
                                   "max-age=99999999999999999999",
                                   "s-maxage=abc",
                                   "max-age=5",
                                   "ext=\"max-age=600\"",
                                   "max-age=60, max-age=10",
                                   "s-maxage=60, max-age=0",
                                   "max-age=600, s-maxage=10"};
constexpr std::array kDirectives = {"public",
                                    "public",
                                    "private",
                                    "no-cache",
                                    "no-cache",
                                    "no-store",
                                    "No-Store",
                                    "must-revalidate",
                                    "must-revalidate",
                                    "proxy-revalidate",
                                    "must-understand",
                                    "must-understand, no-store",
                                    "immutable",
                                    "no-transform",
                                    "stale-while-revalidate=30",
                                    "stale-while-revalidate=30",
                                    "stale-while-revalidate=600",
                                    "stale-while-revalidate=x",
                                    "stale-if-error=30",
                                    "stale-if-error=600",
                                    "stale-if-error=0",
                                    "no-cache=\"set-cookie\"",
                                    "private=\"x-secret\"",
                                    "private=x-secret",
                                    "no-cache=\"vary\"",
                                    "private=\"\"",
                                    "turbo",
                                    "turbo=\"no-store, private\"",
                                    "ext=\"unclosed, no-store",
                                    "NO-CACHE",
                                    "must-revalidate=1"};
constexpr std::array kWindows = {"stale-while-revalidate=30", "stale-while-revalidate=30",
                                 "stale-while-revalidate=600", "stale-if-error=30",
                                 "stale-if-error=600"};
constexpr std::array kTargeted = {"max-age=60",
                                  "max-age=10",
                                  "max-age=600, stale-while-revalidate=30",
                                  "max-age=0",
                                  "no-store",
                                  "private",
                                  "no-cache",
                                  "max-age=60, must-revalidate",
                                  "max-age=\"60\"",
                                  "max-age=60.5",
                                  "max-age",
                                  "Max-Age=60",
                                  "",
                                  "max-age=60;ext=1",
                                  "max-age=60, ext=(1 2)",
                                  "max-age=60,",
                                  "s-maxage=10, max-age=600",
                                  "public",
                                  "max-age=-5",
                                  "no-store=?0, max-age=60",
                                  "no-store=1, max-age=60",
                                  "max-age=10, max-age=60",
                                  "max-age=60 , stale-if-error=600",
                                  "max-age=60, private=\"x-secret\"",
                                  "max-age=60 ext"};
constexpr std::array kTags = {"\"1\"",   "\"1\"", "\"1\"",    "\"2\"",  "W/\"1\"",
                              "W/\"2\"", "abc",   "\"a, b\"", "w/\"1\""};
constexpr std::array kModified = {"@s-100 i", "@s-100 i", "@s-864000 i", "@s-5 i",
                                  "@s-100 8", "@s-100 a", "@n+50 i",     "yesterday"};
constexpr std::array kDates = {"@n+0 i",  "@n+0 i",    "@n+0 i", "@n-5 i", "@n-40 i",
                               "@n+30 i", "@n-7200 i", "@n+0 8", "@n+0 a", "never"};
constexpr std::array kExpires = {"@n+60 i", "@n+10 i", "@n-10 i", "@n+0 i",   "0",
                                 "-1",      "@n+60 8", "@n+60 a", "@n+900 i", "soon"};
constexpr std::array kAges = {"0",   "5",     "30",         "100",         "3000",  "abc", "-1",
                              "5.5", "5, 10", "2147483648", "99999999999", "7;x=1", ""};
constexpr std::array kVary = {"X-Kind",
                              "X-Kind",
                              "x-kind",
                              "Accept-Language",
                              "Accept-Language",
                              "Accept-Encoding",
                              "X-Kind, Accept-Language",
                              "Accept-Language,X-Kind",
                              "Accept-Encoding, X-Kind",
                              "*",
                              "X-Kind, *",
                              "Cookie"};
constexpr std::array kContentLanguages = {"en", "de", "de-AT", "fr", "de, en"};
constexpr std::array kStatuses = {201, 202, 203, 204, 204, 205, 206, 207, 208, 226, 299, 300, 301,
                                  301, 302, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 403,
                                  404, 404, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415,
                                  416, 417, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499,
                                  500, 500, 501, 502, 503, 503, 504, 505, 506, 507, 511, 599};
constexpr std::array kErrors = {500, 502, 503, 503, 504};
constexpr std::array kRequestDirectives = {"no-cache",
                                           "no-cache",
                                           "max-age=0",
                                           "max-age=5",
                                           "max-age=30",
                                           "max-age=x",
                                           "min-fresh=5",
                                           "min-fresh=30",
                                           "max-stale",
                                           "max-stale=5",
                                           "max-stale=60",
                                           "max-stale=x",
                                           "no-store",
                                           "only-if-cached",
                                           "only-if-cached, max-stale",
                                           "stale-if-error=60",
                                           "turbo=9",
                                           "max-stale=60, max-age=100",
                                           "no-transform",
                                           "min-fresh=5, max-stale=60",
                                           "NO-CACHE"};
constexpr std::array kWantedTags = {"\"1\"", "W/\"1\"",  "\"2\"", "\"x\", \"1\"", "*",
                                    "abc",   "\"a, b\"", "\"3\"", "W/\"2\", abc"};
constexpr std::array kSince = {"@s-100 i", "@s-99 i", "@s-101 i",    "@s-100 8",
                               "@s+0 i",   "@n+0 i",  "@s-864000 a", "whenever"};
constexpr std::array kKinds = {"red", "red", "blue", "red, blue", "red,blue"};
constexpr std::array kLanguages = {"de",           "de, en;q=0.5", "en;q=0.50, DE",  "en",
                                   "fr, de;q=0.9", "en, *;q=0.1",  "de-AT, de;q=0.8"};
constexpr std::array kCodings = {"gzip",    "br, gzip", "gzip, br", "identity",
                                 "deflate", "*",        "gzip;q=0", "x-gzip"};
constexpr std::array kConnections = {"x-secret", "close", "cache-control, X-Secret",
                                     "vary",     "etag",  "Expires"};
constexpr std::array kTargets = {"/a", "/a", "/a", "/a", "/b", "/a?q=1"};
constexpr std::array kReferences = {"/a",
                                    "/a",
                                    "/b",
                                    "/a?q=1",
                                    "http://sim.test/a",
                                    "http://other.test/a",
                                    "b",
                                    "./b",
                                    "?q=1",
                                    "#top",
                                    "//sim.test/b",
                                    "HTTP://SIM.test:80/a",
                                    "http://sim.test:81/a",
                                    "https://sim.test/a",
                                    "b#x"};
constexpr std::array<std::int64_t, 29> kAdvancesMs = {
    0,     0,     0,     500,   1000,   2000,   4000,   5000,     9000,     10000,
    11000, 15000, 20000, 30000, 38000,  40000,  41000,  45000,    59000,    60000,
    61000, 75000, 88000, 91000, 599000, 601000, 700000, 86400000, 200000000};

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}
  Sequence sequence();

 private:
  template <class T, std::size_t N>
  const T& pick(const std::array<T, N>& table) {
    return table[random_.below(N)];
  }
  template <std::size_t N>
  void maybe(double chance, Lines& into, const char* name,
             const std::array<const char*, N>& table) {
    if (random_.chance(chance)) into.emplace_back(name, pick(table));
  }
  bool chance(double p) { return random_.chance(p); }

  void request_fields(Lines& out);
  void selecting_fields(Lines& out);
  void cache_control(Lines& out, double odd);
  void response_fields(Lines& out);
  void not_modified_fields(Lines& out);
  OriginAnswer answer(const std::string& method, const std::string& name);
  Step step(std::size_t number);

  Random random_;
  // What this sequence is about: how likely each of them is in it.
  double vary_ = 0, directives_ = 0, trouble_ = 0, odd_ = 0, conditions_ = 0, unsafe_ = 0,
         head_ = 0, authorization_ = 0, stale_ = 0;
  std::size_t urls_ = 1;
};

void Generator::selecting_fields(Lines& out) {
  maybe(vary_, out, "X-Kind", kKinds);
  maybe(vary_, out, "Accept-Language", kLanguages);
  maybe(vary_ / 2, out, "Accept-Encoding", kCodings);
  if (chance(vary_ / 3)) out.emplace_back("Cookie", chance(0.5) ? "a=1" : "a=2");
}

void Generator::request_fields(Lines& out) {
  selecting_fields(out);
  maybe(directives_, out, "Cache-Control", kRequestDirectives);
  if (chance(directives_ / 6)) out.emplace_back("Cache-Control", pick(kRequestDirectives));
  if (chance(0.03)) out.emplace_back("Pragma", chance(0.8) ? "no-cache" : "turbo");
  if (chance(authorization_)) out.emplace_back("Authorization", "Basic eA==");
  maybe(conditions_, out, "If-None-Match", kWantedTags);
  maybe(conditions_ / 2, out, "If-Modified-Since", kSince);
  maybe(conditions_ / 8, out, "If-Match", kWantedTags);
  maybe(conditions_ / 8, out, "If-Unmodified-Since", kSince);
}

// Mostly freshness and perhaps something beside it; sometimes on a line of its own.
void Generator::cache_control(Lines& out, double odd) {
  std::string line;
  const auto add = [&](const char* directive) {
    if (!line.empty() && chance(0.2)) {
      out.emplace_back("Cache-Control", line);
      line.clear();
    }
    line += (line.empty() ? "" : ", ") + std::string(directive);
  };
  if (chance(0.8))
    add(chance(odd) ? pick(kFreshness) : (chance(0.5) ? "max-age=10" : "max-age=60"));
  if (chance(0.45)) add(pick(kDirectives));
  if (chance(odd / 2)) add(pick(kDirectives));
  if (chance(stale_)) add(pick(kWindows));
  if (!line.empty()) out.emplace_back("Cache-Control", line);
}

void Generator::response_fields(Lines& out) {
  if (chance(0.85)) cache_control(out, odd_);
  maybe(odd_ / 6, out, "CDN-Cache-Control", kTargeted);
  maybe(odd_ / 12, out, "Brink-Cache-Control", kTargeted);
  maybe(0.6, out, "ETag", kTags);
  maybe(0.3, out, "Last-Modified", kModified);
  maybe(odd_ / 2, out, "Date", kDates);
  maybe(odd_ / 3, out, "Expires", kExpires);
  maybe(odd_ / 20, out, "Expires", kExpires);
  maybe(odd_ / 4, out, "Age", kAges);
  maybe(odd_ / 30, out, "Age", kAges);
  maybe(vary_, out, "Vary", kVary);
  maybe(vary_ / 10, out, "Vary", kVary);
  maybe(vary_ / 2, out, "Content-Language", kContentLanguages);
  if (chance(0.06)) out.emplace_back("Set-Cookie", "s=1");
  maybe(odd_ / 30, out, "ETag", kTags);
  maybe(odd_ / 40, out, "Last-Modified", kModified);
  if (chance(0.06)) out.emplace_back("X-Secret", "mine");
  maybe(odd_ / 30, out, "Connection", kConnections);
  if (chance(0.03)) out.emplace_back("Cache-Tag", "t");
  if (chance(0.2)) out.emplace_back("Content-Type", "text/plain");
  if (chance(0.05)) out.emplace_back("Content-Encoding", "gzip");
  if (chance(0.02)) out.emplace_back("Content-Range", "bytes 0-7/8");
}

void Generator::not_modified_fields(Lines& out) {
  if (chance(0.6)) {
    out.emplace_back("ETag", "@tag");
  } else if (chance(0.4)) {
    out.emplace_back("ETag", pick(kTags));
  }
  maybe(0.1, out, "Last-Modified", kModified);
  if (chance(0.5)) cache_control(out, odd_);
  maybe(odd_ / 3, out, "Date", kDates);
  maybe(odd_ / 6, out, "Age", kAges);
  maybe(odd_ / 6, out, "Expires", kExpires);
  maybe(vary_ / 8, out, "Vary", kVary);
  if (chance(0.03)) out.emplace_back("Set-Cookie", "s=2");
  if (chance(0.1)) out.emplace_back("Content-Type", "text/html");
  if (chance(0.03)) out.emplace_back("Content-Encoding", "br");
  if (chance(0.03)) out.emplace_back("Content-Range", "bytes 0-1/2");
  if (chance(0.05)) out.emplace_back("X-Secret", "yours");
  maybe(odd_ / 40, out, "Connection", kConnections);
}

OriginAnswer Generator::answer(const std::string& method, const std::string& name) {
  OriginAnswer out;
  out.name = name;
  if (chance(trouble_)) {
    const auto which = random_.below(10);
    if (which < 4) out.kind = Reply::Kind::Closed;
    if (which == 4) out.kind = Reply::Kind::TimedOut;
    if (which == 5) out.kind = Reply::Kind::Cut;
    if (which > 5) out.status = pick(kErrors);
  } else if (chance(0.15)) {
    out.status = pick(kStatuses);
  }
  if (chance(0.08)) out.delay = Millis{static_cast<std::int64_t>(random_.below(4)) * 1500 + 400};
  out.not_modified = chance(0.55);
  response_fields(out.fields);
  if (out.not_modified) not_modified_fields(out.not_modified_fields);
  if (method == "POST" || chance(0.02)) maybe(0.5, out.fields, "Content-Location", kReferences);
  if ((method != "GET" && chance(0.3)) || chance(0.02))
    out.fields.emplace_back("Location", pick(kReferences));
  if (chance(0.4)) out.head_length = chance(0.8) ? 1 : 2;
  out.chunked = chance(0.2);
  out.in_one_go = out.kind != Reply::Kind::Cut && chance(0.3);
  return out;
}

Step Generator::step(std::size_t number) {
  Step out;
  out.advance = Millis{pick(kAdvancesMs)};
  out.request.method = "GET";
  if (chance(head_)) out.request.method = "HEAD";
  constexpr std::array kUnsafe = {"POST", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "FROB"};
  if (chance(unsafe_)) out.request.method = pick(kUnsafe);
  out.request.target = urls_ == 1 ? "/a" : pick(kTargets);
  request_fields(out.request.fields);
  for (std::size_t i = 0; i < 2; ++i) {
    out.answers.push_back(
        answer(out.request.method, std::to_string(number) + "." + std::to_string(i)));
  }
  return out;
}

Sequence Generator::sequence() {
  vary_ = chance(0.4) ? 0.6 : 0;
  directives_ = chance(0.4) ? 0.6 : 0.05;
  trouble_ = chance(0.4) ? 0.4 : 0.05;
  odd_ = chance(0.6) ? 0.6 : 0.05;
  conditions_ = chance(0.3) ? 0.5 : 0.02;
  unsafe_ = chance(0.2) ? 0.3 : 0.02;
  head_ = chance(0.25) ? 0.4 : 0.03;
  authorization_ = chance(0.15) ? 0.3 : 0.01;
  stale_ = chance(0.3) ? 0.6 : 0;
  urls_ = chance(0.3) ? 3 : 1;
  Sequence out;
  const std::size_t steps = 3 + random_.below(8);
  for (std::size_t i = 0; i < steps; ++i)
    out.push_back(step(i));
  return out;
}

}  // namespace

Sequence generate(std::uint64_t seed) {
  return Generator(seed).sequence();
}

}  // namespace brink::sim

#include "purge/parse_purge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <vector>

#include "config/runtime/fields.h"
#include "purge/body_reader.h"

namespace brink::purge {

namespace json = boost::json;

namespace {

constexpr std::string_view kSelectors[] = {"url",     "urls",  "tags", "prefix",
                                           "pattern", "regex", "host", "all"};
constexpr std::string_view kPurgeMembers[] = {
    "url",  "urls", "tags", "match",        "prefix",  "pattern", "regex",      "host",  "all",
    "site", "soft", "warm", "ignore_query", "dry_run", "wait",    "timeout_ms", "reason"};
constexpr std::string_view kVersionMembers[] = {"version", "percent", "wait", "timeout_ms",
                                                "reason"};
constexpr std::string_view kWaits[] = {"none", "node", "pop", "all"};
constexpr std::size_t kVersionBytes = 64;
constexpr std::size_t kSiteBytes = 63;

void check_url(BodyReader& in, std::string_view name, const std::string& url) {
  if (!url_without_scheme(url).empty()) return;
  in.refuse("invalid-url", fmt::format("\"{}\": '{}' is not an absolute http or https URL, such as "
                                       "https://shop.example.com/product/7",
                                       name, shown(url)));
}

void check_regex(BodyReader& in, const std::string& text) {
  if (in.mistake()) return;
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(8 << 20);
  const re2::RE2 regex(text, options);
  if (!regex.ok()) {
    in.refuse("invalid-regex", "\"regex\": RE2 does not take it: " + regex.error());
  } else if (regex.ProgramSize() > kRegexProgram) {
    in.refuse("limit-reached",
              fmt::format("\"regex\" compiles to {} instructions; the limit is {}. Use smaller "
                          "repetitions, or a prefix or pattern",
                          regex.ProgramSize(), kRegexProgram));
  }
}

std::string host_of(BodyReader& in) {
  const std::string given = in.text("host", kTextBytes);
  if (in.mistake()) return {};
  std::string host = normal_host(given);
  if (host.empty() || host.find_first_of("/?#@ \\*") != std::string::npos)
    in.expected("host", "a host name, such as shop.example.com");
  return host;
}

void read_tags(BodyReader& in, Selector& out) {
  out.kind = Selector::Kind::Tags;
  out.values = in.texts("tags", kTagsPerPurge, kTagBytes);
  const std::string match = in.has("match") ? in.text("match", kTextBytes) : "any";
  if (match != "any" && match != "all" && !in.mistake()) in.expected("match", "any or all");
  out.match_all = match == "all";
}

void read_urls(BodyReader& in, std::string_view name, Selector& out) {
  out.kind = Selector::Kind::Urls;
  if (name == "url") {
    out.values = {in.text(name, kTextBytes)};
  } else {
    out.values = in.texts(name, kUrlsPerPurge, kTextBytes);
  }
  for (const std::string& url : out.values)
    check_url(in, name, url);
  out.ignore_query = in.flag("ignore_query");
}

void read_selector(BodyReader& in, std::string_view name, Selector& out) {
  if (name == "url" || name == "urls") {
    read_urls(in, name, out);
  } else if (name == "tags") {
    read_tags(in, out);
  } else if (name == "all") {
    out.kind = Selector::Kind::All;
    if (!in.flag(name)) in.expected(name, "true");
  } else if (name == "host") {
    out.kind = Selector::Kind::Host;
    out.values = {host_of(in)};
  } else if (name == "regex") {
    out.kind = Selector::Kind::Regex;
    out.values = {in.text(name, kRegexBytes)};
    check_regex(in, out.values.front());
  } else {
    out.kind = name == "prefix" ? Selector::Kind::Prefix : Selector::Kind::Pattern;
    out.values = {in.text(name, kTextBytes)};
  }
}

// The one selector's name; empty, with the mistake noted, when there is none or more than one.
std::string_view only_selector(BodyReader& in) {
  std::vector<std::string_view> found;
  std::copy_if(std::begin(kSelectors), std::end(kSelectors), std::back_inserter(found),
               [&](std::string_view name) { return in.has(name); });
  if (found.size() == 1) return found.front();
  in.refuse("one-selector",
            found.empty() ? fmt::format("Say what to purge: one of {}", fmt::join(kSelectors, ", "))
                          : fmt::format("A purge has exactly one of {}; found {}. Send one "
                                        "request for each",
                                        fmt::join(kSelectors, ", "), fmt::join(found, ", ")));
  return {};
}

void read_waiting(BodyReader& in, PurgeRequest& out) {
  if (in.has("wait")) {
    const std::string wait = in.text("wait", kTextBytes);
    const auto known = std::find(std::begin(kWaits), std::end(kWaits), wait);
    if (known == std::end(kWaits)) {
      in.expected("wait", "one of none, node, pop, all");
    } else {
      out.wait = static_cast<Wait>(known - std::begin(kWaits));
    }
  }
  out.timeout = Millis{in.number("timeout_ms", 1, kTimeoutMost.count(), kTimeoutDefault.count())};
  out.record.reason = in.text("reason", kReasonBytes);
}

// Options that say nothing beside this selector are a misunderstanding, and a wider purge than
// meant.
void check_companions(BodyReader& in, std::string_view selector) {
  const auto belongs = [&](std::string_view option, std::string_view to) {
    if (in.has(option) && !selector.starts_with(to))
      in.refuse("invalid-member", fmt::format("\"{}\" goes with {} only", option, to));
  };
  belongs("match", "tags");
  belongs("ignore_query", "url");
}

std::variant<PurgeRequest, Problem> ended(const BodyReader& in, PurgeRequest request) {
  if (in.mistake()) return *in.mistake();
  return request;
}

}  // namespace

std::variant<PurgeRequest, Problem> parse_purge(std::string_view body) {
  auto parsed = object_of(body, R"({"tags":["product-7"]})");
  if (auto* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
  BodyReader in(std::get<json::object>(parsed));
  PurgeRequest out;
  in.only(kPurgeMembers);
  const std::string_view selector = only_selector(in);
  if (in.mistake()) return *in.mistake();
  read_selector(in, selector, out.record.selector);
  check_companions(in, selector);
  out.record.selector.site = in.text("site", kSiteBytes);
  out.record.soft = in.flag("soft");
  out.record.warm = in.flag("warm");
  if (in.flag("dry_run")) {
    out.record.kind = Record::Kind::Count;
    out.wait = Wait::All;  // unless said otherwise
  }
  read_waiting(in, out);
  return ended(in, std::move(out));
}

std::variant<PurgeRequest, Problem> parse_version(std::string_view body, std::string_view site) {
  auto parsed = object_of(body, R"({"tags":["product-7"]})");
  if (auto* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
  BodyReader in(std::get<json::object>(parsed));
  PurgeRequest out;
  in.only(kVersionMembers);
  out.record.kind = Record::Kind::Version;
  out.record.selector.site = site;
  const json::value* version = in.find("version");
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (version == nullptr) {
    in.refuse("invalid-member", "\"version\" is missing; empty (\"\") means that there is none");
  } else if (const json::string* text = version->if_string();
             text == nullptr || text->size() > kVersionBytes ||
             !std::all_of(text->begin(), text->end(), is_fine)) {
    in.expected("version", "up to 64 of A-Z, a-z, 0-9, '.', '_' and '-'");
  } else {
    out.record.version = std::string(*text);
  }
  out.record.percent = static_cast<std::uint32_t>(in.number("percent", 1, 100, 100));
  read_waiting(in, out);
  return ended(in, std::move(out));
}

}  // namespace brink::purge

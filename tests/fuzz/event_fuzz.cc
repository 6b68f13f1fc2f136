// links: brink_purge Boost::json
// Events and their templates: whatever an event holds, a purge of it names nothing that its
// template does not, and POST /v1/purges takes it or says why.
//
// The input: a template, a line end, a condition's field, a line end, the event.
#include <algorithm>
#include <variant>

#include "fuzz_input.h"
#include "purge/event_rules.h"
#include "purge/parse_purge.h"

namespace {

using namespace brink;

bool is_tag(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == ',';
  });
}

// What a URL template says before its first field, which ends behind the host at the earliest.
std::string prefix_of(const std::string& text) {
  return config::parse_url_template(text).pieces.front().literal;
}

bool stays_within(const std::string& url, const std::string& prefix) {
  const bool is_plain = std::all_of(url.begin(), url.end(), [](char c) {
    return static_cast<signed char>(c) > ' ' && c != '\x7f' && c != '#' && c != '\\';
  });
  return is_plain && url.starts_with(prefix);
}

void check(const std::string& body, const config::EventOptions& options) {
  const auto parsed = purge::parse_purge(body);
  const auto* purge = std::get_if<purge::PurgeRequest>(&parsed);
  if (purge == nullptr) {  // a tag or URL that is too long
    CHECK(std::get<purge::Problem>(parsed).code == "limit-reached");
    return;
  }
  const purge::Selector& selector = purge->record.selector;
  CHECK(selector.site == options.site && !selector.match_all && !selector.ignore_query);
  if (selector.kind == purge::Selector::Kind::Tags) {
    CHECK(std::all_of(selector.values.begin(), selector.values.end(), is_tag));
  } else {
    CHECK(selector.kind == purge::Selector::Kind::Urls);
    const std::string prefix = prefix_of(options.urls.front());
    for (const std::string& url : selector.values)
      CHECK(stays_within(url, prefix));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  const std::string pattern(fuzz::take_until(text, "\n"));
  const std::string field(fuzz::take_until(text, "\n"));
  config::EventOptions options;
  options.name = "fuzz";
  options.site = "shop";
  if (config::problem_in_tag_template(pattern).empty()) options.tags = {pattern};
  if (config::problem_in_url_template(pattern).empty()) options.urls = {pattern};
  std::string why;
  const auto rules = purge::EventRules::make(options, why);
  CHECK(rules != nullptr);
  const purge::Verdict verdict = rules->judge(text, "none", "event of fuzz");
  CHECK((verdict.is == purge::Verdict::Is::Purges) == !verdict.bodies.empty());
  CHECK((verdict.is == purge::Verdict::Is::Dead) == !verdict.reason.empty());
  for (const std::string& body : verdict.bodies)
    check(body, options);
  if (!config::problem_in_field_choice(field).empty()) return 0;
  options.when = {{field, {"c"}}};
  const auto choosy = purge::EventRules::make(options, why);
  CHECK(choosy != nullptr);
  const purge::Verdict chosen = choosy->judge(text, "none", "event of fuzz");
  CHECK(chosen.is == purge::Verdict::Is::Ignored || chosen.is == verdict.is);
  return 0;
}

#include "purge/event_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace brink::purge {

namespace {

constexpr std::size_t kConditionValues = 1'000;  // of an array that a condition looks at
constexpr std::string_view kJsonSpace = " \t\r\n";

Verdict dead(std::string reason) {
  return {Verdict::Is::Dead, {}, std::move(reason)};
}

// A deleted row's second message has no content.
bool is_tombstone(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kJsonSpace);
  if (begin == std::string_view::npos) return true;
  const std::size_t end = text.find_last_not_of(kJsonSpace);
  return text.substr(begin, end + 1 - begin) == "null";
}

bool parse_all(const std::vector<std::string>& texts,
               config::ParsedTemplate (*parse)(std::string_view),
               std::vector<config::ParsedTemplate>& out, std::string& why) {
  for (const std::string& text : texts) {
    out.push_back(parse(text));
    if (why.empty()) why = out.back().problem;
  }
  return why.empty();
}

}  // namespace

std::unique_ptr<const EventRules> EventRules::make(const config::EventOptions& options,
                                                   std::string& why) {
  std::unique_ptr<EventRules> rules(new EventRules);
  if (!rules->compile(options, why)) return nullptr;
  return rules;
}

bool EventRules::compile(const config::EventOptions& options, std::string& why) {
  why.clear();
  for (const config::EventConditionOptions& condition : options.when) {
    config::ParsedField parsed = config::parse_field_choice(condition.field);
    if (why.empty()) why = parsed.problem;
    when_.push_back({std::move(parsed.field), condition.is});
  }
  scope_.site = options.site.empty() ? "*" : options.site;
  scope_.soft = options.soft;
  event_bytes_ = options.event_bytes;
  return parse_all(options.tags, config::parse_tag_template, tags_, why) &&
         parse_all(options.urls, config::parse_url_template, urls_, why);
}

Verdict EventRules::judge(std::string_view text, std::string_view wait,
                          std::string_view reason) const {
  if (is_tombstone(text)) return {};
  if (text.size() > event_bytes_)
    return dead(fmt::format("it has {} bytes; event_bytes is {}", text.size(), event_bytes_));
  std::string why;
  const auto event = Event::parse(text, why);
  if (!event) return dead(std::move(why));
  if (event->is_tombstone()) return {};
  return counts(*event) ? purges(*event, wait, reason) : Verdict{};
}

bool EventRules::counts(const Event& event) const {
  return std::all_of(when_.begin(), when_.end(), [&](const Condition& condition) {
    const FieldValues found = event.find(condition.field, kConditionValues);
    return std::any_of(found.texts.begin(), found.texts.end(), [&](const std::string& text) {
      return std::find(condition.is.begin(), condition.is.end(), text) != condition.is.end();
    });
  });
}

// Each text once; those of templates whose fields are missing are not there.
EventRules::Texts EventRules::fill_all(const std::vector<config::ParsedTemplate>& templates,
                                       TemplateFor what, const Event& event) {
  const bool are_tags = what == TemplateFor::Tag;
  const std::size_t most = are_tags ? kTagsPerPurge : kUrlsPerPurge;
  Texts out;
  std::unordered_set<std::string> seen;
  std::size_t bytes = 0;
  for (const config::ParsedTemplate& each : templates) {
    Filled filled = fill(each, what, event, most);
    if (!filled.problem.empty()) return {{}, std::move(filled.problem)};
    for (std::string& text : filled.texts) {
      bytes += text.size();
      if (seen.insert(text).second) out.texts.push_back(std::move(text));
    }
    if (out.texts.size() > most) {
      return {{}, fmt::format("it comes to more than {} {}", most, are_tags ? "tags" : "URLs")};
    }
    if (bytes > kEventPurgeBytes)
      return {{}, fmt::format("its purge is larger than {} bytes", kEventPurgeBytes)};
  }
  return out;
}

Verdict EventRules::purges(const Event& event, std::string_view wait,
                           std::string_view reason) const {
  Texts tags = fill_all(tags_, TemplateFor::Tag, event);
  if (!tags.problem.empty()) return dead(std::move(tags.problem));
  Texts urls = fill_all(urls_, TemplateFor::Url, event);
  if (!urls.problem.empty()) return dead(std::move(urls.problem));
  CompatScope scope = scope_;
  scope.wait = wait;
  scope.reason = reason;
  Verdict out{Verdict::Is::Purges, {}, {}};
  if (!tags.texts.empty()) out.bodies.push_back(tags_body(tags.texts, scope));
  if (!urls.texts.empty()) out.bodies.push_back(urls_body(urls.texts, scope));
  if (!out.bodies.empty()) return out;
  return dead("it has none of the fields that tags and urls are made of");
}

}  // namespace brink::purge

#include "config/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/event_template.h"
#include "config/findings.h"
#include "config/names.h"
#include "config/runtime/error.h"
#include "config/runtime/fields.h"
#include "config/suggest.h"
#include "config/units.h"

namespace brink::config {

namespace {

// A type of text: what the reference page calls it, and who judges it.
struct TextType {
  Type type;
  std::string_view name;
  std::string_view plural;
  std::string_view expected;  // for messages that know no text yet
  std::string (*problem)(std::string_view);
};

std::string problem_in_site_name(std::string_view text) {
  return text == "*" ? std::string() : problem_in_name(text);
}

constexpr std::array<TextType, 22> kTextTypes = {{
    {Type::Name, "name", "names", "a name", problem_in_name},
    {Type::SiteName, "site name", "site names", "a site's name or \"*\"", problem_in_site_name},
    {Type::ListenAddress, "address", "addresses", "an address and port such as 0.0.0.0:8080",
     problem_in_listen_address},
    {Type::AdminAddress, "address", "addresses",
     "an address and port such as 127.0.0.1:9901, or none", problem_in_admin_address},
    {Type::Cidr, "network", "networks", "a network such as 10.0.0.0/8", problem_in_cidr},
    {Type::ServerUrl, "URL", "URLs", "a URL such as http://10.0.0.5:8000", problem_in_server_url},
    {Type::NatsUrl, "URL", "URLs", "a URL such as nats://nats:4222", problem_in_nats_url},
    {Type::HostPattern, "host pattern", "host patterns", "a host such as shop.example.com",
     problem_in_host_pattern},
    {Type::Host, "host", "hosts", "a host such as shop.example.com", problem_in_host},
    {Type::HostName, "host name", "host names", "a host name such as shop.example.com",
     problem_in_host_name},
    {Type::PathGlob, "path pattern", "path patterns", "a path pattern such as /images/*",
     problem_in_path_glob},
    {Type::UrlPath, "path", "paths", "a path such as /healthz", problem_in_url_path},
    {Type::Variable, "environment variable", "environment variables",
     "the name of an environment variable", problem_in_variable},
    {Type::LogTarget, "none, stdout, stderr or file", "",
     "none, stdout, stderr or a file's full path", problem_in_log_target},
    {Type::QueryName, "parameter name", "parameter names", "a query parameter's name",
     problem_in_query_name},
    {Type::KeyPin, "pin", "pins", "a pin such as sha256//YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=",
     problem_in_key_pin},
    {Type::File, "file", "files", "a file's path", problem_in_file_name},
    {Type::NatsSubject, "NATS subject", "NATS subjects", "a subject such as shop.public.products",
     problem_in_nats_subject},
    {Type::TagTemplate, "tag template", "tag templates",
     "a template such as \"product-{after.id}\"", problem_in_tag_template},
    {Type::UrlTemplate, "URL template", "URL templates",
     "a template such as \"https://shop.example.com/product/{after.id}\"", problem_in_url_template},
    {Type::EventField, "field", "fields", "an event's field such as after.id",
     problem_in_field_choice},
    {Type::EventValue, "text", "texts", "a field's value", problem_in_event_value},
}};

constexpr TextType kAbsoluteFile = {Type::AbsoluteFile, "file", "files", "a file's full path",
                                    problem_in_absolute_file_name};

const TextType* text_type(Type type) {
  if (type == Type::AbsoluteFile) return &kAbsoluteFile;
  const auto* it = std::find_if(kTextTypes.begin(), kTextTypes.end(),
                                [&](const TextType& t) { return t.type == type; });
  return it == kTextTypes.end() ? nullptr : it;
}

bool is_number(Type type) {
  return type == Type::Boolean || type == Type::Count || type == Type::Ratio;
}

std::string found(const Key& key, std::string_view text, std::string_view fix = {}) {
  std::string out = fmt::format("expected {}, found {}", expectation(key), quote(text));
  if (!fix.empty()) out.append("; ").append(fix);
  return out;
}

ParsedValue in_range(const Key& key, std::string_view text, double value, Value parsed) {
  if (key.most > 0 && (value < key.least || value > key.most)) return {{}, found(key, text)};
  return {std::move(parsed), {}};
}

ParsedValue parse_boolean(const Key& key, std::string_view text) {
  if (text == "true" || text == "false") return {text == "true", {}};
  std::string_view fix;
  for (std::string_view yes : {"yes", "on", "1"}) {
    if (iequals(text, yes) || iequals(text, "true")) fix = "write true";
  }
  for (std::string_view no : {"no", "off", "0"}) {
    if (iequals(text, no) || iequals(text, "false")) fix = "write false";
  }
  return {{}, found(key, text, fix)};
}

ParsedValue parse_choice(const Key& key, std::string_view text) {
  for (std::size_t i = 0; i < key.choices.size(); ++i) {
    if (key.choices[i] == text) return {static_cast<std::uint64_t>(i), {}};
  }
  const std::string_view meant = closest(text, key.choices);
  return {{}, found(key, text, meant.empty() ? "" : fmt::format("did you mean {}?", meant))};
}

ParsedValue parse_quantity(const Key& key, std::string_view text) {
  if (key.type == Type::Duration) {
    if (const auto value = parse_duration(text)) {
      const auto ms = static_cast<std::uint64_t>(value->count());
      return in_range(key, text, static_cast<double>(ms), ms);
    }
    const std::string meant = likely_duration(text);
    return {{}, found(key, text, meant.empty() ? "" : fmt::format("did you mean {}?", meant))};
  }
  if (key.type == Type::Size) {
    if (const auto bytes = parse_size(text))
      return in_range(key, text, static_cast<double>(*bytes), *bytes);
    const std::string meant = likely_size(text);
    return {{}, found(key, text, meant.empty() ? "" : fmt::format("did you mean {}?", meant))};
  }
  if (key.type == Type::Ratio) {
    if (const auto ratio = parse_ratio(text)) return in_range(key, text, *ratio, *ratio);
  } else if (const auto count = parse_count(text)) {
    return in_range(key, text, static_cast<double>(*count), *count);
  }
  return {{}, found(key, text)};
}

ParsedValue parse_text(const Key& key, std::string_view text) {
  const TextType* type = text_type(key.type);
  CHECK(type != nullptr);
  std::string problem = type->problem(text);
  if (!problem.empty()) return {{}, std::move(problem)};
  std::string value(text);
  if (key.type == Type::HostPattern) {
    for (char& c : value)
      c = ascii_lower(c);
  }
  if (key.type == Type::AdminAddress && value == "none") value.clear();
  return {std::move(value), {}};
}

}  // namespace

ParsedValue parse_value(const Key& key, std::string_view text, bool quoted) {
  if (key.type != Type::Variable && text.find("${") != std::string_view::npos) {
    return {{},
            fmt::format(
                "{} holds a variable, and variables are not put in here; write the value itself "
                "(secrets are named by token_env)",
                quote(text))};
  }
  if (quoted && is_number(key.type)) return {{}, found(key, text, "leave out the quotes")};
  switch (key.type) {
    case Type::Boolean:
      return parse_boolean(key, text);
    case Type::Choice:
      return parse_choice(key, text);
    case Type::Count:
    case Type::Ratio:
    case Type::Size:
    case Type::Duration:
      return parse_quantity(key, text);
    default:
      return parse_text(key, text);
  }
}

Value join_values(const Key& key, const std::vector<Value>& elements) {
  if (key.type == Type::Choice) {
    std::vector<std::uint64_t> out;
    for (const Value& element : elements)
      out.push_back(std::get<std::uint64_t>(element));
    return out;
  }
  std::vector<std::string> out;
  for (const Value& element : elements)
    out.push_back(std::get<std::string>(element));
  return out;
}

std::string write_value(const Key& key, double value) {
  switch (key.type) {
    case Type::Size:
      return write_size(static_cast<std::uint64_t>(value));
    case Type::Duration:
      return write_duration(Millis{static_cast<std::int64_t>(value)});
    case Type::Ratio:
      return write_ratio(value);
    default:
      return std::to_string(static_cast<std::uint64_t>(value));
  }
}

std::string type_name(const Key& key) {
  switch (key.type) {
    case Type::Boolean:
      return "true or false";
    case Type::Count:
      return "whole number";
    case Type::Ratio:
      return "number";
    case Type::Size:
      return "size";
    case Type::Duration:
      return "duration";
    case Type::Choice:
      return fmt::format("{}{}", key.is_list ? "list of " : "",
                         fmt::join(key.choices, key.is_list ? ", " : " or "));
    case Type::Map:
    case Type::Merged:
      return "map";
    case Type::Maps:
      return "list of maps";
    case Type::NotBuilt:
      return "not in this version";
    default:
      break;
  }
  const TextType* type = text_type(key.type);
  return key.is_list ? fmt::format("list of {}", type->plural) : std::string(type->name);
}

std::string expectation(const Key& key) {
  const std::string range =
      key.most > 0
          ? fmt::format(" from {} to {}", write_value(key, key.least), write_value(key, key.most))
          : "";
  switch (key.type) {
    case Type::Boolean:
      return "true or false";
    case Type::Count:
      return "a whole number" + range;
    case Type::Ratio:
      return "a number" + range;
    case Type::Size:
      return fmt::format("a size{} (such as {})", range,
                         key.fallback.empty() ? "64MiB" : key.fallback);
    case Type::Duration:
      return fmt::format("a duration{} (such as {})", range,
                         key.fallback.empty() || key.fallback == "0" ? "30s" : key.fallback);
    case Type::Choice:
      return fmt::format("one of {}", fmt::join(key.choices, ", "));
    case Type::Map:
    case Type::Merged:
    case Type::Maps:
    case Type::NotBuilt:
      return key.example.empty()
                 ? "a map"
                 : fmt::format("{} such as {}", key.type == Type::Maps ? "a list" : "a map",
                               key.example);
    default:
      return std::string(text_type(key.type)->expected);
  }
}

}  // namespace brink::config

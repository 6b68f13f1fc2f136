#include "purge/compat.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "purge/body_reader.h"

namespace brink::purge {

namespace json = boost::json;

namespace {

constexpr std::string_view kEverySite = "*";
constexpr std::string_view kKinds[] = {"files", "tags", "hosts", "prefixes"};
constexpr std::string_view kEverything = "purge_everything";

std::string body_of(std::string_view selector, json::value value, const CompatScope& scope) {
  json::object out{{selector, std::move(value)}};
  if (scope.site != kEverySite) out["site"] = scope.site;
  if (scope.soft) out["soft"] = true;
  if (!scope.wait.empty()) out["wait"] = scope.wait;
  if (!scope.reason.empty()) out["reason"] = scope.reason;
  return json::serialize(out);
}

json::array array_of(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts)
    out.emplace_back(text);
  return out;
}

Problem not_right(std::string_view code, std::string detail) {
  return {422, std::string(code), "The request is not right", std::move(detail)};
}

// The texts of a list: strings, or (files) objects with a "url".
std::optional<std::vector<std::string>> texts_of(const json::value& list, bool are_files) {
  const json::array* array = list.if_array();
  if (array == nullptr || array->empty()) return std::nullopt;
  std::vector<std::string> out;
  for (const json::value& each : *array) {
    const json::value* text = &each;
    if (const json::object* file = each.if_object(); file != nullptr && are_files)
      text = file->if_contains("url");
    if (text == nullptr || !text->is_string() || text->get_string().empty()) return std::nullopt;
    out.emplace_back(text->get_string());
  }
  return out;
}

void add_once(std::vector<std::string>& out, std::string text) {
  if (std::find(out.begin(), out.end(), text) == out.end()) out.push_back(std::move(text));
}

// Cloudflare's members that may be missing are null in some clients.
const json::value* member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

std::optional<Problem> check_members(const json::object& object) {
  for (const auto& each : object) {
    const bool is_known =
        each.key() == kEverything || std::find(std::begin(kKinds), std::end(kKinds),
                                               std::string_view(each.key())) != std::end(kKinds);
    if (!is_known) {
      return not_right("unknown-member",
                       fmt::format("\"{}\" is not known here; this call takes files, tags, hosts, "
                                   "prefixes and purge_everything.",
                                   std::string_view(each.key()).substr(0, 80)));
    }
  }
  return std::nullopt;
}

void append_purges(std::string_view kind, const std::vector<std::string>& texts,
                   const CompatScope& scope, Bodies& out) {
  if (kind == "files") {
    out.push_back(urls_body(texts, scope));
  } else if (kind == "tags") {
    out.push_back(tags_body(texts, scope));
  } else {
    for (const std::string& text : texts)
      out.push_back(body_of(kind == "hosts" ? "host" : "prefix", json::string(text), scope));
  }
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    unsigned char byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) return std::nullopt;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

std::string tags_body(const std::vector<std::string>& tags, const CompatScope& scope) {
  return body_of("tags", array_of(tags), scope);
}

std::string urls_body(const std::vector<std::string>& urls, const CompatScope& scope) {
  return body_of("urls", array_of(urls), scope);
}

std::string all_body(const CompatScope& scope) {
  return body_of("all", true, scope);
}

std::vector<std::string> split_words(std::string_view text, bool at_commas) {
  const std::string_view ends = at_commas ? " \t," : " \t";
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(ends), text.size());
    if (end > 0) add_once(out, std::string(text.substr(0, end)));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return out;
}

std::variant<std::vector<std::string>, Problem> fastly_keys(std::string_view field,
                                                            std::string_view body) {
  std::vector<std::string> keys = split_words(field, false);
  if (!body.empty()) {
    auto parsed = object_of(body, R"({"surrogate_keys":["key_1","key_2"]})");
    if (auto* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
    if (const json::value* list = member(std::get<json::object>(parsed), "surrogate_keys")) {
      auto texts = texts_of(*list, false);
      if (!texts) {
        return not_right("invalid-member",
                         "\"surrogate_keys\": expected a list of at least one text.");
      }
      for (std::string& text : *texts)
        add_once(keys, std::move(text));
    }
  }
  if (!keys.empty()) return keys;
  return not_right("one-selector",
                   "Name the keys, in a field \"Surrogate-Key: key_1 key_2\" or in a body "
                   "{\"surrogate_keys\":[\"key_1\",\"key_2\"]}.");
}

Translation cloudflare_purges(std::string_view body, const CompatScope& scope) {
  auto parsed = object_of(body, R"({"files":["https://shop.example.com/product/7"]})");
  if (auto* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
  const auto& object = std::get<json::object>(parsed);
  if (auto problem = check_members(object)) return std::move(*problem);
  Bodies out;
  for (const std::string_view kind : kKinds) {
    const json::value* list = member(object, kind);
    if (list == nullptr) continue;
    const auto texts = texts_of(*list, kind == "files");
    if (!texts) {
      return not_right("not-a-list",
                       fmt::format("\"{}\" must be an array of at least one text{}.", kind,
                                   kind == "files" ? ", or objects with \"url\"" : ""));
    }
    append_purges(kind, *texts, scope, out);
  }
  if (const json::value* everything = member(object, kEverything)) {
    if (!everything->is_bool())
      return not_right("invalid-member", "\"purge_everything\" must be true.");
    if (everything->get_bool()) out = {all_body(scope)};
  }
  if (out.empty()) {
    return Problem{400, "nothing-named", "The request is not right",
                   "Request must contain one of \"purge_everything\", \"files\", \"tags\", "
                   "\"hosts\" or \"prefixes\""};
  }
  if (out.size() > kPurgesPerRequest) {
    return not_right("limit-reached",
                     fmt::format("A request may name {} hosts and prefixes; found {}. Send several "
                                 "requests.",
                                 kPurgesPerRequest, out.size()));
  }
  return out;
}

int cloudflare_code(int status, std::string_view code) {
  struct Known {
    std::string_view code;
    int number;
  };
  constexpr Known kKnown[] = {{"invalid-json", 6007},     {"nothing-named", 1012},
                              {"not-a-list", 1014},       {"unknown-site", 7003},
                              {"unauthorized", 10000},    {"right-missing", 10000},
                              {"site-not-allowed", 10000}};
  for (const Known& each : kKnown) {
    if (each.code == code) return each.number;
  }
  return 20'000 + status;
}

}  // namespace brink::purge

#include "purge/method_purge.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace brink::purge {

namespace {

constexpr std::string_view kMeta = "\\^$.|?*+()[]{}";
constexpr std::string_view kLettersAndDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

// Fields that name tags as they are, and what separates them.
struct TagField {
  std::string_view name;
  bool at_commas;
  bool is_soft;
};
constexpr TagField kTagFields[] = {
    {"xkey-purge", false, false},    {"xkey", false, false},     {"xkey-softpurge", false, true},
    {"surrogate-key", false, false}, {"cache-tag", true, false},
};
// Fields whose tags come in a regular expression.
constexpr std::string_view kPatternFields[] = {"x-magento-tags-pattern", "x-cache-tags",
                                               "cache-tags", "purge-cache-tags"};
constexpr std::string_view kSoftFields[] = {"x-soft-purge", "purge-soft", "x-purge-soft",
                                            "fastly-soft-purge", "x-magento-purge-soft"};

Problem not_right(std::string detail) {
  return {400, "invalid-purge", "The purge is not right", std::move(detail)};
}

bool is_on(std::string_view value) {
  return !value.empty() && value != "0" && !iequals(value, "false") && !iequals(value, "off");
}

// Matches everything, as clients write it.
bool is_any(std::string_view pattern) {
  return pattern.empty() || pattern == ".*" || pattern == "^.*$" || pattern == ".+" ||
         pattern == ".";
}

bool strip_start(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

bool strip_end(std::string_view& text, std::string_view what) {
  if (!text.ends_with(what)) return false;
  text.remove_suffix(what.size());
  return true;
}

// "a|(b|c)" → "a", "(b|c)". Nothing when the parentheses do not match.
std::optional<std::vector<std::string_view>> alternatives(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')') {
      if (--depth < 0) return std::nullopt;
    } else if (text[i] == '|' && depth == 0) {
      out.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  if (depth != 0) return std::nullopt;
  out.push_back(text.substr(begin));
  return out;
}

// What clients put around a tag so that it is found as a whole in a list.
void strip_boundaries(std::string_view& text) {
  constexpr std::string_view kStarts[] = {"(^|,)", "(,|^)", "(^| )", "(^|\\s)", "(\\s|^)", "^"};
  constexpr std::string_view kEnds[] = {"(,|$)",   "($|,)",   "( |$)",   "(\\s|$)",
                                        "($|\\s)", "(,.+)?$", "(,.*)?$", "$"};
  std::any_of(std::begin(kStarts), std::end(kStarts),
              [&](std::string_view each) { return strip_start(text, each); });
  std::any_of(std::begin(kEnds), std::end(kEnds),
              [&](std::string_view each) { return strip_end(text, each); });
}

// One tag, with its escapes taken away. '.' counts as itself: tags such as config:block.x come
// unescaped. No list: "a,b" finds neither a nor b.
std::optional<std::string> literal_tag(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      const std::string_view next = text.substr(++i, 1);
      const bool is_mark = !next.empty() && next.front() > ' ' && next.front() < '\x7f' &&
                           next.find_first_of(kLettersAndDigits) == next.npos;
      if (!is_mark) return std::nullopt;  // a class such as \d
    } else if (text[i] == ',' || static_cast<unsigned char>(text[i]) <= ' ' ||
               (text[i] != '.' && kMeta.find(text[i]) != kMeta.npos)) {
      return std::nullopt;
    }
    out.push_back(text[i]);
  }
  if (out.empty()) return std::nullopt;
  return out;
}

bool collect_tags(std::string_view pattern, int depth, std::vector<std::string>& out) {
  constexpr int kDeepest = 8;
  if (depth > kDeepest) return false;
  const auto parts = alternatives(pattern);
  if (!parts) return false;
  for (std::string_view part : *parts) {
    if (parts->size() > 1) {
      if (!collect_tags(part, depth + 1, out)) return false;
      continue;
    }
    strip_boundaries(part);
    if (part.starts_with('(') && part.ends_with(')')) {
      if (!collect_tags(part.substr(1, part.size() - 2), depth + 1, out)) return false;
    } else if (auto tag = literal_tag(part)) {
      if (std::find(out.begin(), out.end(), *tag) == out.end()) out.push_back(std::move(*tag));
    } else {
      return false;
    }
  }
  return true;
}

// Without '^' and '$' (\A and \z) outside of classes and escapes: inside a longer expression they
// find nothing.
std::string without_anchors(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const std::string_view escape = pattern.substr(i++, 2);
      if (escape != "\\A" && escape != "\\z") out.append(escape);
      continue;
    }
    if (in_class || (c != '^' && c != '$')) out.push_back(c);
    if (c == '[' && !in_class) {
      in_class = true;
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') out.push_back(pattern[++i]);
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') out.push_back(pattern[++i]);
    } else if (c == ']') {
      in_class = false;
    }
  }
  return out;
}

bool is_one_branch(std::string_view pattern) {
  return pattern.find('|') == pattern.npos;
}

bool is_host_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':';
  });
}

std::string regex_body(const std::string& regex, const CompatScope& scope) {
  boost::json::object out{{"regex", regex}, {"site", scope.site}};
  if (scope.soft) out["soft"] = true;
  if (!scope.wait.empty()) out["wait"] = scope.wait;
  out["reason"] = scope.reason;
  return boost::json::serialize(out);
}

// Tags of every field that names some. False, with a problem, when an expression is not one of
// tags.
struct FoundTags {
  bool are_named = false;
  bool is_everything = false;
  bool is_soft = false;
  bool is_hard = false;
  std::vector<std::string> tags;
};

std::optional<Problem> find_tags(Fields fields, FoundTags& out) {
  for (const Field& field : fields) {
    for (const TagField& known : kTagFields) {
      if (!iequals(known.name, field.name)) continue;
      out.are_named = true;
      (known.is_soft ? out.is_soft : out.is_hard) = true;
      for (std::string& tag : split_words(field.value, known.at_commas))
        out.tags.push_back(std::move(tag));
    }
    for (const std::string_view known : kPatternFields) {
      if (!iequals(known, field.name)) continue;
      out.are_named = true;
      out.is_hard = true;
      if (is_any(field.value)) {
        out.is_everything = true;
        continue;
      }
      const auto tags = tags_of_pattern(field.value);
      if (!tags) {
        return not_right(fmt::format(
            "{}: '{}' is not an expression of whole tags, such as ((^|,)cat_p_1(,|$)) or a|b. Tags "
            "are compared as a whole here; name each of them",
            field.name, field.value.substr(0, 80)));
      }
      out.tags.insert(out.tags.end(), tags->begin(), tags->end());
    }
  }
  return std::nullopt;
}

// Of several names, the first field that is there.
std::string_view first_of(Fields fields, std::string_view name, std::string_view other) {
  const Field* field = find_field(fields, name);
  return field != nullptr ? field->value : field_value(fields, other);
}

Translation ban(const MethodRequest& request, const CompatScope& scope) {
  const std::string_view path = first_of(request.fields, "x-ban-url", "x-url");
  const std::string_view host = first_of(request.fields, "x-ban-host", "x-host");
  if (path.empty() && host.empty()) {
    return not_right(
        "a BAN says what in X-Ban-Url (a regular expression for the path), X-Ban-Host, or tags in "
        "xkey, Surrogate-Key, Cache-Tags or X-Cache-Tags. For one URL send PURGE");
  }
  if (!host.empty() && is_any(host) && is_any(path)) return Bodies{all_body(scope)};
  if (is_any(path) && is_host_name(host)) {
    boost::json::object out{{"host", host}, {"site", scope.site}, {"reason", scope.reason}};
    if (scope.soft) out["soft"] = true;
    if (!scope.wait.empty()) out["wait"] = scope.wait;
    return Bodies{boost::json::serialize(out)};
  }
  std::string hosts(host);
  if (host.empty() || is_host_name(host))
    hosts = "^" + host_literal(host.empty() ? request.host : host) + "$";
  return Bodies{regex_body(url_regex(hosts, path), scope)};
}

Translation purge_url(const MethodRequest& request, const CompatScope& scope) {
  const std::string_view how = field_value(request.fields, "x-purge-method");
  if (iequals(how, "regex")) {
    const std::string host = "^" + host_literal(request.host) + "$";
    return Bodies{regex_body(url_regex(host, request.target), scope)};
  }
  if (!how.empty() && !iequals(how, "default") && !iequals(how, "exact")) {
    return not_right(fmt::format("X-Purge-Method: '{}' is not known; take default, exact or regex",
                                 how.substr(0, 80)));
  }
  return Bodies{urls_body({fmt::format("http://{}{}", request.host, request.target)}, scope)};
}

}  // namespace

bool is_purge_method(std::string_view method) {
  return method == "PURGE" || method == "BAN" || method == "PURGEKEYS";
}

std::string host_literal(std::string_view host) {
  std::string out;
  for (const char c : normal_host(host)) {
    if (kMeta.find(c) != kMeta.npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::optional<std::vector<std::string>> tags_of_pattern(std::string_view pattern) {
  std::vector<std::string> out;
  if (!collect_tags(pattern, 0, out)) return std::nullopt;
  return out;
}

std::string url_regex(std::string_view host, std::string_view path) {
  std::string out = "^https?://";
  if (is_any(host)) {
    out += "[^/]+";
  } else {
    const bool from_start = host.starts_with('^') && is_one_branch(host);
    const bool to_end = host.ends_with('$') && !host.ends_with("\\$") && is_one_branch(host);
    out += fmt::format("{}(?:{}){}", from_start ? "" : "[^/]*", without_anchors(host),
                       to_end ? "" : "[^/]*");
  }
  if (is_any(path)) return out + "/";
  const bool from_start = path.starts_with('^') && is_one_branch(path);
  const bool to_end = path.ends_with('$') && !path.ends_with("\\$") && is_one_branch(path);
  return out + fmt::format("{}(?:{}){}", from_start ? "" : "(?:/.*)?", without_anchors(path),
                           to_end ? "$" : "");
}

Translation method_purge(const MethodRequest& request) {
  CompatScope scope;
  scope.site = request.site;
  scope.wait = field_value(request.fields, "x-purge-wait");
  for (const char c : fmt::format("{} {}", request.method, request.target.substr(0, 512)))
    scope.reason.push_back(c >= ' ' && c < '\x7f' ? c : '?');
  scope.soft =
      std::any_of(std::begin(kSoftFields), std::end(kSoftFields),
                  [&](std::string_view name) { return is_on(field_value(request.fields, name)); });
  FoundTags found;
  if (auto problem = find_tags(request.fields, found)) return std::move(*problem);
  const std::string_view type = first_of(request.fields, "x-ban-content-type", "x-content-type");
  if (!is_any(type))
    return not_right("X-Content-Type: what is stored cannot be purged by its type; name tags");
  if (!found.are_named) {
    if (request.method == "PURGE") return purge_url(request, scope);
    if (request.method == "BAN") return ban(request, scope);
    return not_right("PURGEKEYS names tags in xkey-purge, xkey-softpurge or Surrogate-Key");
  }
  if (!is_any(first_of(request.fields, "x-ban-url", "x-url")) ||
      !is_any(first_of(request.fields, "x-ban-host", "x-host")))
    return not_right("tags and a URL or host cannot be asked for together; send two requests");
  if (found.is_soft && found.is_hard)
    return not_right(
        "xkey-softpurge and other tags cannot be asked for together; send two requests");
  scope.soft = scope.soft || found.is_soft;
  if (found.is_everything) return Bodies{all_body(scope)};
  if (found.tags.empty()) return not_right("the field that names the tags is empty");
  return Bodies{tags_body(found.tags, scope)};
}

}  // namespace brink::purge

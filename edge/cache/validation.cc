#include "edge/cache/validation.h"

#include <algorithm>
#include <array>
#include <vector>

#include "edge/cache/http_date.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache {
namespace {

// Entity tags (RFC 9110 §8.8.3): a quoted string without escapes, perhaps behind "W/".
bool is_quoted(std::string_view tag) {
  return tag.size() >= 2 && tag.front() == '"' && tag.back() == '"';
}
bool is_weak(std::string_view tag) {
  return tag.starts_with("W/") && is_quoted(tag.substr(2));
}
bool is_well_formed(std::string_view tag) {
  return is_quoted(tag) || is_weak(tag);
}
std::string_view opaque(std::string_view tag) {
  return is_weak(tag) ? tag.substr(2) : tag;
}

// §8.8.3.2. What is no entity tag matches byte for byte only.
bool weak_match(std::string_view a, std::string_view b) {
  if (a == b) return !a.empty();
  return is_well_formed(a) && is_well_formed(b) && opaque(a) == opaque(b);
}
bool strong_match(std::string_view a, std::string_view b) {
  return !a.empty() && a == b && !is_weak(a);
}

// Calls `f(tag)` for each member until it returns false. Unlike other lists, a backslash escapes
// nothing here.
template <class F>
void for_each_tag(std::string_view list, F&& f) {
  std::size_t begin = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    if (i < list.size()) {
      if (list[i] == '"') quoted = !quoted;
      if (list[i] != ',' || quoted) continue;
    }
    const std::string_view tag = trim_ows(list.substr(begin, i - begin));
    begin = i + 1;
    if (!tag.empty() && !f(tag)) return;
  }
}

template <class Match>
bool any_tag(std::string_view list, std::string_view stored, Match&& match) {
  bool found = false;
  for_each_tag(list, [&](std::string_view tag) {
    found = tag == "*" || match(tag, stored);
    return !found;
  });
  return found;
}

enum class Condition : std::uint8_t {
  None,
  IfMatch,
  IfNoneMatch,
  IfModifiedSince,
  IfUnmodifiedSince,
  IfRange,
};

// By length and first letter: a field that is none of them costs two compares.
Condition identify(std::string_view name) {
  if (name.size() < 8 || ascii_lower(name[0]) != 'i' || name[2] != '-') return Condition::None;
  switch (name.size()) {
    case 8:
      return iequals(name, "if-match")   ? Condition::IfMatch
             : iequals(name, "if-range") ? Condition::IfRange
                                         : Condition::None;
    case 13:
      return iequals(name, "if-none-match") ? Condition::IfNoneMatch : Condition::None;
    case 17:
      return iequals(name, "if-modified-since") ? Condition::IfModifiedSince : Condition::None;
    case 19:
      return iequals(name, "if-unmodified-since") ? Condition::IfUnmodifiedSince : Condition::None;
    default:
      return Condition::None;
  }
}

struct ListCondition {
  bool present = false;
  bool holds = false;
};
struct DateCondition {
  int lines = 0;
  std::string_view value;
  void take(std::string_view line) {
    ++lines;
    value = trim_ows(line);
  }
};

// What a request asks, its lists compared already.
struct Conditions {
  ListCondition if_match, if_none_match;
  DateCondition if_modified_since, if_unmodified_since;
  bool any = false;
};

Conditions read_conditions(Fields request, std::string_view etag) {
  Conditions out;
  for (const Field& field : request) {
    const Condition condition = identify(field.name);
    if (condition == Condition::None) continue;
    out.any = true;
    if (condition == Condition::IfMatch) {
      out.if_match.present = true;
      out.if_match.holds = out.if_match.holds || any_tag(field.value, etag, strong_match);
    } else if (condition == Condition::IfNoneMatch) {
      out.if_none_match.present = true;
      out.if_none_match.holds = out.if_none_match.holds || any_tag(field.value, etag, weak_match);
    } else if (condition == Condition::IfModifiedSince) {
      out.if_modified_since.take(field.value);
    } else if (condition == Condition::IfUnmodifiedSince) {
      out.if_unmodified_since.take(field.value);
    }
  }
  return out;
}

// Seconds since 1970 of a date condition, or kNoDate: absent, repeated and invalid ones are ignored
// (§13.1.3).
std::int64_t date_of(const DateCondition& condition, TimePoint now) {
  if (condition.lines != 1) return kNoDate;
  const auto time = parse_http_date(condition.value, now);
  return time ? std::chrono::floor<Seconds>(*time).time_since_epoch().count() : kNoDate;
}

bool not_modified_since(const DateCondition& condition, const StoredMeta& meta,
                        std::string_view head, TimePoint now) {
  const std::int64_t changed = meta.last_modified_s != kNoDate ? meta.last_modified_s : meta.date_s;
  if (condition.lines != 1 || changed == kNoDate) return false;
  if (meta.last_modified_s != kNoDate && condition.value == slice(head, meta.last_modified))
    return true;
  const std::int64_t since = date_of(condition, now);
  return since != kNoDate && changed <= since;
}

}  // namespace

Precondition evaluate_preconditions(std::string_view method, Fields request, const StoredMeta& meta,
                                    std::string_view head, TimePoint now) {
  if (meta.status < 200 || meta.status > 299) return Precondition::Proceed;
  const Conditions conditions = read_conditions(request, slice(head, meta.etag));
  if (!conditions.any) return Precondition::Proceed;
  if (conditions.if_match.present) {
    if (!conditions.if_match.holds) return Precondition::Failed;
  } else if (meta.last_modified_s != kNoDate) {
    const std::int64_t since = date_of(conditions.if_unmodified_since, now);
    if (since != kNoDate && meta.last_modified_s > since) return Precondition::Failed;
  }
  const bool reads = method == "GET" || method == "HEAD";
  if (conditions.if_none_match.present) {
    if (!conditions.if_none_match.holds) return Precondition::Proceed;
    return reads ? Precondition::NotModified : Precondition::Failed;
  }
  return reads && not_modified_since(conditions.if_modified_since, meta, head, now)
             ? Precondition::NotModified
             : Precondition::Proceed;
}

bool is_condition_field(std::string_view name) {
  return identify(name) != Condition::None;
}

bool is_conditional(Fields request) {
  return std::any_of(request.begin(), request.end(),
                     [](const Field& field) { return is_condition_field(field.name); });
}

namespace {

bool has_strong_date(const StoredMeta& meta) {
  return meta.last_modified_s != kNoDate && meta.date_s != kNoDate &&
         meta.date_s > meta.last_modified_s;
}

}  // namespace

std::string_view strong_validator(const StoredMeta& meta, std::string_view head) {
  const std::string_view tag = slice(head, meta.etag);
  if (!tag.empty()) return is_quoted(tag) ? tag : std::string_view{};
  return has_strong_date(meta) ? slice(head, meta.last_modified) : std::string_view{};
}

bool same_representation(Fields response, const StoredMeta& meta, std::string_view head) {
  const std::string_view validator = strong_validator(meta, head);
  if (validator.empty()) return false;
  if (meta.etag.length > 0) return single_value(response, "etag") == validator;
  return find_field(response, "etag") == nullptr &&
         single_value(response, "last-modified") == validator;
}

bool is_entity_tag(std::string_view tag) {
  return is_well_formed(tag) && std::count(tag.begin(), tag.end(), '"') == 2;
}

bool if_range_holds(Fields request, const StoredMeta& meta, std::string_view head) {
  const FieldLines lines = field_lines(request, "if-range");
  if (lines.count == 0) return true;
  if (lines.count > 1) return false;
  if (lines.first.starts_with('"')) {
    return is_quoted(lines.first) && strong_match(lines.first, slice(head, meta.etag));
  }
  return has_strong_date(meta) && lines.first == slice(head, meta.last_modified);
}

ValidationFields validation_fields(const StoredMeta& meta, std::string_view head) {
  return {slice(head, meta.etag), slice(head, meta.last_modified)};
}

bool belongs_in_304(std::string_view name) {
  // Representation metadata (RFC 9110 §8, RFC 9530); Last-Modified stays, it guides cache updates.
  constexpr std::array<std::string_view, 4> kMetadata = {"digest", "repr-digest", "trailer",
                                                         "accept-ranges"};
  if (istarts_with(name, "content-")) {
    return iequals(name, "content-location") || istarts_with(name, "content-security-policy");
  }
  return std::none_of(kMetadata.begin(), kMetadata.end(),
                      [&](std::string_view known) { return iequals(known, name); });
}

namespace {

// A received tag, or none, agrees with the stored one.
bool tag_agrees(std::string_view tag, std::string_view stored_tag) {
  if (tag.empty()) return true;
  return is_weak(tag) ? weak_match(tag, stored_tag) : strong_match(tag, stored_tag);
}

bool date_agrees(const ResponseContext& context, const StoredMeta& meta, std::string_view head) {
  const std::string_view modified = single_value(context.fields, "last-modified");
  if (modified.empty() || modified == slice(head, meta.last_modified)) return true;
  const auto time = parse_http_date(modified, context.response_time);
  return time &&
         meta.last_modified_s == std::chrono::floor<Seconds>(*time).time_since_epoch().count();
}

}  // namespace

bool selects(const ResponseContext& context, const StoredMeta& meta, std::string_view head) {
  const std::string_view tag = single_value(context.fields, "etag");
  return tag.empty() ? date_agrees(context, meta, head) : tag_agrees(tag, slice(head, meta.etag));
}

bool head_describes(const ResponseContext& context, const StoredMeta& meta, std::string_view head,
                    std::uint64_t stored_length) {
  const FieldLines length = field_lines(context.fields, "content-length");
  if (length.count > 0) {
    const auto value = parse_digits(length.first, UINT64_MAX);
    if (length.count > 1 || !value || *value != stored_length) return false;
  }
  // Any received validator must agree, not only the tag.
  return tag_agrees(single_value(context.fields, "etag"), slice(head, meta.etag)) &&
         date_agrees(context, meta, head);
}

}  // namespace brink::edge::cache

// The head block: what of a response's fields is kept, and in which shape (RFC 9111 §3.1). Declared
// in storable.h.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <vector>

#include "edge/cache/groups.h"
#include "edge/cache/http_date.h"
#include "edge/cache/storable.h"
#include "edge/cache/tags.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache {
namespace {

constexpr std::size_t kHeadLimitBytes = std::numeric_limits<std::uint16_t>::max();

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](auto known) { return iequals(known, name); });
}

// Ours to write anew, or meant for one hop of ours.
bool is_rewritten(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames = {"content-length", "age", "cache-status"};
  return contains(kNames, name) ||
         (istarts_with(name, "brink-") && !iequals(name, "brink-cache-control"));
}

// A line that cannot end early and cannot be read as another field.
bool is_well_formed(const Field& field) {
  const auto control = [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
  };
  return is_token(field.name) && std::none_of(field.value.begin(), field.value.end(), control);
}

// Names that this response itself excludes: Connection's options and qualified private / no-cache.
// Sorted.
std::vector<std::string_view> excluded_names(Fields fields, const ResponseDirectives& directives) {
  std::vector<std::string_view> names = connection_options(fields);
  names.insert(names.end(), directives.no_cache_fields.begin(), directives.no_cache_fields.end());
  names.insert(names.end(), directives.private_fields.begin(), directives.private_fields.end());
  std::sort(names.begin(), names.end(), iless);
  return names;
}

void append_status_line(int status, std::string& out) {
  char digits[12];
  const auto end = std::to_chars(digits, digits + sizeof digits, status);
  out.append("HTTP/1.1 ")
      .append(digits, end.ptr)
      .append(" ")
      .append(reason_phrase(status))
      .append("\r\n");
}

HeadSlice append_line(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ");
  const std::size_t offset = out.size();
  out.append(value).append("\r\n");
  if (out.size() > kHeadLimitBytes) return {};
  return {static_cast<std::uint16_t>(offset), static_cast<std::uint16_t>(value.size())};
}

// The slices of fields that are allowed once; a second line withdraws the first.
class Slices {
 public:
  explicit Slices(StoredMeta& meta) : meta_(meta) {
    for (const Single& single : singles_)
      meta_.*single.slot = {};
    meta_.vary = {};
  }
  void note(std::string_view name, HeadSlice slice) {
    for (Single& single : singles_) {
      if (!iequals(single.name, name)) continue;
      meta_.*single.slot = single.lines++ == 0 ? slice : HeadSlice{};
      return;
    }
  }
  bool has_date() const { return singles_[0].lines > 0; }

 private:
  struct Single {
    std::string_view name;
    HeadSlice StoredMeta::*slot;
    int lines = 0;
  };
  StoredMeta& meta_;
  std::array<Single, 4> singles_ = {Single{"date", &StoredMeta::date},
                                    Single{"etag", &StoredMeta::etag},
                                    Single{"last-modified", &StoredMeta::last_modified},
                                    Single{"content-language", &StoredMeta::content_language}};
};

// All Vary lines as one; a line that is not well-formed is no more part of it than any other.
std::string joined_vary(Fields fields) {
  std::string joined;
  for (const Field& field : fields) {
    if (!iequals(field.name, "vary") || !is_well_formed(field)) continue;
    if (!joined.empty()) joined += ", ";
    joined += trim_ows(field.value);
  }
  return joined;
}

std::int64_t date_in(std::string_view head, HeadSlice slice, TimePoint now) {
  const auto time = parse_http_date(head.substr(slice.offset, slice.length), now);
  return time ? std::chrono::floor<Seconds>(*time).time_since_epoch().count() : kNoDate;
}

}  // namespace

bool hidden_from_clients(std::string_view name, bool surrogate_control) {
  constexpr std::array<std::string_view, 2> kNames = {"cdn-cache-control", "brink-cache-control"};
  return contains(kNames, name) || is_tag_field(name) || (surrogate_control && iequals(name, "surrogate-control"));
}

bool is_hop_by_hop(std::string_view name) {
  constexpr std::array<std::string_view, 9> kNames = {"connection",
                                                      "keep-alive",
                                                      "proxy-authenticate",
                                                      "proxy-authentication-info",
                                                      "proxy-authorization",
                                                      "proxy-connection",
                                                      "te",
                                                      "transfer-encoding",
                                                      "upgrade"};
  return contains(kNames, name);
}

std::vector<std::string_view> connection_options(Fields fields) {
  std::vector<std::string_view> options;
  for (const Field& field : fields) {
    if (!iequals(field.name, "connection")) continue;
    for_each_list_element(field.value, [&](std::string_view option) {
      const bool for_everyone = iequals(option, "cache-control") || iequals(option, "vary");
      if (!for_everyone) options.push_back(option);
      return true;
    });
  }
  std::sort(options.begin(), options.end(), iless);
  return options;
}

void append_qualified_lines(Fields response, const ResponseDirectives& directives,
                            std::string& out) {
  if (directives.no_cache_fields.empty() && directives.private_fields.empty()) return;
  const auto nominated = connection_options(response);
  const auto qualified = [&](std::string_view name) {
    const auto is = [&](const std::string& other) { return iequals(other, name); };
    return std::any_of(directives.no_cache_fields.begin(), directives.no_cache_fields.end(), is) ||
           std::any_of(directives.private_fields.begin(), directives.private_fields.end(), is);
  };
  for (const Field& field : response) {
    if (!qualified(field.name) || !is_well_formed(field) || is_hop_by_hop(field.name) ||
        is_rewritten(field.name) || hidden_from_clients(field.name, true) ||
        std::binary_search(nominated.begin(), nominated.end(), field.name, iless)) {
      continue;
    }
    append_line(field.name, trim_ows(field.value), out);
  }
}

void append_tag_lines(Fields response, std::string& out) {
  const auto nominated = connection_options(response);
  for (const Field& field : response) {
    if (!is_tag_field(field.name) || !is_well_formed(field) ||
        std::binary_search(nominated.begin(), nominated.end(), field.name, iless)) {
      continue;
    }
    append_line(field.name, trim_ows(field.value), out);
  }
}

bool build_stored_head(const ResponseContext& context, const ResponseDirectives& directives,
                       std::string& out, StoredMeta& meta) {
  out.clear();
  append_status_line(context.status, out);
  Slices slices{meta};
  meta.has_hidden_fields = false;
  meta.has_groups = false;
  meta.keeps_tag_fields = context.keep_tag_fields;
  const auto excluded = excluded_names(context.fields, directives);
  bool has_vary = false;
  for (const Field& field : context.fields) {
    if (!is_well_formed(field) || is_hop_by_hop(field.name) || is_rewritten(field.name) ||
        (!context.keep_tag_fields && is_tag_field(field.name)) ||
        std::binary_search(excluded.begin(), excluded.end(), field.name, iless)) {
      continue;
    }
    if (iequals(field.name, "vary")) {
      if (!has_vary) meta.vary = append_line(field.name, joined_vary(context.fields), out);
      has_vary = true;
    } else {
      slices.note(field.name, append_line(field.name, trim_ows(field.value), out));
    }
    if (out.size() > kHeadLimitBytes) return false;
    meta.has_hidden_fields = meta.has_hidden_fields || hidden_from_clients(field.name, true);
    meta.has_groups = meta.has_groups || iequals(field.name, kCacheGroups);
  }
  if (!slices.has_date()) {
    const auto now = format_http_date(context.response_time);
    meta.date = append_line("Date", {now.data(), now.size()}, out);
    if (out.size() > kHeadLimitBytes) return false;
  }
  meta.date_s = date_in(out, meta.date, context.response_time);
  meta.last_modified_s = date_in(out, meta.last_modified, context.response_time);
  return true;
}

}  // namespace brink::edge::cache

// The head block: what of a response's fields is kept, and in which shape (RFC 9111 §3.1). Declared
// in storable.h.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <vector>

#include "edge/cache/http_date.h"
#include "edge/cache/storable.h"
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
  std::vector<std::string_view> names;
  for (const Field& field : fields) {
    if (!iequals(field.name, "connection")) continue;
    for_each_list_element(field.value, [&](std::string_view option) {
      const bool for_everyone = iequals(option, "cache-control") || iequals(option, "vary");
      if (!for_everyone) names.push_back(option);
      return true;
    });
  }
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

// Keeps the slice of a field that is allowed once; a second line withdraws it.
struct SingleSlice {
  std::string_view name;
  HeadSlice StoredMeta::*slot;
  int lines = 0;

  bool note(std::string_view field, HeadSlice slice, StoredMeta& meta) {
    if (!iequals(field, name)) return false;
    meta.*slot = lines++ == 0 ? slice : HeadSlice{};
    return true;
  }
};

std::int64_t date_in(std::string_view head, HeadSlice slice, TimePoint now) {
  const auto time = parse_http_date(head.substr(slice.offset, slice.length), now);
  return time ? std::chrono::floor<Seconds>(*time).time_since_epoch().count() : kNoDate;
}

}  // namespace

bool hidden_from_clients(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames = {"cdn-cache-control", "brink-cache-control",
                                                      "surrogate-key", "cache-tag", "xkey"};
  return contains(kNames, name);
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

bool build_stored_head(const ResponseContext& context, const ResponseDirectives& directives,
                       std::string& out, StoredMeta& meta) {
  out.clear();
  append_status_line(context.status, out);
  std::array<SingleSlice, 4> singles = {
      SingleSlice{"etag", &StoredMeta::etag},
      SingleSlice{"last-modified", &StoredMeta::last_modified},
      SingleSlice{"date", &StoredMeta::date},
      SingleSlice{"content-language", &StoredMeta::content_language}};
  for (const SingleSlice& single : singles)
    meta.*single.slot = {};
  meta.vary = {};
  meta.has_hidden_fields = false;
  const auto excluded = excluded_names(context.fields, directives);
  bool has_vary = false;
  for (const Field& field : context.fields) {
    if (!is_well_formed(field) || is_hop_by_hop(field.name) || is_rewritten(field.name) ||
        std::binary_search(excluded.begin(), excluded.end(), field.name, iless)) {
      continue;
    }
    if (iequals(field.name, "vary")) {
      if (!has_vary) meta.vary = append_line(field.name, joined_value(context.fields, "vary"), out);
      has_vary = true;
      continue;
    }
    const HeadSlice slice = append_line(field.name, trim_ows(field.value), out);
    if (out.size() > kHeadLimitBytes) return false;
    std::any_of(singles.begin(), singles.end(),
                [&](SingleSlice& single) { return single.note(field.name, slice, meta); });
    meta.has_hidden_fields = meta.has_hidden_fields || hidden_from_clients(field.name);
  }
  if (singles[2].lines == 0) {
    const auto now = format_http_date(context.response_time);
    meta.date = append_line("Date", {now.data(), now.size()}, out);
  }
  if (out.size() > kHeadLimitBytes) return false;
  meta.date_s = date_in(out, meta.date, context.response_time);
  meta.last_modified_s = date_in(out, meta.last_modified, context.response_time);
  return true;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 102:
      return "Processing";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 207:
      return "Multi-Status";
    case 208:
      return "Already Reported";
    case 226:
      return "IM Used";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 305:
      return "Use Proxy";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 424:
      return "Failed Dependency";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 506:
      return "Variant Also Negotiates";
    case 507:
      return "Insufficient Storage";
    case 508:
      return "Loop Detected";
    case 511:
      return "Network Authentication Required";
    default:
      return {};
  }
}

}  // namespace brink::edge::cache

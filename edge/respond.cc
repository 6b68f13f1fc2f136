#include "edge/respond.h"

#include <charconv>

#include "edge/cache/http_date.h"
#include "edge/cache/storable.h"
#include "edge/cache/validation.h"

namespace brink::edge {
namespace {

void append_number(std::string& out, std::uint64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

bool belongs(std::string_view name, HeadKind kind) {
  if (kind == HeadKind::NotModified) return cache::belongs_in_304(name);
  if (kind == HeadKind::Multipart) return !iequals(name, "content-type");
  return true;
}

}  // namespace

bool head_is_verbatim(const store::StoredResponse& response, HeadKind kind, Shown shown) {
  return kind == HeadKind::Whole && (shown == Shown::Everything || !response.meta().has_hidden_fields);
}

void write_head(const store::StoredResponse& response, HeadKind kind, Shown shown, std::string& out) {
  const std::string_view head = response.head();
  out.clear();
  switch (kind) {
    case HeadKind::Whole: out.append(head.substr(0, head.find("\r\n") + 2)); break;
    case HeadKind::NotModified: out.append("HTTP/1.1 304 Not Modified\r\n"); break;
    case HeadKind::Partial:
    case HeadKind::Multipart: out.append("HTTP/1.1 206 Partial Content\r\n"); break;
  }
  cache::for_each_stored_field(head, [&](const Field& field) {
    if (!belongs(field.name, kind)) return true;
    if (shown != Shown::Everything && cache::hidden_from_clients(field.name, shown == Shown::NorSurrogate)) return true;
    out.append(field.name).append(": ").append(field.value).append("\r\n");
    return true;
  });
}

void write_error_head(int status, TimePoint now, std::string& out) {
  out.assign("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(status));
  out.append(" ").append(cache::reason_phrase(status));
  out.append("\r\nDate: ");
  const auto date = cache::format_http_date(now);
  out.append(date.data(), date.size());
  out.append("\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n");
}

void write_error_text(int status, std::string_view what, std::string& out) {
  out.clear();
  append_number(out, static_cast<std::uint64_t>(status));
  out.append(" ").append(cache::reason_phrase(status));
  if (!what.empty()) out.append(": ").append(what);
  out.append("\n");
}

void append_content_range(std::string& out, cache::ByteRange range, std::uint64_t complete_length) {
  out.append("Content-Range: bytes ");
  append_number(out, range.begin);
  out.append("-");
  append_number(out, range.end - 1);
  out.append("/");
  append_number(out, complete_length);
  out.append("\r\n");
}

void append_unsatisfied_range(std::string& out, std::uint64_t complete_length) {
  out.append("Content-Range: bytes */");
  append_number(out, complete_length);
  out.append("\r\n");
}

void append_age(std::string& out, std::uint32_t age_s) {
  out.append("Age: ");
  append_number(out, age_s);
  out.append("\r\n");
}

}  // namespace brink::edge

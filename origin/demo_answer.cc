#include "origin/demo_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "config/runtime/fields.h"
#include "origin/demo_http.h"

namespace brink::origin {
namespace {

enum class Comparison : std::uint8_t { Strong, Weak };

std::string_view opaque_tag(std::string_view etag) {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

bool tags_match(std::string_view a, std::string_view b, Comparison comparison) {
  if (comparison == Comparison::Weak) return opaque_tag(a) == opaque_tag(b);
  return a == b && !a.starts_with("W/");
}

bool any_tag_matches(std::string_view list, std::string_view etag, Comparison comparison) {
  if (trim_ows(list) == "*") return true;
  bool found = false;
  for_each_list_element(list, [&](std::string_view tag) {
    found = tags_match(tag, etag, comparison);
    return !found;
  });
  return found && !etag.empty();
}

// Last-Modified has whole seconds on the wire, so that is what is compared.
bool modified_since(const DemoReply& reply, TimePoint date) {
  return std::chrono::floor<std::chrono::seconds>(*reply.last_modified) > date;
}

// 200 when the conditions hold; 304 or 412 otherwise, in the order of RFC 9110 §13.2.2.
int evaluate_conditions(const DemoRequest& request, const DemoReply& reply) {
  if (const std::string match = request.joined_field("If-Match"); !match.empty()) {
    if (!any_tag_matches(match, reply.etag, Comparison::Strong)) return 412;
  } else if (reply.last_modified) {
    const auto date = demo_parse_date(request.field("If-Unmodified-Since"));
    if (date && modified_since(reply, *date)) return 412;
  }
  if (const std::string none = request.joined_field("If-None-Match"); !none.empty()) {
    return any_tag_matches(none, reply.etag, Comparison::Weak) ? 304 : 200;
  }
  if (reply.last_modified) {
    const auto date = demo_parse_date(request.field("If-Modified-Since"));
    if (date && !modified_since(reply, *date)) return 304;
  }
  return 200;
}

// RFC 9110 §13.1.5: a range counts only for the representation that the client has a part of.
bool if_range_holds(const DemoRequest& request, const DemoReply& reply) {
  const std::string_view condition = request.field("If-Range");
  if (condition.empty()) return true;
  if (condition.find('"') != std::string_view::npos) {
    return tags_match(condition, reply.etag, Comparison::Strong);
  }
  return reply.last_modified && demo_format_date(*reply.last_modified) == condition;
}

void replace_by_error(DemoReply& reply, int status, std::string text) {
  reply.status = status;
  reply.body = DemoBody(std::move(text));
  reply.etag.clear();
  reply.last_modified.reset();
  std::erase_if(reply.fields, [](const auto& field) {
    return iequals(field.first, "Content-Encoding") || iequals(field.first, "Content-Language") ||
           iequals(field.first, "Cache-Control") || iequals(field.first, "CDN-Cache-Control");
  });
  reply.set("Content-Type", "text/plain; charset=utf-8");
  reply.set("Cache-Control", "no-store");
}

void apply_conditions(const DemoRequest& request, DemoReply& reply) {
  if (reply.etag.empty() && !reply.last_modified) return;
  const int status = evaluate_conditions(request, reply);
  if (status == 304) reply.status = 304;
  if (status == 412) replace_by_error(reply, 412, "The condition is false.\n");
}

void apply_range(const DemoRequest& request, DemoReply& reply, DemoAnswer& answer) {
  const std::uint64_t size = reply.body.size();
  reply.set("Accept-Ranges", "bytes");
  if (request.method != "GET" || !if_range_holds(request, reply)) return;
  const DemoRange range = demo_parse_range(request.field("Range"), size);
  if (range.kind == DemoRange::Kind::Unsatisfiable) {
    replace_by_error(reply, 416, "There is no such range.\n");
    reply.set("Content-Range", fmt::format("bytes */{}", size));
    answer.length = reply.body.size();
  } else if (range.kind == DemoRange::Kind::Part) {
    reply.status = 206;
    answer.first = range.first;
    answer.length = range.length;
    reply.set("Content-Range",
              fmt::format("bytes {}-{}/{}", range.first, range.first + range.length - 1, size));
  }
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

void append_framing(const DemoRequest& request, const DemoReply& reply, DemoAnswer& answer) {
  const bool bodiless = reply.status < 200 || reply.status == 204 || reply.status == 304;
  answer.keep_alive = request.keep_alive && !reply.delivery.cut_after;
  if (bodiless) {
    answer.length = 0;
  } else if (!reply.delivery.chunked) {
    append_field(answer.head, "Content-Length", std::to_string(answer.length));
  } else if (request.http_1_0) {
    answer.keep_alive = false;  // the end of the connection is the end of the body
  } else {
    append_field(answer.head, "Transfer-Encoding", "chunked");
    answer.chunked = true;
  }
  if (request.method == "HEAD") answer.length = 0;
  if (!answer.keep_alive) {
    append_field(answer.head, "Connection", "close");
  } else if (request.http_1_0) {
    append_field(answer.head, "Connection", "keep-alive");
  }
}

}  // namespace

DemoAnswer demo_prepare(const DemoRequest& request, DemoReply& reply, std::string_view name) {
  DemoAnswer answer;
  const bool retrieves = request.method == "GET" || request.method == "HEAD";
  if (retrieves && reply.status == 200) apply_conditions(request, reply);
  answer.length = reply.body.size();
  if (retrieves && reply.status == 200 && !reply.delivery.chunked) {
    apply_range(request, reply, answer);
  }
  answer.head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nServer: brink-origin\r\n", reply.status,
                            demo_reason_phrase(reply.status), demo_format_date(request.now));
  for (const auto& [field, value] : reply.fields)
    append_field(answer.head, field, value);
  if (!reply.etag.empty()) append_field(answer.head, "ETag", reply.etag);
  if (reply.last_modified) {
    append_field(answer.head, "Last-Modified", demo_format_date(*reply.last_modified));
  }
  append_field(answer.head, "X-Origin-Name", name);
  if (request.asked > 0)
    append_field(answer.head, "X-Origin-Request", std::to_string(request.asked));
  append_framing(request, reply, answer);
  answer.head += "\r\n";
  if (answer.chunked && request.method == "HEAD") answer.chunked = false;
  return answer;
}

std::string demo_early_hints(const DemoFields& fields) {
  std::string head = "HTTP/1.1 103 Early Hints\r\n";
  for (const auto& [name, value] : fields)
    append_field(head, name, value);
  return head += "\r\n";
}

}  // namespace brink::origin

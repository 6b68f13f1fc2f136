#include "edge/http2_response.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "config/runtime/fields.h"

namespace brink::edge {
namespace {

constexpr std::array<std::string_view, 5> kConnectionFields = {"connection", "keep-alive", "proxy-connection",
                                                               "transfer-encoding", "upgrade"};

// Said once, or secret: not worth a place in the client's table.
bool is_never_indexed(std::string_view name) { return name == "cache-status" || name == "set-cookie"; }

std::uint8_t* bytes(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // the library does not write to it
}

nghttp2_nv pair(std::string_view name, std::string_view value) {
  std::uint8_t flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
  if (is_never_indexed(name)) flags |= NGHTTP2_NV_FLAG_NO_INDEX;
  return {bytes(name), bytes(value), name.size(), value.size(), flags};
}

}  // namespace

void Http2ResponseHead::begin(std::string_view status) {
  names_.clear();
  lines_.clear();
  fields_.clear();
  priority_ = {};
  status.copy(status_, 3);
}

void Http2ResponseHead::add_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return;
  const std::size_t at = names_.size();
  for (const char c : line.substr(0, colon)) names_.push_back(ascii_lower(c));
  const std::string_view name = std::string_view(names_).substr(at);
  if (std::find(kConnectionFields.begin(), kConnectionFields.end(), name) != kConnectionFields.end()) {
    names_.resize(at);
    return;
  }
  lines_.push_back({at, line.substr(0, colon), trim_ows(line.substr(colon + 1))});
  if (name == "priority") priority_ = lines_.back().value;
}

void Http2ResponseHead::add_lines(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find("\r\n"), lines.size());
    add_line(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 2, lines.size()));
  }
}

// Only now: names_ does not move any more.
void Http2ResponseHead::finish() {
  fields_.push_back(pair(":status", {status_, 3}));
  for (const Line& line : lines_) {
    fields_.push_back(pair(std::string_view(names_).substr(line.name_at, line.name.size()), line.value));
  }
}

std::span<const nghttp2_nv> Http2ResponseHead::make(const ResponsePlan& plan) {
  char status[8];
  const auto status_end = std::to_chars(status, status + sizeof status, plan.status).ptr;
  begin({status, static_cast<std::size_t>(status_end - status)});
  add_lines(plan.head.substr(std::min(plan.head.find("\r\n") + 2, plan.head.size())));
  add_lines(plan.extra);
  if (plan.announce_length && plan.length) {
    char digits[24];
    length_.assign("content-length: ").append(digits, std::to_chars(digits, digits + sizeof digits, *plan.length).ptr);
    add_line(length_);
  }
  finish();
  return fields_;
}

std::span<const nghttp2_nv> Http2ResponseHead::make_interim(std::string_view head) {
  const std::size_t line_end = std::min(head.find("\r\n"), head.size());
  begin(head.substr(std::min<std::size_t>(head.find(' ') + 1, line_end), 3));
  add_lines(head.substr(std::min(line_end + 2, head.size())));
  finish();
  // The next head may be made before this one was written: the library keeps a copy.
  for (nghttp2_nv& field : fields_) {
    field.flags &= static_cast<std::uint8_t>(~(NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE));
  }
  return fields_;
}

}  // namespace brink::edge

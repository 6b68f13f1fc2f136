#include "edge/http2_request.h"

#include <algorithm>

#include "edge/framing.h"

namespace brink::edge {
namespace {

constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 §6.5.2, SETTINGS_MAX_HEADER_LIST_SIZE

}  // namespace

void Http2Request::clear() {
  text_.clear();
  spans_.clear();
  fields_.clear();
  method_ = scheme_ = authority_ = path_ = {};
  bytes_ = 0;
  cookies_ = count_ = 0;
  expects_continue_ = false;
}

Http2Request::Span Http2Request::keep(std::string_view bytes) {
  const Span span{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(bytes.size())};
  text_.append(bytes);
  return span;
}

void Http2Request::add(std::string_view name, std::string_view value, const config::ClientLimits& limits) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (bytes_ > limits.header_bytes) return;
  if (!name.starts_with(':')) {
    if (++count_ > limits.header_fields) return;
    if (name == "cookie") ++cookies_;
    const Span kept = keep(name);
    spans_.emplace_back(kept, keep(value));
  } else if (name == ":method") {
    method_ = keep(value);
  } else if (name == ":scheme") {
    scheme_ = keep(value);
  } else if (name == ":authority") {
    authority_ = keep(value);
  } else if (name == ":path") {
    path_ = keep(value);
  }
}

// Crumbs of a cookie are put together again for whoever speaks HTTP/1.1 (RFC 9113 §8.2.3).
void Http2Request::join_cookies() {
  std::string all;
  const auto is_cookie = [&](const auto& entry) { return text(entry.first) == "cookie"; };
  for (const auto& entry : spans_) {
    if (!is_cookie(entry)) continue;
    if (!all.empty()) all += "; ";
    all += text(entry.second);
  }
  const auto first = std::find_if(spans_.begin(), spans_.end(), is_cookie);
  spans_.erase(std::remove_if(first + 1, spans_.end(), is_cookie), spans_.end());
  first->second = keep(all);
}

HeadFault Http2Request::finish(const config::ClientLimits& limits, RequestHead& head) {
  if (bytes_ > limits.header_bytes) {
    return {431, "the request head is larger than limits.header_bytes", Limit::HeaderBytes};
  }
  if (count_ > limits.header_fields) return {431, "more fields than limits.header_fields", Limit::HeaderFields};
  if (cookies_ > 1) join_cookies();
  for (const auto& [name, value] : spans_) fields_.push_back({text(name), text(value)});
  head.method = text(method_);
  head.target = text(path_);
  head.host = text(authority_);
  head.fields = fields_;
  head.http_minor = 20;
  const MessageFraming framing = check_fields(0, fields_);  // as HTTP/1.0: Host may be missing, Transfer-Encoding must
  if (framing.fault != FramingFault::None) return bad_request(to_string(framing.fault));
  if (head.host.empty()) head.host = framing.host;
  if (head.host.empty()) return bad_request(to_string(FramingFault::HostMissing));
  if (!valid_host(head.host)) return bad_request(to_string(FramingFault::HostInvalid));
  // RFC 9113 §8.3.1: two names for one request are two ways to read it.
  if (!framing.host.empty() && !iequals(framing.host, head.host)) return bad_request("Host differs from :authority");
  expects_continue_ = framing.expect_continue;
  head.content_length = framing.content_length;
  if (const HeadFault fault = check_head(head, framing, limits); fault.status != 0) return fault;
  return check_scheme_and_path(head);
}

HeadFault Http2Request::check_scheme_and_path(const RequestHead& head) const {
  if (head.method == "CONNECT") return {};  // refused by the flow
  if (!iequals(scheme(), "http") && !iequals(scheme(), "https")) return bad_request("only http and https are served here");
  for (const char c : head.target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) return bad_request(to_string(FramingFault::ControlCharacter));
  }
  return check_target(head);
}

}  // namespace brink::edge

#include "edge/request_parser.h"

#include <boost/beast/http/error.hpp>

namespace brink::edge {
namespace {

namespace http = boost::beast::http;
constexpr std::size_t kLineExtra = 48;  // of a request line beside its target: method, version

std::string_view view(boost::beast::string_view s) { return {s.data(), s.size()}; }

}  // namespace

RequestParser::RequestParser(std::vector<Field>& fields, const config::ClientLimits& limits, RequestBody& body)
    : fields_(fields), limits_(limits), body_(body) {
  fields_.clear();
  header_limit(limits.header_bytes + 1);
  body_limit(boost::none);  // counted in RequestBody
}

HeadFault RequestParser::parse_head(std::string_view block, RequestHead& head) {
  const std::size_t line_end = block.find("\r\n");
  if (line_end > limits_.uri_bytes + kLineExtra) {
    return {414, "the request target is longer than limits.uri_bytes", Limit::UriBytes};
  }
  if (const FramingFault fault = check_head_block(block); fault != FramingFault::None) {
    return bad_request(to_string(fault));
  }
  error_code ec;
  put(boost::asio::const_buffer(block.data(), block.size()), ec);
  if (too_many_fields_) return {431, "more fields than limits.header_fields", Limit::HeaderFields};
  if (framing_.fault != FramingFault::None) return bad_request(to_string(framing_.fault));
  if (ec == http::error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  if (ec && ec != http::error::need_more) return bad_request("the request head does not parse");
  if (!head_done_) return bad_request("the request head does not parse");
  head.method = method_;
  head.target = target_;
  head.host = framing_.host;
  head.fields = fields_;
  head.content_length = framing_.content_length;
  head.has_body = framing_.has_body();
  head.upgrade = framing_.upgrade;
  head.http_minor = static_cast<std::uint8_t>(minor_);
  if (const HeadFault fault = check_head(head, framing_, limits_); fault.status != 0) return fault;
  return take_absolute_form(head);
}

// Of an absolute-form the host counts (RFC 9112 §3.2.2); what is left is an origin-form.
HeadFault RequestParser::take_absolute_form(RequestHead& head) const {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!iequals(head.target.substr(0, scheme.size()), scheme)) continue;
    const std::string_view rest = head.target.substr(scheme.size());
    const std::size_t slash = rest.find_first_of("/?");
    head.host = rest.substr(0, slash);
    if (head.host.empty() || !valid_host(head.host)) return bad_request("host-invalid");
    head.target = slash == std::string_view::npos ? std::string_view("/") : rest.substr(slash);
    if (head.target.front() == '?') return bad_request("an absolute target needs a path");
  }
  return check_target(head);
}

bool RequestParser::keep_alive() const {
  if (framing_.close) return false;
  return minor_ == 1 || framing_.keep_alive;
}

std::size_t RequestParser::parse_body(std::string_view bytes, FramingFault& fault, bool& need_more) {
  error_code ec;
  const std::size_t used = put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  need_more = ec == http::error::need_more;
  if (ec && !need_more) fault = framing_.fault != FramingFault::None ? framing_.fault : FramingFault::Chunk;
  return used;
}

void RequestParser::on_request_impl(http::verb, string_view method, string_view target, int version,
                                    error_code& ec) {
  method_ = view(method);
  target_ = view(target);
  minor_ = version % 10;
  ec = {};
}

void RequestParser::on_field_impl(http::field, string_view name, string_view value, error_code& ec) {
  ec = {};
  if (head_done_) {  // a trailer: checked, then dropped
    if (!forbidden_in_trailer(view(name))) return;
    framing_.fault = FramingFault::FramingFieldInTrailer;
    ec = http::error::bad_field;
    return;
  }
  if (fields_.size() >= limits_.header_fields) {
    too_many_fields_ = true;
    ec = http::error::header_limit;
    return;
  }
  fields_.push_back({view(name), view(value)});
}

// The gate's own reading of the framing fields, before Beast acts on its reading.
void RequestParser::on_header_impl(error_code& ec) {
  framing_ = check_fields(minor_, fields_);
  head_done_ = true;
  ec = {};
  if (framing_.fault != FramingFault::None) ec = http::error::bad_field;
}

std::size_t RequestParser::on_body_impl(string_view bytes, error_code& ec) {
  ec = {};
  return body_.push(view(bytes));
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& ec) {
  ec = {};
  return body_.push(view(bytes));
}

}  // namespace brink::edge

#pragma once
// An HTTP/1.1 request head as views into the read buffer: Beast's parser, behind the framing gate.
//
// Beast 1.81 wants the whole head in one contiguous buffer before it calls back, so the views of its callbacks stay valid for
// as long as that buffer is not moved.

#include <boost/beast/http/basic_parser.hpp>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "edge/framing.h"
#include "edge/head_fault.h"
#include "edge/request.h"
#include "edge/request_body.h"

namespace brink::edge {

// One request: head, then body. Not reusable (Beast's parsers are not).
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  // `fields` (cleared) receives the views; `body` receives the body as it is parsed.
  RequestParser(std::vector<Field>& fields, const config::ClientLimits& limits, RequestBody& body);

  // Parses a whole head: `block` ends with the empty line. Fills `head` (scheme, client address and peer are the session's).
  HeadFault parse_head(std::string_view block, RequestHead& head);
  const MessageFraming& framing() const { return framing_; }
  bool keep_alive() const;
  // Bytes of the body, as far as the RequestBody has room; returns how many were used. `fault` stays None or says why not.
  std::size_t parse_body(std::string_view bytes, FramingFault& fault, bool& need_more);

 private:
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;
  HeadFault take_absolute_form(RequestHead& head) const;
  void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int version,
                       error_code& ec) override;
  void on_response_impl(int, string_view, int, error_code& ec) override { ec = {}; }
  void on_field_impl(boost::beast::http::field, string_view name, string_view value, error_code& ec) override;
  void on_header_impl(error_code& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& ec) override { ec = {}; }
  std::size_t on_body_impl(string_view bytes, error_code& ec) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code& ec) override { ec = {}; }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& ec) override;
  void on_finish_impl(error_code& ec) override { ec = {}; }

  std::vector<Field>& fields_;
  const config::ClientLimits& limits_;
  RequestBody& body_;
  std::string_view method_;
  std::string_view target_;
  int minor_ = 1;
  bool head_done_ = false;
  bool too_many_fields_ = false;
  MessageFraming framing_;
};

}  // namespace brink::edge

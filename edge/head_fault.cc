#include "edge/head_fault.h"

namespace brink::edge {
namespace {

constexpr std::size_t kMaxMethod = 32;

}  // namespace

HeadFault bad_request(std::string_view what) { return {400, what, Limit::Framing}; }

HeadFault check_head(const RequestHead& head, const MessageFraming& framing, const config::ClientLimits& limits) {
  if (head.target.size() > limits.uri_bytes) {
    return {414, "the request target is longer than limits.uri_bytes", Limit::UriBytes};
  }
  if (head.method.size() > kMaxMethod) return {501, "the method is not known"};
  if (framing.expect_other) return {417, "only 100-continue can be expected here"};
  if (framing.content_length.value_or(0) > limits.body_bytes) {
    return {413, "the request body is larger than limits.body_bytes", Limit::BodyBytes};
  }
  return {};
}

HeadFault check_target(const RequestHead& head) {
  if (head.target == "*") {
    return head.method == "OPTIONS" ? HeadFault{} : bad_request("'*' is a target for OPTIONS only");
  }
  if (head.method == "CONNECT") return {};
  if (head.target.empty() || head.target.front() != '/') return bad_request("the request target is not a path");
  if (head.target.find('#') != std::string_view::npos) return bad_request("a request target has no fragment");
  return {};
}

}  // namespace brink::edge

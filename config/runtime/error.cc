#include "config/runtime/error.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace brink {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::ConnectionRefused:
      return "connection_refused";
    case ErrorCode::ConnectionTimeout:
      return "connection_timeout";
    case ErrorCode::ConnectionTerminated:
      return "connection_terminated";
    case ErrorCode::ResponseTimeout:
      return "http_response_timeout";
    case ErrorCode::ResponseIncomplete:
      return "http_response_incomplete";
    case ErrorCode::ResponseMalformed:
      return "http_protocol_error";
    case ErrorCode::ResponseHeadTooLarge:
      return "http_response_header_section_size";
    case ErrorCode::DnsError:
      return "dns_error";
    case ErrorCode::TlsError:
      return "tls_protocol_error";
    case ErrorCode::TlsCertificateError:
      return "tls_certificate_error";
    case ErrorCode::TlsAlertReceived:
      return "tls_alert_received";
    case ErrorCode::NoServerAvailable:
      return "destination_unavailable";
    case ErrorCode::LoopDetected:
      return "proxy_loop_detected";
    case ErrorCode::BadRequest:
      return "http_request_error";
    case ErrorCode::RequestTimeout:
      return "request_timeout";
    case ErrorCode::BodyTooLarge:
      return "request_body_too_large";
    case ErrorCode::ClientGone:
      return "client_gone";
    case ErrorCode::StoreFull:
      return "store_full";
    case ErrorCode::TooLarge:
      return "too_large";
    case ErrorCode::LimitReached:
      return "limit_reached";
    case ErrorCode::Cancelled:
      return "cancelled";
    case ErrorCode::Invalid:
      return "invalid";
  }
  return "unknown";
}

std::string_view to_string(Side side) {
  switch (side) {
    case Side::Client:
      return "client";
    case Side::Upstream:
      return "upstream";
    case Side::Store:
      return "store";
    case Side::Internal:
      return "internal";
  }
  return "unknown";
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  std::string text = "value() called on an error: ";
  text.append(to_string(error.side)).append(" ").append(to_string(error.code));
  if (!error.what.empty()) text.append(" (").append(error.what).append(")");
  text.append(" at ").append(where.to_string());
  throw std::logic_error(text);
}

namespace detail {

// stdio, not the log: the log may be what is broken.
void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, expression);
  std::fflush(stderr);
  std::abort();
}

}  // namespace detail
}  // namespace brink

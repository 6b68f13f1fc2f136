#include "origin/curl.h"

namespace brink::origin {
namespace {

Error connect_error(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {ErrorCode::DnsError, Side::Upstream, Retry::Safe,
              "the server's name does not resolve"};
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorCode::ConnectionTimeout, Side::Upstream, Retry::Safe, "no connection in time"};
    case CURLE_SSL_CONNECT_ERROR:
      return {ErrorCode::TlsError, Side::Upstream, Retry::Safe, "TLS handshake failed"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return {ErrorCode::TlsCertificateError, Side::Upstream, Retry::Safe,
              "the server's certificate is not valid: see tls.ca, tls.server_name"};
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return {ErrorCode::TlsCertificateError, Side::Upstream, Retry::Safe,
              "the server's key is none of tls.pins"};
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_INITFAILED:
      return {ErrorCode::TlsError, Side::Upstream, Retry::Safe, 
              "TLS cannot be set up: see tls.ca, tls.certificate, tls.key"};
    default:
      return {ErrorCode::ConnectionRefused, Side::Upstream, Retry::Safe,
              "no connection to the server"};
  }
}

Error asked_error(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorCode::ResponseTimeout, Side::Upstream, Retry::Never, "no answer in time"};
    case CURLE_OUT_OF_MEMORY:  // libcurl's own bound for one header line
      return {ErrorCode::ResponseHeadTooLarge, Side::Upstream, Retry::Never,
              "header line too long"};
    case CURLE_BAD_FUNCTION_ARGUMENT:  // a field line libcurl cannot take apart
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
      return {ErrorCode::ResponseMalformed, Side::Upstream, Retry::Never, "not an HTTP response"};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
      // libcurl went for a new connection after a reused one had died under the request.
      return {ErrorCode::ConnectionRefused, Side::Upstream, Retry::IfConnectionWasReused,
              "the server went away"};
    default:
      return {ErrorCode::ConnectionTerminated, Side::Upstream, Retry::Never,
              "connection closed before the response head"};
  }
}

}  // namespace

void ensure_curl_initialised() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_ALL);
  CHECK(initialised == CURLE_OK);
}

Error to_error(CURLcode code, Progress progress) {
  switch (progress) {
    case Progress::Connecting:
      return connect_error(code);
    case Progress::Asked:
      return asked_error(code);
    case Progress::Answering:
      break;
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return {ErrorCode::ResponseTimeout, Side::Upstream, Retry::Never, "silence in the body"};
  }
  return {ErrorCode::ResponseIncomplete, Side::Upstream, Retry::Never, "the body was cut off"};
}

}  // namespace brink::origin

#include "origin/easy_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "origin/server.h"

namespace brink::origin {
namespace {

constexpr long kBufferBytes =
    64 * 1024;  // one read from the network at most; only touched as far as it is filled
constexpr long kIdleSeconds = 60;  // a connection unused for longer is not used again
constexpr long kLifetimeSeconds =
    300;  // nor one older than this: names may point elsewhere by then
constexpr long kKeepaliveSeconds = 60;

std::string in_url(std::string_view host) {
  return host.find(':') == std::string_view::npos ? std::string(host) : fmt::format("[{}]", host);
}

// From memory: libcurl 7.88 keeps a file of authorities for a day once it has read it, and reads a certificate and its key anew
// for each connection, half-way through their renewal too. A text that could not be read leaves the file to fail. Connections
// are shared only by transfers whose texts, pins and other settings are the same. The texts live as long as the group.
void set_pem(CURL* easy, CURLoption in_memory, CURLoption in_file, const std::string& text, const std::string& file) {
  if (text.empty()) return set_option(easy, in_file, file.empty() ? nullptr : file.c_str());
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
  set_option(easy, in_memory, &blob);
}

void set_tls_options(CURL* easy, const UpstreamTls& tls) {
  set_option(easy, CURLOPT_SSL_VERIFYPEER, tls.options.verify ? 1L : 0L);
  set_option(easy, CURLOPT_SSL_VERIFYHOST, tls.options.verify ? 2L : 0L);
  // A private authority replaces the system's: who has one wants no other to vouch for the server.
  static const curl_version_info_data* const built = curl_version_info(CURLVERSION_NOW);
  const bool system = tls.options.ca.empty();
  set_option(easy, CURLOPT_CAPATH, system ? built->capath : nullptr);
  set_option(easy, CURLOPT_CAINFO, system ? built->cainfo : nullptr);
  if (!system) set_pem(easy, CURLOPT_CAINFO_BLOB, CURLOPT_CAINFO, tls.authorities, tls.options.ca);
  set_pem(easy, CURLOPT_SSLCERT_BLOB, CURLOPT_SSLCERT, tls.certificate, tls.options.certificate);
  set_pem(easy, CURLOPT_SSLKEY_BLOB, CURLOPT_SSLKEY, tls.key, tls.options.key);
  set_option(easy, CURLOPT_PINNEDPUBLICKEY, tls.pins.empty() ? nullptr : tls.pins.c_str());
  const bool only_newest = tls.options.min_version == config::UpstreamTlsVersion::Tls13;
  set_option(easy, CURLOPT_SSLVERSION, static_cast<long>(only_newest ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2));
}

void set_address(CURL* easy, const Server& server, const config::UpstreamOptions& options,
                 CurlSlist& connect_to) {
  const bool renamed = server.tls() && !options.tls.server_name.empty();
  const std::string host = in_url(renamed ? options.tls.server_name : server.host());
  const std::string url =
      fmt::format("{}://{}:{}/", server.tls() ? "https" : "http", host, server.port());
  set_option(easy, CURLOPT_URL, url.c_str());
  // The name in the URL is the one for SNI and the certificate; the connection goes to the server's
  // address.
  connect_to.reset(
      renamed ? curl_slist_append(
                    nullptr, fmt::format("::{}:{}", in_url(server.host()), server.port()).c_str())
              : nullptr);
  set_option(easy, CURLOPT_CONNECT_TO, connect_to.get());
}

long http_version(Protocol protocol) {
  switch (protocol) {
    case Protocol::Http1:
      return CURL_HTTP_VERSION_1_1;
    case Protocol::H2Tls:
      return CURL_HTTP_VERSION_2TLS;
    case Protocol::H2c:
      return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  }
  return CURL_HTTP_VERSION_1_1;
}

}  // namespace

void set_fixed_options(CURL* easy) {
  set_option(easy, CURLOPT_NOSIGNAL, 1L);
  set_option(easy, CURLOPT_NOPROGRESS, 1L);
  set_option(easy, CURLOPT_QUICK_EXIT, 1L);  // never wait for a resolver thread
  set_option(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set_option(easy, CURLOPT_PROXY, "");  // none from the environment either
  set_option(easy, CURLOPT_NOPROXY, "*");
  set_option(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set_option(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set_option(easy, CURLOPT_FAILONERROR, 0L);
  set_option(easy, CURLOPT_COOKIEFILE, static_cast<const char*>(nullptr));
  set_option(easy, CURLOPT_HSTS_CTRL, 0L);
  set_option(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  set_option(easy, CURLOPT_ACCEPT_ENCODING, static_cast<const char*>(nullptr));
  set_option(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set_option(easy, CURLOPT_TRANSFER_ENCODING, 0L);
  set_option(easy, CURLOPT_HTTP_TRANSFER_DECODING, 1L);
  set_option(easy, CURLOPT_USERAGENT, static_cast<const char*>(nullptr));
  set_option(easy, CURLOPT_PATH_AS_IS, 1L);
  set_option(easy, CURLOPT_KEEP_SENDING_ON_ERROR, 0L);
  set_option(easy, CURLOPT_BUFFERSIZE, kBufferBytes);
  set_option(easy, CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
  set_option(easy, CURLOPT_TCP_NODELAY, 1L);
  set_option(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set_option(easy, CURLOPT_TCP_KEEPIDLE, kKeepaliveSeconds);
  set_option(easy, CURLOPT_TCP_KEEPINTVL, kKeepaliveSeconds / 4);
  set_option(easy, CURLOPT_MAXAGE_CONN, kIdleSeconds);
  set_option(easy, CURLOPT_MAXLIFETIME_CONN, kLifetimeSeconds);
  set_option(easy, CURLOPT_SSL_ENABLE_ALPN, 1L);
  set_option(easy, CURLOPT_TIMEOUT_MS, 0L);  // ours: transfer.cc
  set_option(easy, CURLOPT_LOW_SPEED_TIME, 0L);
}

void set_server_options(CURL* easy, const Candidate& candidate, CurlSlist& connect_to) {
  const config::UpstreamOptions& options = candidate.group->options();
  set_address(easy, *candidate.server, options, connect_to);
  set_option(easy, CURLOPT_HTTP_VERSION, http_version(candidate.server->protocol()));
  // libcurl 7.88 begins HTTP/2 anew on a reused connection of prior knowledge, which then is stuck.
  set_option(easy, CURLOPT_FORBID_REUSE, candidate.server->protocol() == Protocol::H2c ? 1L : 0L);
  set_option(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  const auto resolve_every = std::chrono::ceil<Seconds>(options.resolve_every);
  set_option(easy, CURLOPT_DNS_CACHE_TIMEOUT,
             std::max(1L, static_cast<long>(resolve_every.count())));
  if (candidate.server->tls()) set_tls_options(easy, candidate.group->tls());
}

void set_request_options(CURL* easy, const Request& request, RequestForm& form) {
  const bool head = request.method == "HEAD";
  const bool upload = request.body && !head;  // content of a HEAD has no meaning (RFC 9110 §9.3.2)
  set_option(easy, CURLOPT_HTTPGET, 1L);      // also takes back what the handle's last request set
  if (head) set_option(easy, CURLOPT_NOBODY, 1L);
  if (upload) {
    set_option(easy, CURLOPT_UPLOAD, 1L);
    set_option(easy, CURLOPT_INFILESIZE_LARGE,
               request.content_length ? static_cast<curl_off_t>(*request.content_length) : -1);
  }
  const bool named = upload || (!head && request.method != "GET");
  set_option(easy, CURLOPT_CUSTOMREQUEST, named ? request.method.c_str() : nullptr);
  set_option(easy, CURLOPT_REQUEST_TARGET, request.target.c_str());
  set_option(easy, CURLOPT_HTTPHEADER, form.lines());
}

}  // namespace brink::origin

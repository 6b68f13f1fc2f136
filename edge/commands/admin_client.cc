#include "edge/commands/admin_client.h"

#include <fmt/core.h>

#include <boost/json/parse.hpp>
#include <memory>

#include "origin/curl.h"

namespace brink::edge {

namespace {

constexpr std::size_t kBodyBytes = 16U << 20U;

struct SlistCleanup {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Lines = std::unique_ptr<curl_slist, SlistCleanup>;

void add(Lines& lines, const std::string& line) {
  lines.reset(curl_slist_append(lines.release(), line.c_str()));
}

std::size_t take(char* data, std::size_t, std::size_t size, void* into) noexcept {
  auto& text = *static_cast<std::string*>(into);
  if (text.size() + size > kBodyBytes) return 0;
  text.append(data, size);
  return size;
}

// What a problem says, for a person (RFC 9457).
std::string message_of(const AdminReply& reply) {
  const std::string title = text_of(reply.body, "title");
  const std::string detail = text_of(reply.body, "detail");
  if (!title.empty()) return detail.empty() ? title : title + ": " + detail;
  return fmt::format("the node answered {}", reply.status);
}

// Why there was no answer, and what to try.
std::string message_of(CURLcode code, const std::string& url) {
  const std::string what = fmt::format("{}: {}.", url, curl_easy_strerror(code));
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return what + " --ca FILE names the authority that signed the node's certificate.";
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_RECV_ERROR:
      return what + " Does the node ask for a client certificate? --cert FILE and --key FILE show one.";
    default:
      return what + " Is the node running, and is this its admin address? --admin URL or "
                    "BRINK_ADMIN names another.";
  }
}

}  // namespace

const boost::json::value* member_of(const boost::json::value& value, std::string_view name) {
  const boost::json::object* object = value.if_object();
  return object ? object->if_contains(name) : nullptr;
}

std::string text_of(const boost::json::value& value, std::string_view name) {
  const boost::json::value* member = member_of(value, name);
  return member && member->is_string() ? std::string(member->get_string()) : std::string{};
}

std::int64_t number_of(const boost::json::value& value, std::string_view name) {
  const boost::json::value* member = member_of(value, name);
  return member && member->is_number() ? member->to_number<std::int64_t>() : 0;
}

AdminReply call(const AdminTarget& target, const std::string& method, const std::string& path,
                const std::string& body, const std::string& idempotency_key) {
  origin::ensure_curl_initialised();
  const origin::CurlEasy easy(curl_easy_init());
  CHECK(easy != nullptr);
  AdminReply reply;
  Lines lines;
  if (!target.token.empty()) add(lines, "Authorization: Bearer " + target.token);
  if (!body.empty()) add(lines, "Content-Type: application/json");
  if (!idempotency_key.empty()) add(lines, "Idempotency-Key: " + idempotency_key);
  const std::string url = target.url + path;
  origin::set_option(easy.get(), CURLOPT_URL, url.c_str());
  origin::set_option(easy.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  origin::set_option(easy.get(), CURLOPT_NOSIGNAL, 1L);
  origin::set_option(easy.get(), CURLOPT_NOPROXY, "*");
  origin::set_option(easy.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
  origin::set_option(easy.get(), CURLOPT_HTTPHEADER, lines.get());
  origin::set_option(easy.get(), CURLOPT_CONNECTTIMEOUT, 5L);
  origin::set_option(easy.get(), CURLOPT_TIMEOUT, kCallSeconds);
  origin::set_option(easy.get(), CURLOPT_WRITEFUNCTION, take);
  origin::set_option(easy.get(), CURLOPT_WRITEDATA, static_cast<void*>(&reply.text));
  if (!target.ca.empty()) origin::set_option(easy.get(), CURLOPT_CAINFO, target.ca.c_str());
  if (!target.certificate.empty()) {
    origin::set_option(easy.get(), CURLOPT_SSLCERT, target.certificate.c_str());
    const std::string& key = target.key.empty() ? target.certificate : target.key;
    origin::set_option(easy.get(), CURLOPT_SSLKEY, key.c_str());
  }
  if (!body.empty()) {
    origin::set_option(easy.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    origin::set_option(easy.get(), CURLOPT_POSTFIELDS, body.c_str());
  }
  if (const CURLcode code = curl_easy_perform(easy.get()); code != CURLE_OK) {
    reply.message = message_of(code, target.url);
    return reply;
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  boost::json::error_code ignored;
  reply.body = boost::json::parse(reply.text, ignored);
  if (!reply.ok()) reply.message = message_of(reply);
  return reply;
}

}  // namespace brink::edge

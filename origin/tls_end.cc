#include "origin/tls_end.h"

#include <openssl/ssl.h>

#include "config/runtime/error.h"

namespace brink::origin {
namespace {

SSL* session_of(CURL* easy) {
  const curl_tlssessioninfo* info = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info) return nullptr;
  return info->backend == CURLSSLBACKEND_OPENSSL ? static_cast<SSL*>(info->internals) : nullptr;
}

// The session shares the flag, for it may outlive the transfer.
using Seen = std::shared_ptr<bool>;

void free_seen(void*, void* seen, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Seen*>(seen);
}

int seen_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_seen);
  CHECK(index >= 0);
  return index;
}

void on_event(const SSL* session, int where, int value) {
  if (where != SSL_CB_READ_ALERT || (value & 0xff) != SSL_AD_CLOSE_NOTIFY) return;
  if (auto* seen = static_cast<Seen*>(SSL_get_ex_data(session, seen_index()))) **seen = true;
}

}  // namespace

std::shared_ptr<const bool> watch_for_close_notify(CURL* easy) {
  SSL* session = session_of(easy);
  if (!session) return nullptr;
  const Seen seen = std::make_shared<bool>(false);
  delete static_cast<Seen*>(SSL_get_ex_data(session, seen_index()));
  CHECK(SSL_set_ex_data(session, seen_index(), new Seen(seen)) == 1);
  SSL_set_info_callback(session, on_event);
  return seen;
}

void spoil_if_bytes_are_left(CURL* easy) {
  SSL* session = session_of(easy);
  if (!session || SSL_pending(session) == 0) return;
  // The next write fails at once, and the request goes to a new connection.
  SSL_set_shutdown(session, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

}  // namespace brink::origin

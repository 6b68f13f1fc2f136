#pragma once
// Where a response over TLS really ends: two things libcurl 7.88 does not look at.

#include <curl/curl.h>

#include <memory>

namespace brink::origin {

// Becomes true when the peer's close_notify arrives; null without TLS. A body that ends with the
// connection is complete only then (RFC 9112 §9.8); libcurl takes a cut connection for its end.
// REQUIRES: called from inside a callback of `easy`, once per connection.
std::shared_ptr<const bool> watch_for_close_notify(CURL* easy);

// Makes the connection useless for another request if decrypted bytes are left in it: called after
// the last byte of a body, these answer nothing that was asked. No effect without TLS. REQUIRES:
// called from inside a callback of `easy`.
void spoil_if_bytes_are_left(CURL* easy);

}  // namespace brink::origin

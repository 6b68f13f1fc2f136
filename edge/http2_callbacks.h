#pragma once
// What libnghttp2 calls, for one kind of user data: Http2Connection. Everything here records or submits; nothing sends, and nothing throws.

#include <nghttp2/nghttp2.h>

namespace brink::edge {

class Http2Connection;

// The table of callbacks, made once for the process.
const nghttp2_session_callbacks* http2_callbacks();

// Where a response's body comes from: the stream's transaction.
nghttp2_data_provider http2_body_provider();

}  // namespace brink::edge

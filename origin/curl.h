#pragma once
// libcurl's handles as values that clean up after themselves, and its errors in our words.

#include <curl/curl.h>

#include <memory>

#include "config/runtime/error.h"

namespace brink::origin {

struct CurlEasyCleanup {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
using CurlEasy = std::unique_ptr<CURL, CurlEasyCleanup>;

struct CurlMultiCleanup {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
using CurlMulti = std::unique_ptr<CURLM, CurlMultiCleanup>;

struct CurlShareCleanup {
  void operator()(CURLSH* share) const noexcept { curl_share_cleanup(share); }
};
using CurlShare = std::unique_ptr<CURLSH, CurlShareCleanup>;

// Once per process, before the first handle; safe from any thread (libcurl >= 7.84).
void ensure_curl_initialised();

// Options that only a bug of ours or a lack of memory can refuse.
template <class Value>
void set_option(CURL* easy, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

// How far an attempt had come: what a libcurl error means depends on it.
enum class Progress : std::uint8_t {
  Connecting,  // nothing of the request was sent
  Asked,       // the request or a part of it was sent; no complete head came back
  Answering,   // the head was complete
};

// The Error of a transfer that libcurl gave up. Side::Upstream always; `retry` as `progress` says.
Error to_error(CURLcode code, Progress progress);

}  // namespace brink::origin

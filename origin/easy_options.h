#pragma once
// Every libcurl option that Brink depends on, set explicitly: a cache forwards, it does not browse.

#include "origin/candidates.h"
#include "origin/curl.h"
#include "origin/request_form.h"

namespace brink::origin {

struct CurlSlistFree {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using CurlSlist = std::unique_ptr<curl_slist, CurlSlistFree>;

// What is the same for all transfers; once per handle.
void set_fixed_options(CURL* easy);

// Where to and how: address, protocol, TLS, time-outs. `connect_to` is kept by the caller until the
// next call.
void set_server_options(CURL* easy, const Candidate& candidate, CurlSlist& connect_to);

// What is asked: method, target, header lines, body or none. REQUIRES: `form` holds this request.
void set_request_options(CURL* easy, const Request& request, RequestForm& form);

}  // namespace brink::origin

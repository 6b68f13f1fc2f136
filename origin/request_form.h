#pragma once
// A request in the form libcurl takes it: the list of header lines, without an allocation per line.

#include <curl/curl.h>

#include <string>
#include <string_view>
#include <vector>

#include "origin/upstream.h"

namespace brink::origin {

// Reused from call to call: keeps its memory.
class RequestForm {
 public:
  static constexpr std::size_t kMaxBytes = 512 * 1024;

  // Lays out `request`'s fields with this Host. False when the request cannot be sent as it stands:
  // a control character or white space where none may be, which would frame the request in a second
  // way (RFC 9112 §11.2). Framing fields, Host and Expect among the fields are left out: they are
  // this hop's own.
  // `to_tier`: with the fields that only a regional node gets.
  bool lay_out(const Request& request, std::string_view host, bool to_tier);

  // Gives back the memory of an unusually large request.
  void shrink();

  // Valid until the next lay_out(); never given to curl_slist_free_all().
  curl_slist* lines() { return nodes_.empty() ? nullptr : nodes_.data(); }

 private:
  bool add_all(const std::vector<std::pair<std::string, std::string>>& fields, bool& accept);
  void add(std::string_view name, std::string_view separator, std::string_view value);

  std::string text_;                  // the lines, each ended by NUL
  std::vector<std::size_t> offsets_;  // of the lines in text_
  std::vector<curl_slist> nodes_;
};

}  // namespace brink::origin

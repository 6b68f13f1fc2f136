#pragma once
// An HTTP/1 message as tests see it: independent of the product's own parsers on purpose, and
// strict.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brink::tests {

struct HttpMessage {
  std::string head;  // as received, with the empty line
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;  // without chunk framing
  std::vector<std::pair<std::string, std::string>> trailers;
  std::vector<HttpMessage> interims;  // 1xx before this response
  bool complete = false;              // the body ended as its framing said
  bool until_close = false;           // it is framed by the end of the connection
  std::string cut;                    // why not complete

  // The three parts of the start line; empty when it has fewer.
  std::string_view start_part(std::size_t index) const;
  // Requests.
  std::string_view method() const { return start_part(0); }
  std::string_view target() const { return start_part(1); }
  // Responses; 0 when it is not a number.
  int status() const;
  std::size_t count(std::string_view name) const;
  // All lines of this name joined with ", "; empty optional when there is none.
  std::optional<std::string> field(std::string_view name) const;
};

// "Name: value" lines up to the empty one. False (and `why`) when a line breaks the grammar.
bool parse_fields(std::string_view lines, std::vector<std::pair<std::string, std::string>>& out,
                  std::string& why);

// One member of Cache-Status (RFC 9211), chosen by the name of the cache.
struct CacheStatusMember {
  std::string name;
  std::vector<std::pair<std::string, std::string>> parameters;  // without a value: "true"
  std::optional<std::string> parameter(std::string_view key) const;
};
std::vector<CacheStatusMember> parse_cache_status(std::string_view value);

// "Sun, 01 Mar 2026 12:00:00 GMT" of a number of seconds since 1970, and the two obsolete forms
// (RFC 9110 §5.6.7).
enum class DateForm : std::uint8_t { Imf, Rfc850, Asctime };
std::string http_date(std::int64_t seconds, DateForm form = DateForm::Imf);

}  // namespace brink::tests

#pragma once
// Cache-Control and the targeted fields as the model reads them (RFC 9111 §5.2, RFC 9213): which
// directives are there, with which arguments, in a map.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/rfc9111_text.h"

namespace brink::sim::rfc9111 {

class Control {
 public:
  // RFC 9111 §5.2.1. Without Cache-Control, `Pragma: no-cache` means no-cache (§5.4).
  static Control of_request(const Lines& fields);
  // What governs a response: Brink-Cache-Control, CDN-Cache-Control, Cache-Control, in this order
  // (RFC 9213 §2.2; HTTP-BEHAVIOUR).
  static Control of_response(const Lines& fields);

  bool has(const std::string& directive) const { return arguments_.contains(directive); }
  bool targeted() const { return targeted_; }
  // The smallest valid argument of a directive with delta-seconds: of conflicting duplicates the
  // safe one (§4.2.1).
  std::optional<Seconds64> smallest(const std::string& directive) const;
  std::optional<Seconds64> largest(const std::string& directive) const;
  // It is there without an argument.
  bool has_bare(const std::string& directive) const;
  // An argument is there and cannot be understood (§4.2.1: then the response is stale).
  bool has_invalid(const std::string& directive) const;
  // no-cache, private: without field names that can be honoured (§5.2.2.4, §5.2.2.7).
  bool unqualified(const std::string& directive) const;
  std::vector<std::string> field_names(const std::string& directive) const;

  struct Argument {
    enum class Kind : std::uint8_t {
      None,
      Text,
      Broken
    };  // Broken: white space around '=' (§5.2 has none)
    Kind kind = Kind::None;
    std::string text;
  };

 private:
  void take_line(const std::string& line);
  void take_member(const std::string& member);
  static std::optional<Control> of_targeted(const Lines& fields, const std::string& name);

  std::map<std::string, std::vector<Argument>> arguments_;  // by lower-case name
  bool targeted_ = false;
};

// The members of a Structured Field Dictionary (RFC 9651 §4.2.2) as far as a cache needs them;
// nothing when it does not parse.
struct DictionaryValue {
  enum class Type : std::uint8_t { Integer, Boolean, String, Token, Other };
  Type type = Type::Other;
  Seconds64 integer = 0;
  bool boolean = false;
  std::string text;
};
std::optional<std::map<std::string, DictionaryValue>> parse_dictionary(const std::string& text);

}  // namespace brink::sim::rfc9111

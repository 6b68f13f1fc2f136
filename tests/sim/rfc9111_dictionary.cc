// Structured Field Dictionaries for the model, step by step after RFC 9651 §4.2.

#include <cstdlib>

#include "tests/sim/rfc9111_directives.h"

namespace brink::sim::rfc9111 {
namespace {

using Type = DictionaryValue::Type;

// What is left to read; any step may find that it cannot be read.
struct Reader {
  std::string left;
  bool failed = false;

  bool at(char c) const { return !left.empty() && left.front() == c; }
  bool at_one_of(const std::string& set) const {
    return !left.empty() && set.find(left.front()) != std::string::npos;
  }
  char take() {
    if (left.empty()) {
      failed = true;
      return '\0';
    }
    const char c = left.front();
    left.erase(0, 1);
    return c;
  }
  std::string take_while(const std::string& set) {
    std::string out;
    while (at_one_of(set))
      out += take();
    return out;
  }
};

const std::string kDigits = "0123456789";
const std::string kLower = "abcdefghijklmnopqrstuvwxyz";
const std::string kLetters = kLower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const std::string kTokenEnd = kLetters + kDigits + "!#$%&'*+-.^_`|~:/";

// §4.2.3.3
std::string read_key(Reader& in) {
  if (!in.at_one_of(kLower + "*")) in.failed = true;
  return in.take_while(kLower + kDigits + "_-.*");
}

// §4.2.4: an integer has at most 15 digits; a decimal at most 12 before its point, one to three
// behind it.
DictionaryValue read_number(Reader& in) {
  DictionaryValue out;
  const bool negative = in.at('-');
  if (negative) in.take();
  const std::string whole = in.take_while(kDigits);
  if (whole.empty()) in.failed = true;
  if (in.at('.')) {
    in.take();
    const std::string part = in.take_while(kDigits);
    if (whole.size() > 12 || part.empty() || part.size() > 3) in.failed = true;
    return out;
  }
  if (whole.size() > 15) in.failed = true;
  if (in.failed) return out;
  out.type = Type::Integer;
  out.integer = std::stoll(whole) * (negative ? -1 : 1);
  return out;
}

// §4.2.5
DictionaryValue read_string(Reader& in) {
  DictionaryValue out;
  out.type = Type::String;
  in.take();
  while (!in.failed && !in.at('"')) {
    char c = in.take();
    if (c == '\\') {
      c = in.take();
      if (c != '"' && c != '\\') in.failed = true;
    }
    if (c < ' ' || c > '~') in.failed = true;
    out.text += c;
  }
  in.take();
  return out;
}

// §4.2.3.1
DictionaryValue read_bare_item(Reader& in) {
  DictionaryValue out;
  if (in.at_one_of("-" + kDigits)) return read_number(in);
  if (in.at('"')) return read_string(in);
  if (in.at_one_of(kLetters + "*")) {
    out.type = Type::Token;
    out.text = in.take_while(kTokenEnd);
    return out;
  }
  if (in.at('?')) {
    in.take();
    out.type = Type::Boolean;
    const char c = in.take();
    out.boolean = c == '1';
    if (c != '0' && c != '1') in.failed = true;
    return out;
  }
  in.failed = true;  // byte sequences, dates and display strings: the tables have none
  return out;
}

// §4.2.3.2
void read_parameters(Reader& in) {
  while (!in.failed && in.at(';')) {
    in.take();
    in.take_while(" ");
    read_key(in);
    if (!in.at('=')) continue;
    in.take();
    read_bare_item(in);
  }
}

// §4.2.1.2
void read_inner_list(Reader& in) {
  in.take();
  while (!in.failed) {
    in.take_while(" ");
    if (in.at(')')) {
      in.take();
      return;
    }
    read_bare_item(in);
    read_parameters(in);
    if (!in.at_one_of(" )")) in.failed = true;
  }
}

DictionaryValue read_member_value(Reader& in) {
  DictionaryValue out;
  out.type = Type::Boolean;
  out.boolean = true;
  if (in.at('=')) {
    in.take();
    if (in.at('(')) {
      out = {};
      read_inner_list(in);
    } else {
      out = read_bare_item(in);
    }
  }
  read_parameters(in);
  return out;
}

}  // namespace

// §4.2.2: of equal keys the last one counts.
std::optional<std::map<std::string, DictionaryValue>> parse_dictionary(const std::string& text) {
  std::map<std::string, DictionaryValue> out;
  Reader in{text};
  in.take_while(" ");
  while (!in.failed && !in.left.empty()) {
    const std::string key = read_key(in);
    out[key] = read_member_value(in);
    const std::string before = in.take_while(" \t");
    if (in.failed) return std::nullopt;
    if (in.left.empty()) {
      if (before.find('\t') != std::string::npos)
        return std::nullopt;  // only spaces may end the field (§4.2)
      return out;
    }
    if (in.take() != ',') return std::nullopt;
    in.take_while(" \t");
    if (in.left.empty()) return std::nullopt;  // a trailing comma
  }
  if (in.failed) return std::nullopt;
  return out;
}

}  // namespace brink::sim::rfc9111

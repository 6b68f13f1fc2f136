#pragma once
// Structured Fields (RFC 9651): Items, Lists and Dictionaries, parsed strictly and serialised
// canonically.
//
// Strict means: a field that breaks one rule gives nothing at all (§4.2), never a part of itself.
// Several lines of a field are joined with ", " by the caller before parsing (tokens.h:
// joined_value). Pure; safe from any thread. Bounds: time and memory are linear in the input, which
// the header limits bound; nothing recurses.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace brink::edge::cache::sf {

inline constexpr std::int64_t kMaxInteger = 999'999'999'999'999;  // §3.3.1: fifteen digits

// Twelve digits, three decimal places (§3.3.2), kept exactly.
struct Decimal {
  std::int64_t thousandths = 0;
  friend bool operator==(const Decimal&, const Decimal&) = default;
};
struct Token {
  std::string text;
  friend bool operator==(const Token&, const Token&) = default;
};
struct ByteSequence {
  std::string bytes;
  friend bool operator==(const ByteSequence&, const ByteSequence&) = default;
};
// Seconds since 1970 (§3.3.7).
struct Date {
  std::int64_t seconds = 0;
  friend bool operator==(const Date&, const Date&) = default;
};
// Unicode for people (§3.3.8), valid UTF-8.
struct DisplayString {
  std::string utf8;
  friend bool operator==(const DisplayString&, const DisplayString&) = default;
};

// std::int64_t is an Integer, std::string a String (printable ASCII).
using BareItem = std::variant<std::int64_t, Decimal, std::string, Token, ByteSequence, bool, Date,
                              DisplayString>;

// In order of first appearance; a repeated key keeps its place and takes the last value (§4.2.3.2).
using Parameters = std::vector<std::pair<std::string, BareItem>>;

struct Item {
  BareItem value;
  Parameters parameters;
  friend bool operator==(const Item&, const Item&) = default;
};
struct InnerList {
  std::vector<Item> items;
  Parameters parameters;
  friend bool operator==(const InnerList&, const InnerList&) = default;
};
using Member = std::variant<Item, InnerList>;
using List = std::vector<Member>;
// As Parameters: a repeated key takes the last value (§4.2.2). An empty field is an empty
// dictionary.
using Dictionary = std::vector<std::pair<std::string, Member>>;

std::optional<Item> parse_item(std::string_view field);
std::optional<List> parse_list(std::string_view field);
std::optional<Dictionary> parse_dictionary(std::string_view field);

const BareItem* find_parameter(const Parameters& parameters, std::string_view key);

// Canonical form (§4.1). False, and `out` as it was, when a value cannot be serialised: out of
// range, not ASCII, not a token, not a key, not UTF-8. An empty list or dictionary is no field at
// all: "" and true.
bool serialise_item(const Item& item, std::string& out);
bool serialise_list(const List& list, std::string& out);
bool serialise_dictionary(const Dictionary& dictionary, std::string& out);

// What Cache-Status and Proxy-Status are written with; no allocation once `out` has grown.
// append_string() writes bytes that a String cannot hold (§4.1.6) as '?'; append_token() writes
// what is no token (§4.1.7) as a String instead; append_integer() clamps to fifteen digits.
void append_integer(std::int64_t value, std::string& out);
void append_string(std::string_view text, std::string& out);
void append_token(std::string_view text, std::string& out);

bool is_sf_token(std::string_view text);
bool is_sf_key(std::string_view text);

}  // namespace brink::edge::cache::sf

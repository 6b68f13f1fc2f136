// The parser (RFC 9651 §4.2), one function per algorithm of the RFC. The writer is
// structured_fields_write.cc.
#include "edge/cache/structured_fields.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "edge/cache/sf_alphabet.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache::sf {
namespace {

// Appends, or overwrites the value of an equal key. The first few entries are searched in place; a
// field with many keys gets an index, so that parsing stays linear.
template <class Value>
class OrderedMap {
 public:
  void put(std::string key, Value value) {
    if (Value* existing = find(key)) {
      *existing = std::move(value);
      return;
    }
    entries_.emplace_back(std::move(key), std::move(value));
    if (entries_.size() > kLinear) index();
  }
  std::vector<std::pair<std::string, Value>> take() { return std::move(entries_); }

 private:
  static constexpr std::size_t kLinear = 16;

  Value* find(const std::string& key) {
    if (entries_.size() <= kLinear) {
      const auto at = std::find_if(entries_.begin(), entries_.end(),
                                   [&](const auto& entry) { return entry.first == key; });
      return at == entries_.end() ? nullptr : &at->second;
    }
    const auto at = index_.find(key);
    return at == index_.end() ? nullptr : &entries_[at->second].second;
  }
  void index() {
    for (std::size_t i = index_.size(); i < entries_.size(); ++i)
      index_.emplace(entries_[i].first, i);
  }

  std::vector<std::pair<std::string, Value>> entries_;
  std::unordered_map<std::string, std::size_t> index_;
};

class Parser {
 public:
  explicit Parser(std::string_view input) : rest_(input) { skip_spaces(); }

  // §4.2: nothing but spaces may follow.
  bool at_end() {
    skip_spaces();
    return rest_.empty();
  }

  std::optional<Item> item() {
    auto value = bare_item();
    if (!value) return std::nullopt;
    auto params = parameters();
    if (!params) return std::nullopt;
    return Item{std::move(*value), std::move(*params)};
  }

  std::optional<List> list() {
    List members;
    while (!rest_.empty()) {
      auto member = item_or_inner_list();
      if (!member) return std::nullopt;
      members.push_back(std::move(*member));
      if (!next_member()) return std::nullopt;
    }
    return members;
  }

  std::optional<Dictionary> dictionary() {
    OrderedMap<Member> members;
    while (!rest_.empty()) {
      auto name = key();
      if (!name) return std::nullopt;
      if (take('=')) {
        auto member = item_or_inner_list();
        if (!member) return std::nullopt;
        members.put(std::move(*name), std::move(*member));
      } else {
        auto params = parameters();
        if (!params) return std::nullopt;
        members.put(std::move(*name), Item{true, std::move(*params)});
      }
      if (!next_member()) return std::nullopt;
    }
    return members.take();
  }

 private:
  bool at(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool take(char c) {
    if (!at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (take(' ')) {
    }
  }
  void skip_ows() {
    while (!rest_.empty() && is_ows(rest_.front()))
      rest_.remove_prefix(1);
  }
  template <class Predicate>
  std::string_view take_while(Predicate&& belongs) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), belongs);
    const auto taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  // Between members: a comma and another member, or the end; a trailing comma is an error.
  bool next_member() {
    skip_ows();
    if (rest_.empty()) return true;
    if (!take(',')) return false;
    skip_ows();
    return !rest_.empty();
  }

  std::optional<Member> item_or_inner_list() {
    if (at('(')) return inner_list();
    auto single = item();
    if (!single) return std::nullopt;
    return Member{std::move(*single)};
  }

  std::optional<Member> inner_list() {
    InnerList result;
    take('(');
    while (!rest_.empty()) {
      skip_spaces();
      if (take(')')) {
        auto params = parameters();
        if (!params) return std::nullopt;
        result.parameters = std::move(*params);
        return Member{std::move(result)};
      }
      auto element = item();
      if (!element || !(at(' ') || at(')'))) return std::nullopt;
      result.items.push_back(std::move(*element));
    }
    return std::nullopt;
  }

  std::optional<Parameters> parameters() {
    OrderedMap<BareItem> result;
    while (take(';')) {
      skip_spaces();
      auto name = key();
      if (!name) return std::nullopt;
      BareItem value = true;
      if (take('=')) {
        auto parsed = bare_item();
        if (!parsed) return std::nullopt;
        value = std::move(*parsed);
      }
      result.put(std::move(*name), std::move(value));
    }
    return result.take();
  }

  std::optional<std::string> key() {
    if (rest_.empty() || !is_key_start(rest_.front())) return std::nullopt;
    return std::string{take_while(is_key_char)};
  }

  std::optional<BareItem> bare_item() {
    if (rest_.empty()) return std::nullopt;
    const char c = rest_.front();
    if (c == '-' || is_digit(c)) return number();
    if (c == '"') return string();
    if (is_token_start(c)) return Token{std::string{take_while(is_token_char)}};
    if (c == ':') return byte_sequence();
    if (c == '?') return boolean();
    if (c == '@') return date();
    if (c == '%') return display_string();
    return std::nullopt;
  }

  // §4.2.4: an Integer of at most 15 digits, or a Decimal of at most 12.3.
  std::optional<BareItem> number() {
    const bool negative = take('-');
    const std::string_view whole = take_while(is_digit);
    if (whole.empty() || whole.size() > 15) return std::nullopt;
    const auto value = static_cast<std::int64_t>(*parse_digits(whole, kMaxInteger));
    if (!take('.')) return BareItem{negative ? -value : value};
    const std::string_view fraction = take_while(is_digit);
    if (whole.size() > 12 || fraction.empty() || fraction.size() > 3) return std::nullopt;
    auto places = static_cast<std::int64_t>(*parse_digits(fraction, 999));
    for (std::size_t i = fraction.size(); i < 3; ++i)
      places *= 10;
    const std::int64_t thousandths = value * 1000 + places;
    return BareItem{Decimal{negative ? -thousandths : thousandths}};
  }

  std::optional<BareItem> string() {
    std::string text;
    take('"');
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return BareItem{std::move(text)};
      if (c == '\\') {
        if (!at('"') && !at('\\')) return std::nullopt;
        text.push_back(rest_.front());
        rest_.remove_prefix(1);
      } else if (is_printable(c)) {
        text.push_back(c);
      } else {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  std::optional<BareItem> byte_sequence() {
    take(':');
    const std::size_t end = rest_.find(':');
    if (end == std::string_view::npos) return std::nullopt;
    auto bytes = decode_base64(rest_.substr(0, end));
    if (!bytes) return std::nullopt;
    rest_.remove_prefix(end + 1);
    return BareItem{ByteSequence{std::move(*bytes)}};
  }

  std::optional<BareItem> boolean() {
    take('?');
    if (take('1')) return BareItem{true};
    if (take('0')) return BareItem{false};
    return std::nullopt;
  }

  std::optional<BareItem> date() {
    take('@');
    const auto value = number();
    if (!value || !std::holds_alternative<std::int64_t>(*value)) return std::nullopt;
    return BareItem{Date{std::get<std::int64_t>(*value)}};
  }

  // §4.2.10: %"…" with %xx for bytes beyond printable ASCII; the whole must be UTF-8.
  std::optional<BareItem> display_string() {
    take('%');
    if (!take('"')) return std::nullopt;
    std::string utf8;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (!is_printable(c)) return std::nullopt;
      if (c == '"') {
        if (!is_utf8(utf8)) return std::nullopt;
        return BareItem{DisplayString{std::move(utf8)}};
      }
      if (c != '%') {
        utf8.push_back(c);
        continue;
      }
      if (rest_.size() < 2) return std::nullopt;
      const int high = lower_hex(rest_[0]);
      const int low = lower_hex(rest_[1]);
      if (high < 0 || low < 0) return std::nullopt;
      utf8.push_back(static_cast<char>(high * 16 + low));
      rest_.remove_prefix(2);
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<Item> parse_item(std::string_view field) {
  Parser parser{field};
  auto item = parser.item();
  return item && parser.at_end() ? std::move(item) : std::nullopt;
}

std::optional<List> parse_list(std::string_view field) {
  Parser parser{field};
  auto list = parser.list();
  return list && parser.at_end() ? std::move(list) : std::nullopt;
}

std::optional<Dictionary> parse_dictionary(std::string_view field) {
  Parser parser{field};
  auto dictionary = parser.dictionary();
  return dictionary && parser.at_end() ? std::move(dictionary) : std::nullopt;
}

const BareItem* find_parameter(const Parameters& parameters, std::string_view key) {
  const auto at = std::find_if(parameters.begin(), parameters.end(),
                               [&](const auto& parameter) { return parameter.first == key; });
  return at == parameters.end() ? nullptr : &at->second;
}

}  // namespace brink::edge::cache::sf

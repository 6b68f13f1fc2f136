// Canonical serialisation (RFC 9651 §4.1).
#include <charconv>

#include "edge/cache/sf_alphabet.h"
#include "edge/cache/structured_fields.h"

namespace brink::edge::cache::sf {
namespace {

constexpr std::int64_t kMaxThousandths = 999'999'999'999'999;  // twelve digits and three places

void append_decimal(std::int64_t thousandths, std::string& out) {
  if (thousandths < 0) out.push_back('-');
  const std::int64_t magnitude = thousandths < 0 ? -thousandths : thousandths;
  append_integer(magnitude / 1000, out);
  out.push_back('.');
  auto places = static_cast<int>(magnitude % 1000);
  do {
    out.push_back(static_cast<char>('0' + places / 100));
    places = places % 100 * 10;
  } while (places > 0);
}

bool in_range(std::int64_t value, std::int64_t limit) {
  return value >= -limit && value <= limit;
}

struct BareItemWriter {
  std::string& out;

  bool operator()(std::int64_t value) const {
    if (!in_range(value, kMaxInteger)) return false;
    append_integer(value, out);
    return true;
  }
  bool operator()(const Decimal& value) const {
    if (!in_range(value.thousandths, kMaxThousandths)) return false;
    append_decimal(value.thousandths, out);
    return true;
  }
  bool operator()(const std::string& value) const {
    if (!std::all_of(value.begin(), value.end(), is_printable)) return false;
    append_string(value, out);
    return true;
  }
  bool operator()(const Token& value) const {
    if (!is_sf_token(value.text)) return false;
    out += value.text;
    return true;
  }
  bool operator()(const ByteSequence& value) const {
    out.push_back(':');
    append_base64(value.bytes, out);
    out.push_back(':');
    return true;
  }
  bool operator()(bool value) const {
    out += value ? "?1" : "?0";
    return true;
  }
  bool operator()(const Date& value) const {
    out.push_back('@');
    return (*this)(value.seconds);
  }
  bool operator()(const DisplayString& value) const {
    if (!is_utf8(value.utf8)) return false;
    constexpr std::string_view kHex = "0123456789abcdef";
    out += "%\"";
    for (const char c : value.utf8) {
      if (is_printable(c) && c != '%' && c != '"') {
        out.push_back(c);
        continue;
      }
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
    }
    out.push_back('"');
    return true;
  }
};

bool append_parameters(const Parameters& parameters, std::string& out) {
  for (const auto& [key, value] : parameters) {
    if (!is_sf_key(key)) return false;
    out.push_back(';');
    out += key;
    if (value == BareItem{true}) continue;
    out.push_back('=');
    if (!std::visit(BareItemWriter{out}, value)) return false;
  }
  return true;
}

bool append_item(const Item& item, std::string& out) {
  return std::visit(BareItemWriter{out}, item.value) && append_parameters(item.parameters, out);
}

bool append_member(const Member& member, std::string& out) {
  if (const auto* item = std::get_if<Item>(&member)) return append_item(*item, out);
  const auto& inner = std::get<InnerList>(member);
  out.push_back('(');
  for (std::size_t i = 0; i < inner.items.size(); ++i) {
    if (i > 0) out.push_back(' ');
    if (!append_item(inner.items[i], out)) return false;
  }
  out.push_back(')');
  return append_parameters(inner.parameters, out);
}

// "key" alone for true, as §4.1.2 has it.
bool append_entry(const std::string& key, const Member& member, std::string& out) {
  if (!is_sf_key(key)) return false;
  out += key;
  const auto* item = std::get_if<Item>(&member);
  if (item != nullptr && item->value == BareItem{true})
    return append_parameters(item->parameters, out);
  out.push_back('=');
  return append_member(member, out);
}

// All or nothing.
template <class Write>
bool or_restore(std::string& out, Write&& write) {
  const std::size_t before = out.size();
  if (write()) return true;
  out.resize(before);
  return false;
}

}  // namespace

bool serialise_item(const Item& item, std::string& out) {
  return or_restore(out, [&] { return append_item(item, out); });
}

bool serialise_list(const List& list, std::string& out) {
  return or_restore(out, [&] {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out += ", ";
      if (!append_member(list[i], out)) return false;
    }
    return true;
  });
}

bool serialise_dictionary(const Dictionary& dictionary, std::string& out) {
  return or_restore(out, [&] {
    for (std::size_t i = 0; i < dictionary.size(); ++i) {
      if (i > 0) out += ", ";
      if (!append_entry(dictionary[i].first, dictionary[i].second, out)) return false;
    }
    return true;
  });
}

void append_integer(std::int64_t value, std::string& out) {
  char digits[24];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, std::clamp(value, -kMaxInteger, kMaxInteger));
  out.append(digits, end.ptr);
}

void append_string(std::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(is_printable(c) ? c : '?');
  }
  out.push_back('"');
}

void append_token(std::string_view text, std::string& out) {
  if (is_sf_token(text)) {
    out += text;
  } else {
    append_string(text, out);
  }
}

bool is_sf_token(std::string_view text) {
  return !text.empty() && is_token_start(text.front()) &&
         std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_sf_key(std::string_view text) {
  return !text.empty() && is_key_start(text.front()) &&
         std::all_of(text.begin(), text.end(), is_key_char);
}

}  // namespace brink::edge::cache::sf

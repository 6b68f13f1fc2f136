#include "edge/http2_upgrade.h"

namespace brink::edge {
namespace {

constexpr std::size_t kMaxSettings = 256;
constexpr std::size_t kSettingBytes = 6;  // RFC 9113 §6.5.1

bool lists(Fields fields, std::string_view name, std::string_view wanted) {
  bool found = false;
  for (const Field& field : fields) {
    if (!iequals(field.name, name)) continue;
    for_each_list_element(field.value, [&](std::string_view element) {
      found = found || iequals(element, wanted);
      return !found;
    });
  }
  return found;
}

int digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

// RFC 4648 §5, without padding.
std::optional<std::string> decode_base64url(std::string_view text) {
  if (text.size() > kMaxSettings || text.size() % 4 == 1) return std::nullopt;
  std::string out;
  unsigned bits = 0;
  int held = 0;
  for (char c : text) {
    const int value = digit(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 6U | static_cast<unsigned>(value)) & 0xFFFFU;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>(bits >> static_cast<unsigned>(held)));
  }
  return out;
}

}  // namespace

bool asks_for_h2c(Fields fields) { return lists(fields, "upgrade", "h2c"); }

std::optional<std::string> http2_settings_of(Fields fields) {
  const Field* found = nullptr;
  for (const Field& field : fields) {
    if (!iequals(field.name, "http2-settings")) continue;
    if (found != nullptr) return std::nullopt;
    found = &field;
  }
  if (found == nullptr || !lists(fields, "connection", "http2-settings")) return std::nullopt;
  std::optional<std::string> settings = decode_base64url(found->value);
  if (settings && settings->size() % kSettingBytes != 0) return std::nullopt;
  return settings;
}

}  // namespace brink::edge

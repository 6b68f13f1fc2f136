#include "edge/http2_upgrade.h"

#include "edge/cache/sf_alphabet.h"

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

// RFC 4648 §5, without padding.
std::optional<std::string> decode_base64url(std::string_view text) {
  if (text.size() > kMaxSettings || text.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string standard(text);
  for (char& c : standard)
    c = c == '-' ? '+' : c == '_' ? '/' : c;
  return cache::sf::decode_base64(standard);
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

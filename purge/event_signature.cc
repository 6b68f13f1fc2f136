#include "purge/event_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "purge/decimal.h"

namespace brink::purge {

namespace {

constexpr std::string_view kHubField = "X-Hub-Signature-256";
constexpr std::string_view kHubPrefix = "sha256=";
constexpr std::string_view kIdField = "webhook-id";
constexpr std::string_view kTimeField = "webhook-timestamp";
constexpr std::string_view kSignatureField = "webhook-signature";
constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::size_t kSignatures = 16;  // looked at in one request, while secrets change
constexpr std::uint64_t kLatestTime = 253'402'300'799;  // of a four-digit year

using Digest = std::array<unsigned char, 32>;

std::optional<Digest> hmac(std::string_view key, std::string_view text) {
  Digest out{};
  unsigned length = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(), out.data(),
           &length) == nullptr ||
      length != out.size()) {
    return std::nullopt;
  }
  return out;
}

bool is_equal(const Digest& a, const Digest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<Digest> digest_of_hex(std::string_view text) {
  Digest out{};
  if (text.size() != 2 * out.size()) return std::nullopt;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return out;
}

// Nothing when it is not base64 with its padding.
std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::size_t kMost = 4'096;
  if (text.empty() || text.size() % 4 != 0 || text.size() > kMost) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  out.resize(static_cast<std::size_t>(length) - padding);
  return out;
}

SignatureCheck check_hub(const config::EventWebhookOptions& options, Fields fields,
                         std::string_view body) {
  const std::string_view field = field_value(fields, kHubField);
  if (field.empty()) return SignatureCheck::Missing;
  if (!field.starts_with(kHubPrefix)) return SignatureCheck::Wrong;
  const auto given = digest_of_hex(field.substr(kHubPrefix.size()));
  const auto own = hmac(options.secret, body);
  return given && own && is_equal(*given, *own) ? SignatureCheck::Good : SignatureCheck::Wrong;
}

bool has_signature(std::string_view field, const Digest& own) {
  bool is_found = false;
  for (std::size_t n = 0; !field.empty() && n < kSignatures; ++n) {
    const std::size_t end = std::min(field.find(' '), field.size());
    const std::string_view each = field.substr(0, end);
    field.remove_prefix(std::min(end + 1, field.size()));
    if (!each.starts_with("v1,")) continue;
    const auto bytes = from_base64(each.substr(3));
    if (!bytes || bytes->size() != own.size()) continue;
    is_found = CRYPTO_memcmp(bytes->data(), own.data(), own.size()) == 0 || is_found;
  }
  return is_found;
}

SignatureCheck check_standard(const config::EventWebhookOptions& options, Fields fields,
                              std::string_view body, TimePoint now) {
  const std::string_view id = field_value(fields, kIdField);
  const std::string_view time = field_value(fields, kTimeField);
  const std::string_view signatures = field_value(fields, kSignatureField);
  if (id.empty() || time.empty() || signatures.empty()) return SignatureCheck::Missing;
  std::optional<std::string> key = options.secret;
  if (options.secret.starts_with(kSecretPrefix))
    key = from_base64(std::string_view(options.secret).substr(kSecretPrefix.size()));
  const auto seconds = parse_decimal(time);
  if (!key || key->empty() || !seconds || *seconds > kLatestTime) return SignatureCheck::Wrong;
  std::string text;
  text.reserve(id.size() + time.size() + body.size() + 2);
  text.append(id).append(".").append(time).append(".").append(body);
  const auto own = hmac(*key, text);
  if (!own || !has_signature(signatures, *own)) return SignatureCheck::Wrong;
  const TimePoint at{Seconds{static_cast<std::int64_t>(*seconds)}};
  const Millis distance = at > now ? at - now : now - at;
  return distance > options.tolerance ? SignatureCheck::TooOld : SignatureCheck::Good;
}

}  // namespace

SignatureCheck check_signature(const config::EventWebhookOptions& options, Fields fields,
                               std::string_view body, TimePoint now) {
  if (options.secret.empty()) return SignatureCheck::Wrong;
  return options.signature == config::EventSignature::Standard
             ? check_standard(options, fields, body, now)
             : check_hub(options, fields, body);
}

std::string_view delivery_id(const config::EventWebhookOptions& options, Fields fields) {
  // Only this one is signed, and always there.
  if (options.signature == config::EventSignature::Standard) return field_value(fields, kIdField);
  for (const std::string_view name :
       {std::string_view("X-GitHub-Delivery"), kIdField, std::string_view("Idempotency-Key")}) {
    if (const std::string_view id = field_value(fields, name); !id.empty()) return id;
  }
  return {};
}

}  // namespace brink::purge

#include "edge/audit_entry.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>
#include <boost/json.hpp>

#include "config/runtime/iso_time.h"

namespace brink::edge {

namespace {

namespace json = boost::json;

constexpr std::string_view kHashMember = ",\"hash\":\"";
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kShownBytes = 1'024;  // of a body that is not kept whole

std::string sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string out;
  for (const unsigned char byte : digest) out += fmt::format("{:02x}", byte);
  return out;
}

// As JSON if it is, otherwise as what can be said of it.
json::value request_value(const std::string& body) {
  if (body.empty()) return nullptr;
  if (body.size() <= kAuditRequestBytes) {
    boost::system::error_code error;
    json::value value = json::parse(body, error);
    if (!error) return value;
  }
  std::string begins;
  for (const char c : body.substr(0, kShownBytes))
    begins.push_back(c >= ' ' && c < '\x7f' ? c : '?');
  return json::object{{"bytes", body.size()}, {"sha256", sha256(body)}, {"begins", begins}};
}

void copy_member(json::object& to, const json::object& from, std::string_view name) {
  if (const json::value* value = from.if_contains(name)) to[name] = *value;
}

// What came of it: the purge's id, number and state, or the problem's code.
json::value result_value(const std::string& body) {
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  if (error || !value.is_object()) return nullptr;
  json::object out;
  for (const char* name : {"id", "sequence", "state", "code"})
    copy_member(out, value.get_object(), name);
  return out;
}

}  // namespace

std::string audit_line(const AuditEntry& entry, std::string_view node, AuditLink& last) {
  json::object out{{"n", last.number + 1},
                   {"at", iso_time(entry.at)},
                   {"node", node},
                   {"who", entry.who.empty() ? json::value(nullptr) : json::value(entry.who)},
                   {"from", entry.from},
                   {"call", entry.call},
                   {"request", request_value(entry.request)}};
  if (const json::object* request = out["request"].if_object()) {
    json::object reason;
    copy_member(reason, *request, "reason");
    if (!reason.empty()) out["reason"] = reason["reason"];
  }
  out["status"] = entry.status;
  out["result"] = result_value(entry.answer);
  out["previous"] = last.hash;
  std::string line = json::serialize(out);
  line.pop_back();
  last = {last.number + 1, sha256(line)};
  return line + std::string(kHashMember) + last.hash + "\"}";
}

std::optional<AuditLink> read_audit_link(std::string_view line) {
  const std::size_t tail = kHashMember.size() + kHashDigits + 2;
  if (line.size() <= tail || !line.ends_with("\"}")) return std::nullopt;
  const std::string_view text = line.substr(0, line.size() - tail);
  const std::string_view member = line.substr(text.size(), kHashMember.size());
  const std::string_view hash = line.substr(text.size() + kHashMember.size(), kHashDigits);
  if (member != kHashMember || sha256(text) != hash) return std::nullopt;
  boost::system::error_code error;
  const json::value value = json::parse(line, error);
  const json::object* object = error ? nullptr : value.if_object();
  const json::value* number = object ? object->if_contains("n") : nullptr;
  if (number == nullptr || !number->is_int64() || number->get_int64() < 1) return std::nullopt;
  return AuditLink{static_cast<std::uint64_t>(number->get_int64()), std::string(hash)};
}

std::string AuditChain::check(std::string_view line) {
  const auto link = read_audit_link(line);
  if (!link) return "its hash is not that of its text: it was changed, or is no line of an audit log";
  const auto before = std::exchange(last_, link);
  if (!before) return {};
  if (link->number != before->number + 1) {
    return fmt::format("it is number {}, but the line before is number {}: lines are missing",
                       link->number, before->number);
  }
  const std::string expected = "\"previous\":\"" + before->hash + "\"";
  const std::size_t at = line.rfind("\"previous\":\"");
  if (at != line.npos && line.substr(at, expected.size()) == expected) return {};
  return "it does not follow the line before: one of them was replaced";
}

}  // namespace brink::edge

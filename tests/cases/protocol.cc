#include "tests/cases/protocol.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "config/runtime/fields.h"

namespace brink::tests::cases {
namespace {

constexpr std::array<std::string_view, 4> kProtocols = {"http1", "tls", "h2", "h2c"};
// RFC 9113 §8.2.2, and Content-Length: whoever writes one means the framing.
constexpr std::array<std::string_view, 9> kConnectionFields = {
    "Connection", "Content-Length", "HTTP2-Settings",    "Keep-Alive", "Proxy-Connection",
    "TE",         "Trailer",        "Transfer-Encoding", "Upgrade"};
constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";

bool is_connection_field(std::string_view name) {
  return std::any_of(kConnectionFields.begin(), kConnectionFields.end(),
                     [&](std::string_view known) { return iequals(known, name); });
}

bool is_token(std::string_view text) {
  const auto in_token = [](char c) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return digit || letter || kTokenMarks.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), in_token);
}

bool is_visible(std::string_view text, bool with_spaces) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte > 0x20 && byte != 0x7f) || (with_spaces && (c == ' ' || c == '\t'));
  });
}

// The checks of one case; the first reason found.
class Finder {
 public:
  std::string reason;

  void look(const Action& action) {
    for (const Client& client : action.clients)
      look(client.steps);
  }

 private:
  void found(int line, std::string_view what) {
    if (reason.empty()) reason = fmt::format("line {}: {}", line, what);
  }

  void look(const std::vector<ClientStep>& steps) {
    for (const ClientStep& step : steps)
      look(step);
  }

  void look(const ClientStep& step) {
    using Kind = ClientStep::Kind;
    switch (step.kind) {
      case Kind::Raw:
      case Kind::Write:
        return found(step.line, "bytes of HTTP/1.1");
      case Kind::HalfClose:
        return found(step.line, "one side of the connection ends");
      case Kind::ExpectClosed:
        return found(step.line, "the end of the connection");
      case Kind::Send:
      case Kind::Pipeline:
        return look(step.message);
      case Kind::Expect:
        return look(step.check);
      case Kind::Repeat:
        return look(step.steps);
      case Kind::Do:
        return look(*step.action);
      default:
        return;
    }
  }

  void look(const Check& check) {
    if (check.subject == Subject::Reason || check.subject == Subject::Version)
      found(check.line, "the status line");
    const bool field = check.subject == Subject::Header || check.subject == Subject::HeaderCount;
    // A length is no framing where it only describes.
    const bool describes = iequals(check.name, "Content-Length") || iequals(check.name, "Trailer");
    const bool absent = check.relation == Relation::Absent;
    if (field && !absent && !describes && is_connection_field(check.name))
      found(check.line, "the field " + check.name);
  }

  void look(const Message& message) {
    if (message.version != "HTTP/1.1") found(message.line, "the version " + message.version);
    if (!is_token(message.first)) found(message.line, "a method that is no token");
    if (message.first == "CONNECT") found(message.line, "CONNECT");
    const std::string& target = message.second.text;
    const bool path = target == "*" || target.starts_with('/');
    if (!path || !is_visible(target, false) || target.find('#') != std::string::npos)
      found(message.line, "a target that is no path");
    std::size_t hosts = 0;
    for (const Template& field : message.fields) {
      const std::string_view line(field.text);
      const std::string_view name = line.substr(0, line.find(':'));
      hosts += iequals(name, "Host") ? 1 : 0;
      if (is_connection_field(name)) found(message.line, "the field " + std::string(name));
      if (name.size() == line.size() || !is_token(name) || !is_visible(line, true))
        found(message.line, "a field line that breaks the grammar");
    }
    if (hosts > 1) found(message.line, "two Host fields");
    for (const MessagePart& part : message.parts) {
      if (part.kind == MessagePart::Kind::Raw) found(part.line, "bytes of HTTP/1.1");
    }
  }
};

}  // namespace

std::string_view to_string(Protocol protocol) {
  return kProtocols.at(static_cast<std::size_t>(protocol));
}

std::optional<Protocol> protocol_of(std::string_view word) {
  const auto* const found = std::find(kProtocols.begin(), kProtocols.end(), word);
  if (found == kProtocols.end()) return std::nullopt;
  return static_cast<Protocol>(found - kProtocols.begin());
}

std::string http1_reason(const CaseFile& file) {
  const auto& only = file.only;
  if (std::find(only.begin(), only.end(), "http1") != only.end()) return "it says so";
  Finder finder;
  for (const Action& action : file.actions)
    finder.look(action);
  return finder.reason;
}

}  // namespace brink::tests::cases

#include "edge/framing.h"

#include <array>

namespace brink::edge {
namespace {

enum CharClass : std::uint8_t { kOther = 0, kToken = 1, kControl = 2 };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const bool mark = std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
    if (alnum || (mark && c != 0)) classes[static_cast<std::size_t>(c)] = kToken;
    if ((c < 0x20 && c != '\t') || c == 0x7f) classes[static_cast<std::size_t>(c)] = kControl;
  }
  return classes;
}
constexpr auto kClasses = make_classes();

std::uint8_t char_class(char c) { return kClasses[static_cast<unsigned char>(c)]; }

// The first control character of a line decides; the line's own CRLF is not part of it.
FramingFault control_fault(std::string_view line, std::size_t at) {
  if (line[at] == '\r') return FramingFault::BareCarriageReturn;
  if (line[at] == '\n') return FramingFault::BareLineFeed;
  return FramingFault::ControlCharacter;
}

FramingFault check_request_line(std::string_view line) {
  if (line.empty()) return FramingFault::BadRequestLine;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (char_class(line[i]) == kControl || line[i] == '\t') {
      return line[i] == '\t' ? FramingFault::BadRequestLine : control_fault(line, i);
    }
  }
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  const bool three_parts = first != std::string_view::npos && first != 0 && last > first + 1 &&
                           line.find(' ', first + 1) == last;
  return three_parts ? FramingFault::None : FramingFault::BadRequestLine;
}

FramingFault check_field_line(std::string_view line) {
  if (line[0] == ' ' || line[0] == '\t') return FramingFault::ObsFold;
  std::size_t i = 0;
  while (i < line.size() && char_class(line[i]) == kToken) ++i;
  if (i == line.size()) return FramingFault::BadFieldName;
  if (line[i] != ':') {
    if (line[i] == ' ' || line[i] == '\t') return FramingFault::SpaceBeforeColon;
    return char_class(line[i]) == kControl ? control_fault(line, i) : FramingFault::BadFieldName;
  }
  if (i == 0) return FramingFault::BadFieldName;
  for (++i; i < line.size(); ++i) {
    if (char_class(line[i]) == kControl) return control_fault(line, i);
  }
  return FramingFault::None;
}

std::optional<std::uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

void read_connection(std::string_view value, MessageFraming& out, bool& says_upgrade) {
  for_each_list_element(value, [&](std::string_view option) {
    if (iequals(option, "close")) out.close = true;
    if (iequals(option, "keep-alive")) out.keep_alive = true;
    if (iequals(option, "upgrade")) says_upgrade = true;
    return true;
  });
}

struct Seen {
  bool host = false, length = false, transfer = false, says_upgrade = false, upgrade_field = false;
};

void read_content_length(std::string_view value, Seen& seen, MessageFraming& out) {
  if (seen.length) out.fault = FramingFault::ContentLengthRepeated;
  seen.length = true;
  out.content_length = parse_length(value);
  if (!out.content_length) out.fault = FramingFault::ContentLengthInvalid;
}

void read_transfer_encoding(std::string_view value, int minor, Seen& seen, MessageFraming& out) {
  if (minor == 0) {
    out.fault = FramingFault::TransferEncodingOnHttp10;
  } else if (seen.transfer || !iequals(value, "chunked")) {
    out.fault = FramingFault::TransferEncodingUnknown;
  }
  seen.transfer = true;
  out.chunked = true;
}

void read_host(std::string_view value, Seen& seen, MessageFraming& out) {
  if (seen.host) {
    out.fault = FramingFault::HostRepeated;
  } else if (value.empty() || !valid_host(value)) {
    out.fault = FramingFault::HostInvalid;
  }
  seen.host = true;
  out.host = value;
}

// Dispatched by length first: most fields of a request are none of these.
void read_field(const Field& field, int minor, Seen& seen, MessageFraming& out) {
  switch (field.name.size()) {
    case 4:
      if (iequals(field.name, "host")) read_host(field.value, seen, out);
      break;
    case 6:
      if (iequals(field.name, "expect")) {
        const bool known = iequals(field.value, "100-continue");
        (known ? out.expect_continue : out.expect_other) = true;
      }
      break;
    case 7:
      if (iequals(field.name, "upgrade")) seen.upgrade_field = true;
      break;
    case 10:
      if (iequals(field.name, "connection")) read_connection(field.value, out, seen.says_upgrade);
      break;
    case 14:
      if (iequals(field.name, "content-length")) read_content_length(field.value, seen, out);
      break;
    case 17:
      if (iequals(field.name, "transfer-encoding")) read_transfer_encoding(field.value, minor, seen, out);
      break;
    default:
      break;
  }
}

}  // namespace

std::string_view to_string(FramingFault fault) {
  switch (fault) {
    case FramingFault::None: return "none";
    case FramingFault::BareCarriageReturn: return "bare-cr";
    case FramingFault::BareLineFeed: return "bare-lf";
    case FramingFault::ControlCharacter: return "control-character";
    case FramingFault::ObsFold: return "obs-fold";
    case FramingFault::SpaceBeforeColon: return "space-before-colon";
    case FramingFault::BadFieldName: return "bad-field-name";
    case FramingFault::BadRequestLine: return "bad-request-line";
    case FramingFault::HostMissing: return "host-missing";
    case FramingFault::HostRepeated: return "host-repeated";
    case FramingFault::HostInvalid: return "host-invalid";
    case FramingFault::ContentLengthRepeated: return "content-length-repeated";
    case FramingFault::ContentLengthInvalid: return "content-length-invalid";
    case FramingFault::ContentLengthWithTransferEncoding: return "content-length-with-transfer-encoding";
    case FramingFault::TransferEncodingUnknown: return "transfer-encoding-unknown";
    case FramingFault::TransferEncodingOnHttp10: return "transfer-encoding-on-http-1.0";
    case FramingFault::FramingFieldInTrailer: return "framing-field-in-trailer";
    case FramingFault::Chunk: return "chunk";
  }
  return "unknown";
}

FramingFault check_head_block(std::string_view block) {
  std::size_t begin = 0;
  bool request_line = true;
  while (begin + 2 < block.size()) {
    const std::size_t end = block.find("\r\n", begin);
    const std::string_view line = block.substr(begin, end - begin);
    const FramingFault fault = request_line ? check_request_line(line) : check_field_line(line);
    if (fault != FramingFault::None) return fault;
    request_line = false;
    begin = end + 2;
  }
  return FramingFault::None;
}

MessageFraming check_fields(int minor, Fields fields) {
  MessageFraming out;
  Seen seen;
  for (const Field& field : fields) {
    read_field(field, minor, seen, out);
    if (out.fault != FramingFault::None) return out;
  }
  if (seen.length && seen.transfer) out.fault = FramingFault::ContentLengthWithTransferEncoding;
  if (!seen.host && minor == 1) out.fault = FramingFault::HostMissing;
  out.upgrade = seen.says_upgrade && seen.upgrade_field && minor == 1;
  return out;
}

bool valid_host(std::string_view host) {
  if (host.size() > 255 + 6) return false;
  const bool bracketed = !host.empty() && host.front() == '[';
  const std::size_t close = bracketed ? host.find(']') : std::string_view::npos;
  if (bracketed && close == std::string_view::npos) return false;
  const std::size_t colon = bracketed ? host.find(':', close) : host.find(':');
  const std::string_view name = host.substr(0, colon);
  for (char c : name) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const bool inside = bracketed && (c == ':' || c == '[' || c == ']');
    if (!alnum && c != '.' && c != '-' && c != '_' && !inside) return false;
  }
  if (bracketed && colon == std::string_view::npos && close + 1 != host.size()) return false;
  if (bracketed && colon != std::string_view::npos && colon != close + 1) return false;
  if (colon == std::string_view::npos) return !name.empty();
  const std::string_view port = host.substr(colon + 1);
  if (name.empty() || port.size() > 5) return false;
  unsigned number = 0;
  for (char c : port) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return number <= 65'535;
}

bool forbidden_in_trailer(std::string_view name) {
  for (std::string_view forbidden : {"content-length", "transfer-encoding", "host", "connection", "trailer",
                                     "expect", "te", "upgrade", "content-encoding", "content-type",
                                     "content-range", "authorization", "cache-control", "range"}) {
    if (iequals(name, forbidden)) return true;
  }
  return false;
}

}  // namespace brink::edge

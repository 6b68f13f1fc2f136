#include "origin/response_head.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace brink::origin {
namespace {

constexpr std::size_t kKeptBytes = 8 * 1024;
constexpr std::size_t kKeptFields = 256;

// tchar, RFC 9110 §5.6.2.
constexpr std::array<bool, 256> make_token_chars() {
  std::array<bool, 256> is{};
  for (char c = 'a'; c <= 'z'; ++c)
    is[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c)
    is[static_cast<unsigned char>(c)] = true;
  for (char c = '0'; c <= '9'; ++c)
    is[static_cast<unsigned char>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~"))
    is[static_cast<unsigned char>(c)] = true;
  return is;
}
constexpr std::array<bool, 256> kTokenChars = make_token_chars();

bool is_token(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) {
    return kTokenChars[static_cast<unsigned char>(c)];
  });
}

bool has_control(std::string_view s) {
  return std::any_of(s.begin(), s.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u < 0x20 && u != '\t') || u == 0x7f;
  });
}

std::optional<std::uint64_t> parse_length(std::string_view digits) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  // libcurl counts in 63 bits.
  if (error != std::errc{} || end != digits.data() + digits.size() || (length >> 63U) != 0) {
    return std::nullopt;
  }
  return length;
}

}  // namespace

void ResponseHeadReader::reset(std::uint32_t limit_bytes) {
  limit_bytes_ = limit_bytes;
  interim_ = 0;
  in_block_ = false;
  status_ = 0;
}

void ResponseHeadReader::shrink() {
  if (text_.capacity() <= kKeptBytes && spans_.capacity() <= kKeptFields) return;
  *this = ResponseHeadReader();
}

void ResponseHeadReader::begin_block() {
  in_block_ = true;
  block_bytes_ = 0;
  transfer_encoding_ = false;
  content_length_.reset();
  text_.clear();
  spans_.clear();
  fields_.clear();
}

ResponseHeadReader::Event ResponseHeadReader::line(std::string_view line) {
  const bool first = !in_block_;
  if (first) begin_block();
  if (line.size() > limit_bytes_ - block_bytes_) return Event::TooLarge;
  block_bytes_ += static_cast<std::uint32_t>(line.size());

  if (line.ends_with('\n')) line.remove_suffix(1);  // a bare LF ends a line too (RFC 9112 §2.2)
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (first) return status_line(line) ? Event::More : Event::Malformed;
  if (line.empty()) return end_of_block();
  return field_line(line) ? Event::More : Event::Malformed;
}

bool ResponseHeadReader::status_line(std::string_view line) {
  if (has_control(line)) return false;
  if (line.starts_with("HTTP/1.1 ")) {
    version_ = Version::Http11;
  } else if (line.starts_with("HTTP/1.0 ")) {
    version_ = Version::Http10;
  } else if (line.starts_with("HTTP/2 ")) {
    version_ = Version::Http2;
  } else {
    return false;
  }
  const std::string_view rest = line.substr(line.find(' ') + 1);
  if (rest.size() > 3 && rest[3] != ' ') return false;
  const std::string_view digits = rest.substr(0, 3);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), status_);
  return error == std::errc{} && end == digits.data() + 3 && status_ >= 100 && status_ <= 599 &&
         status_ != 101;
}

bool ResponseHeadReader::field_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name =
      line.substr(0, colon);  // obs-fold begins with white space: no token
  const std::string_view value = trim_ows(line.substr(colon + 1));
  if (!is_token(name) || has_control(value)) return false;
  bool keep = true;
  if (!framing(name, value, keep)) return false;
  if (!keep) return true;
  const auto at = static_cast<std::uint32_t>(text_.size());
  const auto name_size = static_cast<std::uint32_t>(name.size());
  spans_.push_back({at, name_size, at + name_size, static_cast<std::uint32_t>(value.size())});
  text_.append(name).append(value);
  return true;
}

// What decides where the message ends must have one reading only: a second one is how responses are
// smuggled.
bool ResponseHeadReader::framing(std::string_view name, std::string_view value, bool& keep) {
  if (iequals(name, "Content-Length")) {
    const std::optional<std::uint64_t> length = parse_length(value);
    if (!length || transfer_encoding_) return false;
    if (content_length_ && *content_length_ != *length) return false;
    keep = !content_length_;
    content_length_ = length;
  } else if (iequals(name, "Transfer-Encoding")) {
    if (version_ != Version::Http11 || transfer_encoding_ || content_length_) return false;
    if (!iequals(value, "chunked")) return false;
    transfer_encoding_ = true;
  }
  return true;
}

ResponseHeadReader::Event ResponseHeadReader::end_of_block() {
  in_block_ = false;
  fields_.reserve(spans_.size());
  const std::string_view text = text_;
  for (const Span& span : spans_) {
    fields_.push_back(
        {text.substr(span.name, span.name_size), text.substr(span.value, span.value_size)});
  }
  if (status_ >= 200) return Event::Final;
  return ++interim_ > kMaxInterim ? Event::Malformed : Event::Interim;
}

}  // namespace brink::origin

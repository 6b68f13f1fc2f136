#include "tests/support/http_reader.h"

#include <algorithm>
#include <charconv>

#include "config/runtime/fields.h"

namespace brink::tests {

std::string_view to_string(Read read) {
  switch (read) {
    case Read::Ok:
      return "ok";
    case Read::Closed:
      return "connection closed";
    case Read::Broken:
      return "connection broke in the middle of a message";
    case Read::TimedOut:
      return "nothing within the time limit";
    case Read::Malformed:
      return "malformed";
  }
  return "?";
}

Read HttpReader::bad(std::string why) {
  error_ = std::move(why);
  return Read::Malformed;
}

Read HttpReader::head(HttpMessage& message) {
  message = HttpMessage{};
  error_.clear();
  for (;;) {
    const std::size_t end = buffer_.find("\r\n\r\n");
    if (end != std::string::npos) {
      message.head = buffer_.substr(0, end + 4);
      buffer_.erase(0, end + 4);
      break;
    }
    if (buffer_.size() > kMaxHeadBytes) return bad("head larger than the test accepts");
    const Io io = connection_.read_some(buffer_, limit_);
    if (io == Io::TimedOut) return Read::TimedOut;
    if (io != Io::Ok) return buffer_.empty() && io == Io::Closed ? Read::Closed : Read::Broken;
  }
  const std::string_view text(message.head);
  const std::size_t first = text.find("\r\n") + 2;
  std::string why;
  if (!parse_fields(text.substr(first), message.fields, why)) return bad(why);
  return Read::Ok;
}

Read HttpReader::framing(HttpMessage& message, bool response) {
  framing_ = response ? Framing::UntilClose : Framing::None;
  in_chunk_ = last_chunk_ = false;
  left_ = 0;
  const auto coding = message.field("Transfer-Encoding");
  const auto length = message.field("Content-Length");
  if (coding && length) return bad("Content-Length and Transfer-Encoding");
  if (coding && !iequals(*coding, "chunked")) return bad("Transfer-Encoding: " + *coding);
  if (coding) framing_ = Framing::Chunked;
  if (length) {
    framing_ = Framing::Length;
    const auto [end, code] =
        std::from_chars(length->data(), length->data() + length->size(), left_);
    if (code != std::errc() || end != length->data() + length->size()) {
      return bad("Content-Length: " + *length);
    }
  }
  message.until_close = framing_ == Framing::UntilClose;
  return Read::Ok;
}

Read HttpReader::request_head(HttpMessage& message) {
  const Read read = head(message);
  if (read != Read::Ok) return read;
  if (!message.start_part(2).starts_with("HTTP/1.")) return bad("request line: " + message.head);
  return framing(message, false);
}

Read HttpReader::response_head(HttpMessage& message, std::string_view method) {
  const Read read = head(message);
  if (read != Read::Ok) return read;
  const int status = message.status();
  if (!message.head.starts_with("HTTP/1.") || status < 100 || status > 999) {
    return bad("status line: " + message.head);
  }
  if (status == 101) {  // what follows is the other protocol's
    framing_ = Framing::UntilClose;
    return Read::Ok;
  }
  const bool interim = status < 200;
  const bool tunnel = method == "CONNECT" && status < 300;
  if (interim || status == 204 || status == 304 || method == "HEAD" || tunnel) {
    framing_ = Framing::None;
    return Read::Ok;
  }
  return framing(message, true);
}

HttpReader::Step HttpReader::take_trailers(HttpMessage& message) {
  if (buffer_.starts_with("\r\n")) {
    buffer_.erase(0, 2);
    return Step::Done;
  }
  const std::size_t end = buffer_.find("\r\n\r\n");
  if (end == std::string::npos) return Step::More;
  const std::string lines = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  return parse_fields(lines, message.trailers, error_) ? Step::Done : Step::Bad;
}

HttpReader::Step HttpReader::take_chunk(HttpMessage& message) {
  if (last_chunk_) return take_trailers(message);
  if (!in_chunk_) {
    const std::size_t end = buffer_.find("\r\n");
    if (end == std::string::npos) return Step::More;
    const std::size_t digits = std::min(end, buffer_.find(';'));
    const char* first = buffer_.data();
    const auto [stop, code] = std::from_chars(first, first + digits, left_, 16);
    if (code != std::errc() || stop != first + digits) {
      error_ = "chunk size: " + buffer_.substr(0, end);
      return Step::Bad;
    }
    buffer_.erase(0, end + 2);
    in_chunk_ = left_ > 0;
    last_chunk_ = left_ == 0;
    return take_chunk(message);
  }
  const std::size_t n = std::min<std::uint64_t>(left_, buffer_.size());
  message.body.append(buffer_, 0, n);
  buffer_.erase(0, n);
  left_ -= n;
  if (left_ > 0 || buffer_.size() < 2) return Step::More;
  if (!buffer_.starts_with("\r\n")) {
    error_ = "no CRLF after a chunk";
    return Step::Bad;
  }
  buffer_.erase(0, 2);
  in_chunk_ = false;
  return take_chunk(message);
}

HttpReader::Step HttpReader::take(HttpMessage& message) {
  if (framing_ == Framing::None) return Step::Done;
  if (framing_ == Framing::Chunked) return take_chunk(message);
  std::size_t n = buffer_.size();
  if (framing_ == Framing::Length) n = static_cast<std::size_t>(std::min<std::uint64_t>(n, left_));
  message.body.append(buffer_, 0, n);
  buffer_.erase(0, n);
  if (framing_ == Framing::UntilClose) return Step::More;
  left_ -= n;
  return left_ == 0 ? Step::Done : Step::More;
}

Read HttpReader::body(HttpMessage& message, std::size_t at_least) {
  while (!message.complete && message.cut.empty()) {
    const Step step = take(message);
    if (step == Step::Bad) return Read::Malformed;
    message.complete = step == Step::Done;
    if (message.complete || message.body.size() >= at_least) break;
    const Io io = connection_.read_some(buffer_, limit_);
    if (io == Io::TimedOut) return Read::TimedOut;
    if (io == Io::Closed && framing_ == Framing::UntilClose) message.complete = true;
    if (io != Io::Ok && !message.complete) message.cut = to_string(io);
  }
  return Read::Ok;
}

Read HttpReader::bytes(std::size_t count, std::string& out) {
  while (buffer_.size() < count) {
    const Io io = connection_.read_some(buffer_, limit_);
    if (io == Io::TimedOut) return Read::TimedOut;
    if (io != Io::Ok) return Read::Broken;
  }
  out = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return Read::Ok;
}

Read HttpReader::rest_until_close(std::string& rest) {
  Io io = Io::Ok;
  while (io == Io::Ok)
    io = connection_.read_some(buffer_, limit_);
  rest = std::move(buffer_);
  buffer_.clear();
  return io == Io::TimedOut ? Read::TimedOut : Read::Ok;
}

}  // namespace brink::tests

#include "tests/cases/message_writer.h"

#include <fmt/core.h>

#include "config/runtime/fields.h"
#include "tests/support/http_message.h"

namespace brink::tests::cases {
namespace {

struct Head {
  std::string text;
  bool own_framing = false;
  bool host = false;
};

void add_fields(const Message& message, Stage& stage, Head& head) {
  for (const Template& field : message.fields) {
    const std::string line = stage.expand(field, message.line);
    const std::string_view name = std::string_view(line).substr(0, line.find(':'));
    if (iequals(name, "Content-Length") || iequals(name, "Transfer-Encoding"))
      head.own_framing = true;
    if (iequals(name, "Host")) head.host = true;
    head.text += line + "\r\n";
  }
}

std::size_t body_bytes(const Message& message, Stage& stage) {
  std::size_t total = 0;
  for (const MessagePart& part : message.parts) {
    if (part.kind == MessagePart::Kind::Body) total += stage.expand(part.text, part.line).size();
  }
  return total;
}

bool has_body(const Message& message) {
  for (const MessagePart& part : message.parts) {
    if (part.kind == MessagePart::Kind::Body) return true;
  }
  return message.chunked || message.length.has_value();
}

void add_framing(const Message& message, Stage& stage, bool wanted, Head& head) {
  if (message.chunked) {
    if (!head.own_framing) head.text += "Transfer-Encoding: chunked\r\n";
  } else if (message.length) {
    head.text += fmt::format("Content-Length: {}\r\n", *message.length);
  } else if (!message.no_length && !head.own_framing && wanted) {
    head.text += fmt::format("Content-Length: {}\r\n", body_bytes(message, stage));
  }
  head.text += "\r\n";
}

bool put(Writing& writing, std::string_view bytes) {
  writing.stage.transcript.add_wire(writing.who, ">", bytes);
  const Io io = writing.socket.write_all(bytes, kWaitLimit);
  if (io != Io::Ok)
    writing.stage.transcript.add(writing.who, fmt::format("writing: {}", to_string(io)));
  return io == Io::Ok;
}

bool put_body(const Message& message, const MessagePart& part, Writing& writing) {
  if (writing.answered_method == "HEAD") return true;
  const std::string bytes = writing.stage.expand(part.text, part.line);
  if (!message.chunked) return put(writing, bytes);
  return put(writing, fmt::format("{:x}\r\n", bytes.size()) + bytes + "\r\n");
}

// Until the peer ends the connection, or the wait becomes too long.
void stay_silent(Writing& writing) {
  std::string ignored;
  while (writing.socket.read_some(ignored, kWaitLimit) == Io::Ok)
    ignored.clear();
}

Written put_part(const Message& message, const MessagePart& part, Writing& writing) {
  using Kind = MessagePart::Kind;
  switch (part.kind) {
    case Kind::Body:
      return put_body(message, part, writing) ? Written::Whole : Written::Failed;
    case Kind::Raw:
      return put(writing, writing.stage.expand(part.text, part.line)) ? Written::Whole
                                                                      : Written::Failed;
    case Kind::Trailer:
      return Written::Whole;  // written with the last chunk
    case Kind::Sync:
      return writing.stage.sync(part.text.text, part.line) ? Written::Whole : Written::Failed;
    case Kind::Close:
      writing.socket.close();
      return Written::Ended;
    case Kind::Reset:
      writing.socket.reset();
      return Written::Ended;
    case Kind::Silence:
      stay_silent(writing);
      return Written::Ended;
  }
  return Written::Failed;
}

Written put_parts(const Message& message, Writing& writing) {
  for (const MessagePart& part : message.parts) {
    const Written written = put_part(message, part, writing);
    if (written != Written::Whole) return written;
  }
  if (!message.chunked || writing.answered_method == "HEAD") return Written::Whole;
  std::string end = "0\r\n";
  for (const MessagePart& part : message.parts) {
    if (part.kind == MessagePart::Kind::Trailer) {
      end += writing.stage.expand(part.text, part.line) + "\r\n";
    }
  }
  return put(writing, end + "\r\n") ? Written::Whole : Written::Failed;
}

bool status_has_body(const std::string& status) {
  return !status.starts_with('1') && status != "204" && status != "304";
}

}  // namespace

Written write_request(const Message& message, Writing& writing) {
  Stage& stage = writing.stage;
  Head head;
  const std::string target = stage.expand(message.second, message.line);
  head.text = fmt::format("{} {} {}\r\n", message.first, target, message.version);
  Head fields;
  add_fields(message, stage, fields);
  if (!fields.host && !message.no_host) head.text += "Host: example.test\r\n";
  head.text += fields.text;
  head.own_framing = fields.own_framing;
  add_framing(message, stage, has_body(message), head);
  if (!put(writing, head.text)) return Written::Failed;
  return put_parts(message, writing);
}

Written write_response(const Message& message, Writing& writing) {
  Stage& stage = writing.stage;
  Head head;
  const std::string reason = stage.expand(message.second, message.line);
  head.text = fmt::format("{} {} {}\r\n", message.version, message.first, reason);
  add_fields(message, stage, head);
  add_framing(message, stage, status_has_body(message.first), head);
  if (!put(writing, head.text)) return Written::Failed;
  const Written written = put_parts(message, writing);
  if (written != Written::Whole || !message.no_length) return written;
  writing.socket.close();
  return Written::Ended;
}

}  // namespace brink::tests::cases

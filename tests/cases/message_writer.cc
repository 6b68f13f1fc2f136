#include "tests/cases/message_writer.h"

#include <fmt/core.h>

#include "config/runtime/fields.h"
#include "tests/support/http_message.h"

namespace brink::tests::cases {
namespace {

struct Fields {
  std::vector<std::string> lines;
  bool own_framing = false;
  bool host = false;
};

Fields own_fields(const Message& message, Stage& stage) {
  Fields fields;
  for (const Template& field : message.fields) {
    const std::string line = stage.expand(field, message.line);
    const std::string_view name = std::string_view(line).substr(0, line.find(':'));
    if (iequals(name, "Content-Length") || iequals(name, "Transfer-Encoding"))
      fields.own_framing = true;
    if (iequals(name, "Host")) fields.host = true;
    fields.lines.push_back(line);
  }
  return fields;
}

std::size_t body_bytes(const Message& message, Stage& stage) {
  std::size_t total = 0;
  for (const MessagePart& part : message.parts) {
    if (part.kind == MessagePart::Kind::Body) total += stage.expand(part.text, part.line).size();
  }
  return total;
}

void add_framing(const Message& message, Stage& stage, bool wanted, Fields& fields) {
  if (message.chunked) {
    if (!fields.own_framing) fields.lines.emplace_back("Transfer-Encoding: chunked");
  } else if (message.length) {
    fields.lines.push_back(fmt::format("Content-Length: {}", *message.length));
  } else if (!message.no_length && !fields.own_framing && wanted) {
    fields.lines.push_back(fmt::format("Content-Length: {}", body_bytes(message, stage)));
  }
}

std::string head_text(std::string first_line, const std::vector<std::string>& lines) {
  for (const std::string& line : lines)
    first_line += "\r\n" + line;
  return first_line + "\r\n\r\n";
}

bool put(Writing& writing, std::string_view bytes) {
  writing.stage.transcript.add_wire(writing.who, ">", bytes);
  const Io io = writing.connection.write_all(bytes, kWaitLimit);
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
  while (writing.connection.read_some(ignored, kWaitLimit) == Io::Ok)
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
      writing.connection.close();
      return Written::Ended;
    case Kind::Reset:
      writing.connection.reset();
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

bool has_body(const Message& message) {
  for (const MessagePart& part : message.parts) {
    if (part.kind == MessagePart::Kind::Body) return true;
  }
  return message.chunked || message.length.has_value();
}

std::vector<std::string> request_lines(const Message& message, Stage& stage) {
  Fields fields = own_fields(message, stage);
  if (!fields.host && !message.no_host)
    fields.lines.insert(fields.lines.begin(), "Host: example.test");
  add_framing(message, stage, has_body(message), fields);
  return std::move(fields.lines);
}

Written write_request(const Message& message, Writing& writing) {
  const std::string target = writing.stage.expand(message.second, message.line);
  const std::string line = fmt::format("{} {} {}", message.first, target, message.version);
  if (!put(writing, head_text(line, request_lines(message, writing.stage)))) return Written::Failed;
  return put_parts(message, writing);
}

Written write_response(const Message& message, Writing& writing) {
  Stage& stage = writing.stage;
  Fields fields = own_fields(message, stage);
  const std::string reason = stage.expand(message.second, message.line);
  const std::string line = fmt::format("{} {} {}", message.version, message.first, reason);
  add_framing(message, stage, status_has_body(message.first), fields);
  if (!put(writing, head_text(line, fields.lines))) return Written::Failed;
  const Written written = put_parts(message, writing);
  if (written != Written::Whole || !message.no_length) return written;
  writing.connection.close();
  return Written::Ended;
}

}  // namespace brink::tests::cases

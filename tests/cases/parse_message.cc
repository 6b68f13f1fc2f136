#include "tests/cases/parse_case.h"

namespace brink::tests::cases {
namespace {

// The rest of the line as written, or a value that begins with a string, for what cannot be written
// plainly.
Template field_line(const Statement& s) {
  const std::string rest = text_after(s, 1);
  const Template line = rest.starts_with('"') ? parse_value(s, 1) : Template{rest};
  if (line.text.empty()) throw CaseError(s.line, "expected a field line, 'Name: value'");
  return line;
}

MessagePart part(const Statement& s, MessagePart::Kind kind, Template text = {}) {
  return {s.line, kind, std::move(text)};
}

bool parse_flag(const Statement& s, Message& message) {
  if (s.text == "chunked") {
    message.chunked = true;
  } else if (s.text == "no length") {
    message.no_length = true;
  } else if (s.text == "no host") {
    message.no_host = true;
  } else {
    return false;
  }
  return true;
}

void parse_line(const Statement& s, Message& message) {
  using Kind = MessagePart::Kind;
  if (s.has_block) throw CaseError(s.line, "no block expected here: " + s.text);
  if (parse_flag(s, message)) return;
  const std::string verb = word_at(s, 0);
  if (verb == "header") {
    message.fields.push_back(field_line(s));
  } else if (verb == "length") {
    message.length = parse_count(s, word_at(s, 1, true));
  } else if (verb == "body") {
    message.parts.push_back(part(s, Kind::Body, parse_value(s, 1)));
  } else if (verb == "raw") {
    message.parts.push_back(part(s, Kind::Raw, parse_value(s, 1)));
  } else if (verb == "trailer") {
    message.parts.push_back(part(s, Kind::Trailer, field_line(s)));
  } else if (verb == "sync") {
    message.parts.push_back(part(s, Kind::Sync, {word_at(s, 1, true)}));
  } else if (s.text == "close") {
    message.parts.push_back(part(s, Kind::Close));
  } else if (s.text == "reset") {
    message.parts.push_back(part(s, Kind::Reset));
  } else if (s.text == "silence") {
    message.parts.push_back(part(s, Kind::Silence));
  } else {
    throw CaseError(s.line, "unknown part of a message: " + s.text);
  }
}

void parse_block(const Statement& s, Message& message) {
  message.line = s.line;
  for (const Statement& line : s.block)
    parse_line(line, message);
}

}  // namespace

Message parse_request(const Statement& s, std::size_t first) {
  Message message;
  message.first = word_at(s, first);
  message.second.text = word_at(s, first + 1);
  const std::vector<Word> words = words_of(s);
  if (words.size() > first + 2) message.version = word_at(s, first + 2, true);
  parse_block(s, message);
  return message;
}

Message parse_response(const Statement& s) {
  Message message;
  message.first = word_at(s, 1);
  const std::vector<Word> words = words_of(s);
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (words[i].text.starts_with("HTTP/")) {
      message.version = words[i].text;
    } else {
      message.second.text = words[i].text;
    }
  }
  parse_block(s, message);
  return message;
}

}  // namespace brink::tests::cases

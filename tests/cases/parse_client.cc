#include <array>
#include <utility>

#include "tests/cases/parse_case.h"

namespace brink::tests::cases {
namespace {

using Kind = ClientStep::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 8> kBareSteps = {{
    {"receive", Kind::Receive},
    {"receive head", Kind::ReceiveHead},
    {"receive interim", Kind::ReceiveInterim},
    {"expect closed", Kind::ExpectClosed},
    {"connect", Kind::Connect},
    {"close", Kind::Close},
    {"reset", Kind::Reset},
    {"half-close", Kind::HalfClose},
}};

bool is_case_check(std::string_view subject) {
  return subject == "upstream" || subject == "metric";
}

ClientStep parse_client_step(const Statement& s);

void parse_repeat(const Statement& s, ClientStep& step) {
  step.kind = Kind::Repeat;
  step.count = parse_count(s, word_at(s, 1, true));
  for (const Statement& inner : s.block)
    step.steps.push_back(parse_client_step(inner));
}

ClientStep parse_client_step(const Statement& s) {
  ClientStep step;
  step.line = s.line;
  for (const auto& [text, kind] : kBareSteps) {
    if (s.text != text || s.has_block) continue;
    step.kind = kind;
    return step;
  }
  const std::string verb = word_at(s, 0);
  if (verb == "send" || verb == "pipeline") {
    step.kind = verb == "send" ? Kind::Send : Kind::Pipeline;
    step.message = parse_request(s);
  } else if (verb == "repeat") {
    parse_repeat(s, step);
  } else if (s.has_block && verb != "reload") {
    throw CaseError(s.line, "no block expected here: " + s.text);
  } else if (verb == "raw" || verb == "write") {
    step.kind = verb == "raw" ? Kind::Raw : Kind::Write;
    step.text = parse_value(s, 1);
  } else if (verb == "receive") {
    step.kind = Kind::ReceiveBody;
    step.count = parse_count(s, word_at(s, 1));
  } else if (verb == "sync") {
    step.kind = Kind::Sync;
    step.text.text = word_at(s, 1, true);
  } else if (verb == "expect" && !is_case_check(word_at(s, 1))) {
    step.kind = Kind::Expect;
    step.check = parse_check(s, 1);
  } else if (is_action(verb)) {
    step.kind = Kind::Do;
    step.action = std::make_shared<Action>(parse_action(s));
  } else {
    throw CaseError(s.line, "a client cannot: " + s.text);
  }
  return step;
}

}  // namespace

Client parse_client(const Statement& s) {
  Client client{s.line, word_at(s, 1, true), {}};
  if (!s.has_block) throw CaseError(s.line, "a client needs a block");
  for (const Statement& inner : s.block)
    client.steps.push_back(parse_client_step(inner));
  return client;
}

}  // namespace brink::tests::cases

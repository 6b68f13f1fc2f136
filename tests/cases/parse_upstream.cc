#include <cctype>

#include "tests/cases/parse_case.h"

namespace brink::tests::cases {
namespace {

using Kind = ExchangeStep::Kind;

// `expect GET /x` opens an exchange, `expect header …` checks within one.
bool opens_exchange(const Statement& s) {
  if (word_at(s, 0) != "expect") return false;
  const std::string word = word_at(s, 1);
  return word == "*" || std::isupper(static_cast<unsigned char>(word.front())) != 0;
}

ExchangeStep parse_exchange_step(const Statement& s) {
  ExchangeStep step;
  step.line = s.line;
  const std::string verb = word_at(s, 0);
  if (verb == "respond" || verb == "interim") {
    step.kind = verb == "respond" ? Kind::Respond : Kind::Interim;
    step.message = parse_response(s);
  } else if (s.has_block) {
    throw CaseError(s.line, "no block expected here: " + s.text);
  } else if (verb == "expect") {
    step.kind = Kind::Expect;
    step.check = parse_check(s, 1);
  } else if (verb == "raw" || verb == "take") {
    step.kind = verb == "raw" ? Kind::Raw : Kind::Take;
    step.text = parse_value(s, 1);
  } else if (verb == "sync") {
    step.kind = Kind::Sync;
    step.text.text = word_at(s, 1, true);
  } else if (s.text == "close") {
    step.kind = Kind::Close;
  } else if (s.text == "reset") {
    step.kind = Kind::Reset;
  } else if (s.text == "silence") {
    step.kind = Kind::Silence;
  } else {
    throw CaseError(s.line, "an upstream cannot: " + s.text);
  }
  return step;
}

void add_step(const Statement& s, Exchange& exchange) {
  if (s.text == "early") {
    exchange.early = true;
  } else {
    exchange.steps.push_back(parse_exchange_step(s));
  }
}

Exchange open_exchange(const Statement& s) {
  Exchange exchange;
  exchange.line = s.line;
  exchange.method = word_at(s, 1);
  exchange.target = word_at(s, 2, true);
  return exchange;
}

}  // namespace

UpstreamScript parse_upstream(const Statement& s) {
  UpstreamScript script{s.line, word_at(s, 1, true), {}, {}};
  for (const Statement& inner : s.block) {
    if (word_at(inner, 0) == "route") {
      if (!inner.has_block) throw CaseError(inner.line, "a route needs a block");
      script.routes.push_back(open_exchange(inner));
      for (const Statement& step : inner.block)
        add_step(step, script.routes.back());
    } else if (opens_exchange(inner)) {
      script.sequence.push_back(open_exchange(inner));
    } else if (script.sequence.empty()) {
      throw CaseError(inner.line,
                      "expected 'expect METHOD TARGET' or 'route', found: " + inner.text);
    } else {
      add_step(inner, script.sequence.back());
    }
  }
  return script;
}

}  // namespace brink::tests::cases

#pragma once
// From the text of a case file to its model. Throws CaseError with the line; never half a case.

#include <string>
#include <string_view>

#include "tests/cases/case_model.h"
#include "tests/cases/statement.h"

namespace brink::tests::cases {

CaseFile parse_case(std::string_view text, const std::string& path);

// The parts, each in a file of its own (parse_*.cc).
Action parse_action(const Statement& statement);
bool is_action(std::string_view word);
Client parse_client(const Statement& statement);
UpstreamScript parse_upstream(const Statement& statement);
ConfigPart parse_config(const Statement& statement);
// `first` is the index of the word after the verb: METHOD TARGET, or STATUS [REASON].
Message parse_request(const Statement& statement, std::size_t first = 1);
Message parse_response(const Statement& statement);
// A check, from its words behind `expect` on.
Check parse_check(const Statement& statement, std::size_t first);
// Bytes: "text" | word | pattern N | pattern A-B, with `* N` behind and joined by '+'; all words
// from `first` on.
Template parse_value(const Statement& statement, std::size_t first);
Millis parse_duration(const Statement& statement, const std::string& text);
std::size_t parse_count(const Statement& statement, const std::string& text);
// The word at `index`, which must be there and be the last one if `last`.
std::string word_at(const Statement& statement, std::size_t index, bool last = false);

// Byte i of the test body "pattern": every offset tells where it is from.
char pattern_byte(std::size_t i);
std::string pattern(std::size_t begin, std::size_t end);

}  // namespace brink::tests::cases

#pragma once
// The shape of a case file before its words mean anything: statements, some with a block
// (README.md, "Grammar").

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace brink::tests::cases {

// What is wrong with a case file, and where. Only the parsers throw it; the runner reports it as a
// failure.
struct CaseError : std::runtime_error {
  CaseError(int line_number, const std::string& message)
      : std::runtime_error(message), line(line_number) {}
  int line;
};

// One word. Quoted ones have had their escapes (\" \\ \r \n \t \xHH) resolved.
struct Word {
  std::string text;
  bool quoted = false;
};

struct Statement {
  int line = 0;
  std::string text;  // without its block, trimmed; quotes and escapes as written
  bool has_block = false;
  std::vector<Statement> block;
  std::string raw;  // of a `config` block: its lines, not parsed
};

// `first_line` is the number of the text's first line. Throws CaseError.
std::vector<Statement> parse_statements(std::string_view text, int first_line);

// The words of a statement. Throws CaseError on a broken escape.
std::vector<Word> words_of(const Statement& statement);

// The statement's text behind its first `count` words, as written.
std::string text_after(const Statement& statement, std::size_t count);

}  // namespace brink::tests::cases

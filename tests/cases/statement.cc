#include "tests/cases/statement.h"

#include <cctype>

namespace brink::tests::cases {
namespace {

bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && is_space(s.front()))
    s.remove_prefix(1);
  while (!s.empty() && is_space(s.back()))
    s.remove_suffix(1);
  return s;
}

class Scanner {
 public:
  Scanner(std::string_view text, int line) : text_(text), line_(line) {}

  std::vector<Statement> block(bool inner) {
    std::vector<Statement> out;
    for (;;) {
      skip_separators();
      if (at_end()) {
        if (inner) throw CaseError(line_, "this block is not closed with '}'");
        return out;
      }
      if (alone('}')) {
        if (!inner) throw CaseError(line_, "'}' without '{'");
        ++at_;
        return out;
      }
      out.push_back(statement());
    }
  }

 private:
  bool at_end() const { return at_ >= text_.size(); }

  // `c` here, with white space or the end on both sides: only then braces and semicolons are
  // syntax.
  bool alone(char c) const {
    if (at_end() || text_[at_] != c) return false;
    const bool before = at_ == 0 || is_space(text_[at_ - 1]);
    const bool after = at_ + 1 >= text_.size() || is_space(text_[at_ + 1]) || text_[at_ + 1] == ';';
    return before && after;
  }

  void skip_line() {
    while (!at_end() && text_[at_] != '\n')
      ++at_;
  }

  void skip_separators() {
    for (; !at_end(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] == '#') {
        skip_line();
        --at_;
      } else if (!is_space(text_[at_]) && text_[at_] != ';') {
        return;
      }
    }
  }

  void skip_quoted() {
    const int opened = line_;
    for (++at_; !at_end() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\n') break;
      if (text_[at_] == '\\') ++at_;
    }
    if (at_end() || text_[at_] != '"') throw CaseError(opened, "unterminated string");
  }

  Statement statement() {
    Statement s;
    s.line = line_;
    const std::size_t begin = at_;
    for (; !at_end() && text_[at_] != '\n'; ++at_) {
      if (text_[at_] == '"') {
        skip_quoted();
      } else if (alone(';') || alone('}') || alone('{') || comment()) {
        break;
      }
    }
    s.text = trim(text_.substr(begin, at_ - begin));
    if (comment()) skip_line();
    if (!alone('{')) return s;
    s.has_block = true;
    ++at_;
    if (s.text == "config" || s.text.starts_with("config ")) {
      raw_block(s);
    } else {
      s.block = block(true);
    }
    return s;
  }

  bool comment() const {
    return !at_end() && text_[at_] == '#' && at_ > 0 && is_space(text_[at_ - 1]);
  }

  // Lines up to one that is nothing but '}'.
  void raw_block(Statement& s) {
    skip_line();
    while (!at_end()) {
      ++at_;
      ++line_;
      const std::size_t begin = at_;
      skip_line();
      const std::string_view line = text_.substr(begin, at_ - begin);
      if (trim(line) == "}") return;
      s.raw += line;
      s.raw += '\n';
    }
    throw CaseError(s.line, "config block without a line '}'");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_;
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Resolves the escape whose backslash is at `at`; leaves `at` on its last character.
char escaped(const Statement& s, std::size_t& at) {
  const std::string_view text(s.text);
  const char c = at + 1 < text.size() ? text[at + 1] : '\0';
  ++at;
  if (c == 'r') return '\r';
  if (c == 'n') return '\n';
  if (c == 't') return '\t';
  if (c == '"' || c == '\\') return c;
  if (c == 'x' && at + 2 < text.size()) {
    const int high = hex_digit(text[at + 1]);
    const int low = hex_digit(text[at + 2]);
    at += 2;
    if (high >= 0 && low >= 0) return static_cast<char>(high * 16 + low);
  }
  throw CaseError(s.line, "unknown escape; expected \\r \\n \\t \\\" \\\\ or \\xHH");
}

Word quoted_word(const Statement& s, std::size_t& at) {
  Word word{{}, true};
  for (++at; at < s.text.size() && s.text[at] != '"'; ++at) {
    word.text += s.text[at] == '\\' ? escaped(s, at) : s.text[at];
  }
  ++at;
  return word;
}

}  // namespace

std::vector<Statement> parse_statements(std::string_view text, int first_line) {
  return Scanner(text, first_line).block(false);
}

std::vector<Word> words_of(const Statement& s) {
  std::vector<Word> words;
  std::size_t at = 0;
  while (at < s.text.size()) {
    if (is_space(s.text[at])) {
      ++at;
    } else if (s.text[at] == '"') {
      words.push_back(quoted_word(s, at));
    } else {
      const std::size_t begin = at;
      // A quote inside a word (metric{label="a b"}) keeps what it encloses together.
      for (bool quoted = false; at < s.text.size() && (quoted || !is_space(s.text[at])); ++at) {
        if (s.text[at] == '"') quoted = !quoted;
      }
      words.push_back({s.text.substr(begin, at - begin), false});
    }
  }
  return words;
}

std::string text_after(const Statement& s, std::size_t count) {
  std::string_view text(s.text);
  for (std::size_t i = 0; i < count; ++i) {
    while (!text.empty() && !is_space(text.front()))
      text.remove_prefix(1);
    while (!text.empty() && is_space(text.front()))
      text.remove_prefix(1);
  }
  return std::string(text);
}

}  // namespace brink::tests::cases

#include <charconv>

#include "tests/cases/parse_case.h"

namespace brink::tests::cases {
namespace {

constexpr std::size_t kMaxCount = 64U << 20U;

// One operand of '+'; leaves `at` behind it.
std::string operand(const Statement& s, const std::vector<Word>& words, std::size_t& at) {
  if (at >= words.size()) throw CaseError(s.line, "a value is missing: " + s.text);
  const Word& word = words[at++];
  if (!word.quoted && word.text == "pattern") {
    const std::string range = at < words.size() ? words[at].text : std::string();
    ++at;
    const std::size_t dash = range.find('-');
    if (dash == std::string::npos) return pattern(0, parse_count(s, range));
    return pattern(parse_count(s, range.substr(0, dash)),
                   parse_count(s, range.substr(dash + 1)) + 1);
  }
  std::string text = word.text;
  if (at + 1 < words.size() && !words[at].quoted && words[at].text == "*") {
    const std::size_t times = parse_count(s, words[at + 1].text);
    if (times * text.size() > kMaxCount) throw CaseError(s.line, "value too large");
    at += 2;
    std::string repeated;
    for (std::size_t i = 0; i < times; ++i)
      repeated += text;
    text = std::move(repeated);
  }
  return text;
}

}  // namespace

// 61 is no divisor of any usual size: a body cut or joined at the wrong place differs.
char pattern_byte(std::size_t i) {
  constexpr std::string_view kAlphabet =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxy";
  return kAlphabet[(i + i / kAlphabet.size()) % kAlphabet.size()];
}

std::string pattern(std::size_t begin, std::size_t end) {
  std::string out;
  out.reserve(end - begin);
  for (std::size_t i = begin; i < end; ++i)
    out += pattern_byte(i);
  return out;
}

Template parse_value(const Statement& s, std::size_t first) {
  const std::vector<Word> words = words_of(s);
  std::size_t at = first;
  Template value{operand(s, words, at)};
  while (at < words.size()) {
    if (words[at].quoted || words[at].text != "+") {
      throw CaseError(s.line,
                      "expected '+' or the end, found '" + words[at].text + "' in: " + s.text);
    }
    ++at;
    value.text += operand(s, words, at);
  }
  return value;
}

std::size_t parse_count(const Statement& s, const std::string& text) {
  std::size_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value > kMaxCount) {
    throw CaseError(s.line, "expected a number, found '" + text + "' in: " + s.text);
  }
  return value;
}

Millis parse_duration(const Statement& s, const std::string& text) {
  const std::size_t unit_at = text.find_first_not_of("0123456789");
  const std::string unit = unit_at == std::string::npos ? "" : text.substr(unit_at);
  const auto amount = static_cast<std::int64_t>(parse_count(s, text.substr(0, unit_at)));
  if (unit == "ms") return Millis(amount);
  if (unit == "s") return Millis(amount * 1'000);
  if (unit == "m") return Millis(amount * 60'000);
  if (unit == "h") return Millis(amount * 3'600'000);
  if (unit == "d") return Millis(amount * 86'400'000);
  throw CaseError(s.line, "expected a duration (5s, 100ms, 2h, 1d), found '" + text + "'");
}

std::string word_at(const Statement& s, std::size_t index, bool last) {
  const std::vector<Word> words = words_of(s);
  if (index >= words.size()) throw CaseError(s.line, "something is missing behind: " + s.text);
  if (last && index + 1 != words.size()) {
    throw CaseError(s.line, "unexpected '" + words[index + 1].text + "' in: " + s.text);
  }
  return words[index].text;
}

}  // namespace brink::tests::cases

#include <array>
#include <utility>

#include "tests/cases/parse_case.h"

namespace brink::tests::cases {
namespace {

struct SubjectRow {
  std::string_view word;
  Subject subject;
  bool named;  // a name follows
};

constexpr std::array kSubjects = {
    SubjectRow{"status", Subject::Status, false},
    SubjectRow{"reason", Subject::Reason, false},
    SubjectRow{"version", Subject::Version, false},
    SubjectRow{"method", Subject::Method, false},
    SubjectRow{"target", Subject::Target, false},
    SubjectRow{"header", Subject::Header, true},
    SubjectRow{"header-count", Subject::HeaderCount, true},
    SubjectRow{"trailer", Subject::Trailer, true},
    SubjectRow{"body", Subject::Body, false},
    SubjectRow{"body-size", Subject::BodySize, false},
    SubjectRow{"interim", Subject::Interim, false},
    SubjectRow{"interim-header", Subject::InterimHeader, true},
    SubjectRow{"edge", Subject::Edge, true},
    SubjectRow{"regional", Subject::Regional, true},
    SubjectRow{"closed", Subject::Closed, false},
    SubjectRow{"cut", Subject::Cut, false},
    SubjectRow{"upstream", Subject::Requests, true},
    SubjectRow{"metric", Subject::Metric, true},
};

constexpr std::array<std::pair<std::string_view, Relation>, 9> kRelations = {{
    {"==", Relation::Equal},
    {"!=", Relation::NotEqual},
    {"<", Relation::Less},
    {"<=", Relation::LessOrEqual},
    {">", Relation::Greater},
    {">=", Relation::GreaterOrEqual},
    {"contains", Relation::Contains},
    {"lacks", Relation::Lacks},
    {"matches", Relation::Matches},
}};

const SubjectRow& subject_of(const Statement& s, const std::string& word) {
  for (const SubjectRow& row : kSubjects) {
    if (row.word == word) return row;
  }
  throw CaseError(s.line, "cannot expect '" + word + "'; see tests/cases/README.md: " + s.text);
}

// upstream NAME requests|connections [METHOD] [TARGET]; metric NAME [on edge|regional]
void parse_source(const Statement& s, const std::vector<Word>& words, std::size_t& at,
                  Check& check) {
  const auto relation_or_end = [&] {
    if (at >= words.size()) return true;
    for (const auto& relation : kRelations) {
      if (!words[at].quoted && words[at].text == relation.first) return true;
    }
    return false;
  };
  if (check.subject == Subject::Metric) {
    check.source = "edge";
    if (relation_or_end() || words[at].text != "on") return;
    check.source = word_at(s, at + 1);
    at += 2;
    return;
  }
  check.source = std::exchange(check.name, "");
  const std::string what = word_at(s, at++);
  if (what != "requests" && what != "connections") {
    throw CaseError(s.line, "expected 'requests' or 'connections' behind the upstream's name");
  }
  if (what == "connections") check.subject = Subject::Connections;
  for (; !relation_or_end(); ++at) {
    (words[at].text.starts_with("/") ? check.name : check.method) = words[at].text;
  }
}

}  // namespace

Check parse_check(const Statement& s, std::size_t first) {
  const std::vector<Word> words = words_of(s);
  std::size_t at = first;
  Check check;
  check.line = s.line;
  bool negated = word_at(s, at) == "no";
  if (negated) ++at;
  const SubjectRow& row = subject_of(s, word_at(s, at++));
  check.subject = row.subject;
  if (row.named &&
      word_at(s, at) == "no") {  // `expect edge no hit` reads better than `expect no edge hit`
    negated = true;
    ++at;
  }
  if (row.named) check.name = word_at(s, at++);
  if (row.subject == Subject::Requests || row.subject == Subject::Metric) {
    parse_source(s, words, at, check);
  }
  check.relation = negated ? Relation::Absent : Relation::Present;
  if (at == words.size()) return check;
  if (negated) throw CaseError(s.line, "'no' takes no comparison: " + s.text);
  for (const auto& [word, relation] : kRelations) {
    if (words[at].quoted || words[at].text != word) continue;
    check.relation = relation;
    check.value = parse_value(s, at + 1);
    return check;
  }
  throw CaseError(
      s.line, "expected == != < <= > >= contains lacks matches, found '" + words[at].text + "'");
}

}  // namespace brink::tests::cases

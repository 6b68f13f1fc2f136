#include "tests/cases/parse_case.h"

#include <algorithm>
#include <array>

namespace brink::tests::cases {
namespace {

constexpr std::array<std::string_view, 8> kModes = {"single", "tier",  "in-process", "binary",
                                                    "http1",  "http2", "clear",      "tls"};
constexpr std::array<std::string_view, 5> kSections = {"top", "node", "site", "origin", "sites"};
constexpr std::array<std::string_view, 13> kActions = {"client", "parallel", "advance", "expect",
                                                       "await",  "reload",   "signal",  "stop",
                                                       "start",  "sync",     "when",   "purge",
                                                       "version"};

template <class Set>
bool one_of(const Set& set, std::string_view word) {
  return std::find(set.begin(), set.end(), word) != set.end();
}

Action parse_when(const Statement& s) {
  const std::string mode = word_at(s, 1);
  if (!one_of(kModes, mode)) throw CaseError(s.line, "expected single, tier, in-process, binary, http1, http2, clear or tls");
  Statement inner = s;
  inner.text = text_after(s, 2);
  Action action = parse_action(inner);
  action.only_in = mode;
  return action;
}

void parse_reload(const Statement& s, Action& action) {
  action.kind = s.text == "reload refused" ? Action::Kind::ReloadRefused : Action::Kind::Reload;
  if (s.text != "reload" && s.text != "reload refused")
    throw CaseError(s.line, "reload [refused] { config … }");
  for (const Statement& inner : s.block)
    action.config.push_back(parse_config(inner));
}

void parse_call(const Statement& s, Action& action) {
  const std::vector<Word> words = words_of(s);
  action.name = word_at(s, 1);
  if (action.name != "edge" && action.name != "regional")
    throw CaseError(s.line, "expected the node: edge or regional");
  for (std::size_t i = 2; i < words.size(); ++i) action.words.push_back({words[i].text});
}

void parse_clients(const Statement& s, Action& action) {
  action.kind = Action::Kind::RunClients;
  if (word_at(s, 0) == "client") {
    action.clients.push_back(parse_client(s));
    return;
  }
  for (const Statement& inner : s.block) {
    if (word_at(inner, 0) != "client") throw CaseError(inner.line, "only clients run in parallel");
    action.clients.push_back(parse_client(inner));
  }
}

// The first lines: the title, then the citation as a comment.
std::string_view parse_preamble(std::string_view text, CaseFile& file) {
  const std::size_t end = text.find('\n');
  file.title = std::string(text.substr(0, end));
  if (file.title.empty() || file.title.starts_with('#') || file.title.back() != '.') {
    throw CaseError(1, "the first line is a sentence that says what holds, ending in a full stop");
  }
  text.remove_prefix(std::min(text.size(), end));
  const std::string_view second = text.substr(std::min<std::size_t>(1, text.size()));
  file.citation = std::string(second.substr(0, second.find('\n')));
  if (!file.citation.starts_with("# "))
    throw CaseError(2, "the second line cites: '# RFC 9111 §4.2.3'");
  return text;
}

void parse_top(const Statement& s, CaseFile& file) {
  const std::string verb = word_at(s, 0);
  if (verb == "only:") {
    for (const Word& word : words_of(s)) {
      if (word.text == "only:") continue;
      if (!one_of(kModes, word.text)) throw CaseError(s.line, "unknown mode '" + word.text + "'");
      file.only.push_back(word.text);
    }
  } else if (verb == "config") {
    file.config.push_back(parse_config(s));
  } else if (verb == "upstream") {
    file.upstreams.push_back(parse_upstream(s));
  } else if (verb == "barrier") {
    file.barriers.emplace_back(word_at(s, 1), parse_count(s, word_at(s, 2, true)));
  } else {
    file.actions.push_back(parse_action(s));
  }
}

}  // namespace

bool is_action(std::string_view word) {
  return one_of(kActions, word);
}

ConfigPart parse_config(const Statement& s) {
  ConfigPart part{s.line, "top", "", s.raw};
  const std::vector<Word> words = words_of(s);
  if (!s.has_block || words.front().text != "config")
    throw CaseError(s.line, "expected 'config [SECTION] {'");
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i].text;
    if (word == "edge" || word == "regional") {
      part.role = word;
    } else if (one_of(kSections, word)) {
      part.section = word;
    } else {
      throw CaseError(s.line, "unknown configuration section '" + word + "'");
    }
  }
  return part;
}

Action parse_action(const Statement& s) {
  using Kind = Action::Kind;
  const std::string verb = word_at(s, 0);
  if (verb == "when") return parse_when(s);
  Action action;
  action.line = s.line;
  if (verb == "client" || verb == "parallel") {
    parse_clients(s, action);
  } else if (verb == "reload") {
    parse_reload(s, action);
  } else if (verb == "advance") {
    action.kind = Kind::Advance;
    action.by = parse_duration(s, word_at(s, 1, true));
  } else if (verb == "expect" || verb == "await") {
    action.kind = verb == "expect" ? Kind::Expect : Kind::Await;
    action.check = parse_check(s, 1);
  } else if (s.text == "signal reload") {
    action.kind = Kind::SignalReload;
  } else if (verb == "stop" || verb == "start" || verb == "sync") {
    action.kind = verb == "stop"    ? Kind::StopUpstream
                  : verb == "start" ? Kind::StartUpstream
                                    : Kind::Sync;
    action.name = word_at(s, 1, true);
  } else if (verb == "purge" || verb == "version") {
    action.kind = verb == "purge" ? Kind::Purge : Kind::Version;
    parse_call(s, action);
  } else {
    throw CaseError(s.line, "unknown statement: " + s.text);
  }
  return action;
}

CaseFile parse_case(std::string_view text, const std::string& path) {
  CaseFile file;
  file.path = path;
  const std::string_view rest = parse_preamble(text, file);
  for (const Statement& s : parse_statements(rest, 1))
    parse_top(s, file);
  if (file.actions.empty()) throw CaseError(1, "nothing happens in this case");
  return file;
}

}  // namespace brink::tests::cases

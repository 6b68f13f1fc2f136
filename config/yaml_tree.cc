#include "config/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "config/findings.h"
#include "config/runtime/log_format.h"

namespace brink::config {

namespace {

Position position_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

// Builds the tree. What cannot be built is thrown as yaml-cpp throws it, so that there is one way
// out.
class TreeBuilder final : public YAML::EventHandler {
 public:
  YamlRef root() const { return root_; }
  Position document_start() const { return document_start_; }
  std::vector<YamlProblem>& problems() { return problems_; }

  void OnDocumentStart(const YAML::Mark& mark) override { document_start_ = position_of(mark); }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = start(mark, YamlNode::Kind::Null);
    finish(std::move(node), anchor, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = start(mark, YamlNode::Kind::Scalar);
    node->text = value;
    node->quoted = tag == "!";
    check_tag(mark, tag);
    finish(std::move(node), anchor, mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) fail(mark, "this alias (*) names something that contains it");
    add(known->second, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(mark, YamlNode::Kind::List, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(mark, YamlNode::Kind::Map, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    YAML::Mark mark;
    bool has_key = false;  // Map: entries.back() waits for its value
  };

  [[noreturn]] static void fail(const YAML::Mark& mark, const std::string& message) {
    throw YAML::ParserException(mark, message);
  }

  static std::shared_ptr<YamlNode> start(const YAML::Mark& mark, YamlNode::Kind kind) {
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->at = position_of(mark);
    return node;
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "!" || tag == "?") return;
    problems_.push_back({position_of(mark), fmt::format("found the YAML tag {}; tags are not used "
                                                        "here, remove it",
                                                        quote(tag))});
  }

  void open(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor) {
    if (stack_.size() >= kYamlDepth) {
      fail(mark, fmt::format("nested more than {} levels deep; no option needs that", kYamlDepth));
    }
    expect_no_container_as_key(mark);
    stack_.push_back({start(mark, kind), anchor, mark, false});
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    finish(std::move(frame.node), frame.anchor, frame.mark);
  }

  void finish(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    add(std::move(node), mark);
  }

  void expect_no_container_as_key(const YAML::Mark& mark) const {
    if (stack_.empty()) return;
    const Frame& top = stack_.back();
    if (top.node->kind == YamlNode::Kind::Map && !top.has_key) {
      fail(mark, "a key must be a plain word, found a list or a map in its place");
    }
  }

  // Hands a complete node to what encloses it.
  void add(YamlRef node, const YAML::Mark& mark) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& top = stack_.back();
    top.node->weight += node->weight;
    if (top.node->weight > kYamlNodes) {
      fail(mark, fmt::format("more than {} values (aliases counted each time)", kYamlNodes));
    }
    if (top.node->kind == YamlNode::Kind::List) {
      top.node->items.push_back(std::move(node));
    } else if (top.has_key) {
      top.node->entries.back().value = std::move(node);
      top.has_key = false;
    } else {
      if (node->kind != YamlNode::Kind::Scalar) fail(mark, "expected a key, found nothing");
      top.node->entries.push_back({node->text, position_of(mark), nullptr});
      top.has_key = true;
    }
  }

  YamlRef root_;
  Position document_start_;
  std::vector<YamlProblem> problems_;
  std::vector<Frame> stack_;
  std::unordered_map<YAML::anchor_t, YamlRef> anchors_;
};

struct Explanation {
  std::string_view yaml_cpp;
  std::string_view ours;
};

// The first byte that is no text. yaml-cpp would take 0x04 for the end of the file and pass over
// the rest.
std::optional<YamlProblem> find_binary(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::size_t line = 1;
  std::size_t line_begin = 0;
  for (std::size_t i = text.rfind(kByteOrderMark, 0) == 0 ? kByteOrderMark.size() : 0;
       i < text.size();) {
    const char c = text[i];
    const bool is_space = c == '\t' || c == '\r' || c == '\n';
    const std::size_t length = is_space ? 1 : printable_sequence(text, i);
    if (length == 0) {
      return YamlProblem{{line, i - line_begin + 1},
                         fmt::format("found the byte 0x{:02x}; expected text in UTF-8",
                                     static_cast<unsigned char>(c))};
    }
    i += length;
    if (c == '\n') {
      ++line;
      line_begin = i;
    }
  }
  return std::nullopt;
}

// Not beyond the text's last character: there is only the comment that parse_yaml() adds.
Position within(std::string_view text, Position at) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  text = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  if (at.line <= lines) return at;
  return {lines, text.size() - (text.rfind('\n') + 1) + 1};
}

// Tabs upset whatever rule comes next, so the message of that rule would mislead.
bool is_indented_by_tab(std::string_view text, const YAML::Mark& mark) {
  for (int line = 0; line < mark.line; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  const std::size_t first = text.find_first_not_of(' ');
  return first != std::string_view::npos && text[first] == '\t';
}

// yaml-cpp says what its state machine missed; people need to know what to do.
std::string explain(const YAML::Exception& error, std::string_view text) {
  namespace M = YAML::ErrorMsg;
  if (is_indented_by_tab(text, error.mark)) return "found a tab; YAML indents with spaces only";
  static const std::array<Explanation, 13> kExplanations = {{
      {M::TAB_IN_INDENTATION, "found a tab; YAML indents with spaces only"},
      {M::END_OF_MAP,
       "this does not continue the map above; check that keys line up and end in ': '"},
      {M::END_OF_SEQ, "this does not continue the list above; check that the '-' line up"},
      {M::END_OF_MAP_FLOW, "a map that began with '{' goes on here; close it with '}'"},
      {M::END_OF_SEQ_FLOW, "a list that began with '[' goes on here; close it with ']'"},
      {M::MAP_VALUE, "a ':' is not expected here; put a value that contains ': ' in quotes"},
      {M::MAP_KEY, "a key is not expected here; check the indentation"},
      {M::BLOCK_ENTRY, "a '-' is not expected here; check the indentation"},
      {M::EOF_IN_SCALAR, "the file ends inside a quoted text; close the quotes"},
      {M::ALIAS_NOT_FOUND, "a value that begins with '*' must be in quotes, as in \"*\""},
      {M::CHAR_IN_ALIAS, "a value that begins with '*' must be in quotes, as in \"*.example.com\""},
      {M::UNKNOWN_TOKEN, "this character cannot begin a value; put the value in quotes"},
      {M::ANCHOR_NOT_FOUND, "a value that begins with '&' must be in quotes"},
  }};
  if (dynamic_cast<const YAML::DeepRecursion*>(&error) != nullptr) return "nested far too deep";
  // yaml-cpp appends the alias's name here.
  if (error.msg.rfind(M::UNKNOWN_ANCHOR, 0) == 0) {
    return "no anchor (&) has this alias's name; a value that begins with '*' must be in quotes, "
           "as in \"*.example.com\"";
  }
  for (const Explanation& known : kExplanations) {
    if (error.msg == known.yaml_cpp) return std::string(known.ours);
  }
  return escape_log_text(error.msg);  // may quote the file
}

}  // namespace

YamlTree parse_yaml(std::string_view text) {
  YamlTree tree;
  if (auto binary = find_binary(text)) {
    tree.problems.push_back(std::move(*binary));
    return tree;
  }
  TreeBuilder builder;
  TreeBuilder second;
  try {
    // yaml-cpp takes quotes that the file's last line end closes for closed; a comment after it
    // keeps it honest.
    std::istringstream in(std::string(text) + "\n#");
    YAML::Parser parser(in);
    if (parser.HandleNextDocument(builder)) {
      tree.root = builder.root();
      if (parser.HandleNextDocument(second)) {
        second.problems().push_back({second.document_start(),
                                     "a second YAML document begins here; "
                                     "a configuration is one document"});
      }
    }
  } catch (const YAML::Exception& error) {
    second.problems().push_back(
        {within(text, position_of(error.mark)), "not valid YAML: " + explain(error, text)});
    tree.root = nullptr;
  } catch (const std::exception& error) {
    second.problems().push_back({{}, fmt::format("cannot be read as YAML: {}", error.what())});
    tree.root = nullptr;
  }
  tree.problems = std::move(builder.problems());
  for (YamlProblem& problem : second.problems())
    tree.problems.push_back(std::move(problem));
  if (!tree.root && tree.problems.empty()) {
    auto empty = std::make_shared<YamlNode>();
    tree.root = std::move(empty);
  }
  return tree;
}

}  // namespace brink::config

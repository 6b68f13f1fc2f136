#include "config/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/suggest.h"
#include "config/values.h"

namespace brink::config {

namespace {

constexpr std::size_t kListItems = 10'000;
constexpr std::size_t kKeysNamed = 14;  // a longer list of known keys helps nobody

bool is_structure(Type type) {
  return type == Type::Map || type == Type::Maps;
}

// The keys that may stand in a map, those of merged sections included.
void list_names(const Section& section, std::vector<std::string_view>& names) {
  for (const Key& key : section.keys) {
    if (key.type == Type::Merged) {
      list_names(*key.section, names);
    } else if (key.type != Type::NotBuilt) {
      names.push_back(key.name);
    }
  }
}

bool is_known(const Section& section, std::string_view name) {
  return std::any_of(section.keys.begin(), section.keys.end(), [&](const Key& key) {
    return key.type == Type::Merged ? is_known(*key.section, name) : key.name == name;
  });
}

// Where in the schema a key of this name lives, for those who put it on the wrong level.
std::string elsewhere(const Section& section, std::string_view name, const std::string& path) {
  for (const Key& key : section.keys) {
    const std::string here = key.type == Type::Merged ? path : child_path(path, key.name);
    if (key.name == name) return here;
    if (key.section == nullptr) continue;
    std::string found = elsewhere(*key.section, name, key.type == Type::Maps ? here + "[]" : here);
    if (!found.empty()) return found;
  }
  return {};
}

// The key that other software calls `name`.
std::string_view translated(const Section& section, std::string_view name) {
  for (const Key& key : section.keys) {
    if (key.type == Type::Merged) {
      const std::string_view inner = translated(*key.section, name);
      if (!inner.empty()) return inner;
    }
    for (std::string_view rest = key.also; !rest.empty();) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      if (rest.substr(0, end) == name) return key.name;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return {};
}

std::string unknown_key(const Section& section, std::string_view name) {
  std::vector<std::string_view> names;
  list_names(section, names);
  if (name == "<<") return "YAML's merge key (<<) is not read here; write the keys out";
  std::string_view meant = translated(section, name);
  if (meant.empty()) meant = closest(name, names);
  if (!meant.empty()) return fmt::format("unknown key; did you mean '{}'?", meant);
  const std::string home = elsewhere(root_section(), name, "");
  if (!home.empty()) {
    return fmt::format("unknown key here; it belongs at {}",
                       home == name ? "the file's top level" : home);
  }
  if (names.size() > kKeysNamed) return "unknown key";
  return fmt::format("unknown key; known here: {}", fmt::join(names, ", "));
}

std::string kind_found(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::Null:
      return "nothing";
    case YamlNode::Kind::List:
      return "a list";
    case YamlNode::Kind::Map:
      return "a map";
    case YamlNode::Kind::Scalar:
      return quote(node.text);
  }
  return "something else";
}

class Reader {
 public:
  Reader(Places& places, Findings& findings) : places_(places), findings_(findings) {}

  void read_map(const Section& section, void* object, const YamlNode& node, const std::string& path,
                Position at) {
    check_keys(section, node, path);
    read_keys(section, object, node, path, at);
  }

  void read_key(const Key& key, void* object, const YamlNode& node, const std::string& path) {
    if (key.type == Type::NotBuilt) return error(node.at, path, std::string(key.text));
    if (node.kind == YamlNode::Kind::Null) return error(node.at, path, no_value(key));
    if (key.type == Type::Map) return read_branch(key, object, node, path);
    if (key.type == Type::Maps) return read_branches(key, object, node, path);
    if (key.is_list) return read_list(key, object, node, path);
    if (node.kind != YamlNode::Kind::Scalar) {
      return error(node.at, path,
                   fmt::format("expected {}, found {}", expectation(key), kind_found(node)));
    }
    places_[path] = node.at;
    ParsedValue parsed = parse_value(key, node.text, node.quoted);
    if (!parsed.problem.empty()) return error(node.at, path, parsed.problem);
    key.set(object, parsed.value);
  }

 private:
  void error(Position at, const std::string& path, const std::string& message) {
    findings_.add(Severity::Error, at, path, message);
  }

  static std::string no_value(const Key& key) {
    if (key.is_required) return fmt::format("has no value; expected {}", expectation(key));
    if (is_structure(key.type) || key.fallback.empty()) {
      return "has no value; give one or remove the key";
    }
    return fmt::format("has no value; give one, or remove the key for the default {}",
                       key.fallback);
  }

  // Unknown and repeated keys of one map.
  void check_keys(const Section& section, const YamlNode& node, const std::string& path) {
    std::map<std::string_view, Position> seen;
    for (const YamlEntry& entry : node.entries) {
      const std::string here = child_path(path, quote_key(entry.key));
      const auto [first, is_new] = seen.try_emplace(entry.key, entry.at);
      if (!is_new) {
        error(entry.at, here,
              fmt::format("this key stands twice; it is already on line {}", first->second.line));
      } else if (!is_known(section, entry.key)) {
        error(entry.at, here, unknown_key(section, entry.key));
      }
    }
  }

  // A key as it may stand in a path: it comes from the file and may hold anything.
  static std::string quote_key(const std::string& key) {
    const bool is_plain =
        !key.empty() && key.size() <= 64 &&
        std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    return is_plain ? key : quote(key);
  }

  void read_keys(const Section& section, void* object, const YamlNode& node,
                 const std::string& path, Position at) {
    for (const Key& key : section.keys) {
      if (key.type == Type::Merged) {
        read_keys(*key.section, key.descend(object), node, path, at);
        continue;
      }
      const auto entry = std::find_if(node.entries.begin(), node.entries.end(),
                                      [&](const YamlEntry& e) { return e.key == key.name; });
      const std::string here = child_path(path, key.name);
      if (entry != node.entries.end()) {
        if (is_structure(key.type)) places_[here] = entry->at;
        // An empty value stands nowhere: its key does.
        const bool is_empty = entry->value->kind == YamlNode::Kind::Null;
        if (is_empty) {
          YamlNode empty = *entry->value;
          empty.at = entry->at;
          read_key(key, object, empty, here);
        } else {
          read_key(key, object, *entry->value, here);
        }
      } else if (key.is_required) {
        error(at, here, fmt::format("is missing; expected {}", expectation_of_all(key)));
      }
    }
  }

  static std::string expectation_of_all(const Key& key) {
    if (!key.is_list) return expectation(key);
    if (key.type == Type::Choice) return fmt::format("a list of {}", fmt::join(key.choices, ", "));
    return fmt::format("a list, each {}", expectation(key));
  }

  void read_branch(const Key& key, void* object, const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::Scalar && !key.scalar_key.empty()) {
      for (const Key& inner : key.section->keys) {
        if (inner.name == key.scalar_key) read_key(inner, key.descend(object), node, path);
      }
      return;
    }
    if (node.kind != YamlNode::Kind::Map) {
      return error(node.at, path,
                   fmt::format("expected {}, found {}", expectation(key), kind_found(node)));
    }
    read_map(*key.section, key.descend(object), node, path, places_[path]);
  }

  void read_branches(const Key& key, void* object, const YamlNode& node, const std::string& path) {
    if (node.kind != YamlNode::Kind::List) {
      return error(node.at, path,
                   fmt::format("expected {}, found {}", expectation(key), kind_found(node)));
    }
    if (node.items.empty() && key.is_required) {
      return error(node.at, path, fmt::format("is empty; expected {}", expectation(key)));
    }
    if (is_too_long(node, path)) return;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const YamlNode& item = *node.items[i];
      const std::string here = item_path(path, i);
      places_[here] = item.at;
      void* element = key.descend(object);  // also for a bad one, so that indices stay the file's
      if (item.kind == YamlNode::Kind::Map) {
        read_map(*key.section, element, item, here, item.at);
      } else {
        error(item.at, here,
              fmt::format("expected a map such as {}, found {}",
                          key.example.substr(1, key.example.size() - 2), kind_found(item)));
      }
    }
  }

  void read_list(const Key& key, void* object, const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::Scalar) {
      return error(
          node.at, path,
          fmt::format("expected a list, found {}; write [{}]", kind_found(node), quote(node.text)));
    }
    if (node.kind != YamlNode::Kind::List) {
      return error(node.at, path, fmt::format("expected a list, found {}", kind_found(node)));
    }
    places_[path] = node.at;
    if (node.items.empty() && key.is_required) {
      return error(node.at, path, fmt::format("is empty; expected {}", expectation_of_all(key)));
    }
    if (is_too_long(node, path)) return;
    std::vector<Value> values;
    std::map<Value, Position> seen;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const YamlNode& item = *node.items[i];
      const std::string here = item_path(path, i);
      places_[here] = item.at;
      if (item.kind != YamlNode::Kind::Scalar) {
        error(item.at, here,
              fmt::format("expected {}, found {}", expectation(key), kind_found(item)));
        continue;
      }
      ParsedValue parsed = parse_value(key, item.text, item.quoted);
      if (!parsed.problem.empty()) {
        error(item.at, here, parsed.problem);
        continue;
      }
      const auto [first, is_new] = seen.try_emplace(parsed.value, item.at);
      if (!is_new) {
        error(item.at, here,
              fmt::format("{} is already in this list, on line {}", quote(item.text),
                          first->second.line));
      }
      values.push_back(std::move(parsed.value));
    }
    key.set(object, join_values(key, values));
  }

  bool is_too_long(const YamlNode& node, const std::string& path) {
    if (node.items.size() <= kListItems) return false;
    error(node.at, path, fmt::format("holds {} values; at most {}", node.items.size(), kListItems));
    return true;
  }

  Places& places_;
  Findings& findings_;
};

}  // namespace

void read_options(const YamlNode& root, Options& options, Places& places, Findings& findings) {
  if (root.kind == YamlNode::Kind::Null) {
    findings.add(Severity::Error, {}, "",
                 "is empty; a configuration has at least listen and sites");
  } else if (root.kind != YamlNode::Kind::Map) {
    findings.add(Severity::Error, root.at, "",
                 fmt::format("expected a map with keys such as listen and sites, found {}",
                             kind_found(root)));
  } else {
    Reader(places, findings).read_map(root_section(), &options, root, "", root.at);
  }
}

void read_key(const Key& key, void* object, const YamlNode& node, const std::string& path,
              Places& places, Findings& findings) {
  Reader(places, findings).read_key(key, object, node, path);
}

}  // namespace brink::config

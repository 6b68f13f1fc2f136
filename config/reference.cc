// The schema as prose: docs/configuration.md, `brink check --explain`, and looking a key up by its
// path.

#include <fmt/format.h>

#include <vector>

#include "config/loader.h"
#include "config/schema.h"
#include "config/values.h"

namespace brink::config {

namespace {

constexpr std::size_t kTerminalColumns = 88;

constexpr std::string_view kPreface = R"(# Configuration

A node reads one YAML file: `brink serve --config FILE`. `brink check --config FILE` reads it too, shows every
mistake at once with its line and column, and starts nothing. `brink check --explain KEY` prints an entry of this page.

This is a complete file:

```yaml
listen:
  - address: 0.0.0.0:8080
sites:
  - origin:
      servers: ["http://10.0.0.5:8000"]
```

All else has the defaults below. Longer ones stand in `config/examples/`.

- A key that is not on this page is an error, and so is one that stands twice: a typing slip never goes unnoticed.
- **Sizes** are bytes, or a whole number with a unit: `KiB MiB GiB TiB` (powers of 1024) or `KB MB GB TB` (of 1000).
- **Durations** are a whole number with a unit: `ms`, `s`, `m`, `h` or `d`. Only `0` needs none.
- **Files**: a relative path starts at the folder of the configuration file.
- **Secrets** never stand in the file: `token_env` names the environment variable that holds one. `${...}` is not
  replaced anywhere; it is an error.
- YAML's anchors and aliases work; tags, merge keys (`<<`) and several documents do not.
- A value that begins with `*`, or holds `: ` or `#`, needs quotes: `"*.example.com"`.

A changed file is applied by SIGHUP or `POST /v1/reload`. One with an error is refused whole, and the old one stays.
)";

std::string range_of(const Key& key) {
  if (key.most <= 0) return {};
  return fmt::format("{} to {}", write_value(key, key.least), write_value(key, key.most));
}

std::string default_of(const Key& key) {
  if (key.is_required) return "required";
  if (key.type == Type::Map || key.type == Type::Maps || key.fallback.empty()) return "none";
  return std::string(key.fallback);
}

// In a table of Markdown a bar would end the cell.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string path_of(std::string_view parent, const Key& key) {
  std::string path =
      parent.empty() ? std::string(key.name) : fmt::format("{}.{}", parent, key.name);
  return key.type == Type::Maps ? path + "[]" : path;
}

void append_row(const Key& key, std::string& out) {
  const std::string fallback = default_of(key);
  const bool is_word = fallback == "required" || fallback == "none";
  const std::string range = range_of(key);
  out +=
      fmt::format("| `{}` | {} | {} | {} | {} |\n", key.name, cell(type_name(key)),
                  is_word ? fallback : fmt::format("`{}`", cell(fallback)), range, cell(key.text));
}

void append_section(const Section& section, const std::string& path, std::string& out);

// The sections below one, in the table's order.
void append_children(const Section& section, const std::string& path, std::string& out) {
  for (const Key& key : section.keys) {
    if (key.section == nullptr || !key.same_as.empty()) continue;
    const std::string here = path_of(path, key);
    out += fmt::format("\n## {}\n\n{}\n", here, key.text);
    if (!key.example.empty()) out += fmt::format("For example `{}: {}`.\n", key.name, key.example);
    append_section(*key.section, here, out);
  }
}

void append_section(const Section& section, const std::string& path, std::string& out) {
  out += "\n| key | type | default | range | meaning |\n|---|---|---|---|---|\n";
  for (const Key& key : section.keys) {
    if (key.type != Type::Merged) append_row(key, out);
  }
  for (const Key& key : section.keys) {
    if (key.type == Type::Merged)
      out += fmt::format("\nBesides, every key of `{}`.\n", key.same_as);
  }
  append_children(section, path, out);
}

// `text` in lines of at most kTerminalColumns, each after `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out(indent, ' ');
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column > indent && column + 1 + end > kTerminalColumns) {
      out.append("\n").append(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      out += ' ';
      ++column;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + "\n";
}

void explain_one(const Key& key, const std::string& path, std::string& out) {
  out += path + "\n";
  if (key.type != Type::NotBuilt) {
    out += fmt::format("  {}, ", type_name(key));
    out += key.is_required ? "required" : fmt::format("default {}", default_of(key));
    const std::string range = range_of(key);
    if (!range.empty()) out += fmt::format(", {}", range);
    out += "\n";
  }
  out += wrapped(key.text, 2);
  if (!key.example.empty()) out += fmt::format("  example: {}: {}\n", key.name, key.example);
  out += "\n";
}

void explain_section(const Section& section, const std::string& path, std::string& out) {
  for (const Key& key : section.keys) {
    if (key.type == Type::Merged) {
      out += wrapped(fmt::format("{}.*: every key of {}", path, key.same_as), 0) + "\n";
      continue;
    }
    const std::string here = path_of(path, key);
    explain_one(key, here, out);
    if (key.section == nullptr) continue;
    if (key.same_as.empty()) {
      explain_section(*key.section, here, out);
    } else {
      out += wrapped(fmt::format("{}.*: as in {}", here, key.same_as), 0) + "\n";
    }
  }
}

const Key* find_in(const Section& section, std::string_view name) {
  for (const Key& key : section.keys) {
    if (key.type == Type::Merged) {
      if (const Key* inner = find_in(*key.section, name)) return inner;
    } else if (key.name == name) {
      return &key;
    }
  }
  return nullptr;
}

// The path of what was found, written as the schema writes it ("sites[0].hosts" → "sites[].hosts").
struct Found {
  const Key* key = nullptr;
  std::string path;
};

Found find(std::string_view path) {
  Found found;
  const Section* section = &root_section();
  while (!path.empty()) {
    if (section == nullptr) return {};
    const std::size_t end = std::min(path.find('.'), path.size());
    const std::string_view step = path.substr(0, end);
    found.key = find_in(*section, step.substr(0, step.find('[')));
    if (found.key == nullptr) return {};
    found.path = path_of(found.path, *found.key);
    section = found.key->section;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return found;
}

}  // namespace

const Key* find_key(std::string_view path) {
  return find(path).key;
}

std::string reference_page() {
  std::string out(kPreface);
  append_children(root_section(), "", out);
  return out;
}

std::string explain_key(std::string_view key) {
  std::string out;
  if (key.empty()) {
    explain_section(root_section(), "", out);
    return out;
  }
  const Found found = find(key);
  if (found.key == nullptr) return {};
  explain_one(*found.key, found.path, out);
  if (found.key->section != nullptr) explain_section(*found.key->section, found.path, out);
  return out;
}

}  // namespace brink::config

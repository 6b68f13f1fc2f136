#include "purge/event_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/findings.h"

namespace brink::purge {

namespace {

bool is_unreserved(char c) {  // RFC 3986 §2.3
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

std::string percent_encoded(std::string_view text, bool keeps_slashes) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c) || (keeps_slashes && c == '/')) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 15U]);
  }
  return out;
}

// "." and ".." are no names: what resolves them would be somewhere else.
bool has_dot_segment(std::string_view text, bool keeps_slashes) {
  while (!text.empty()) {
    const std::size_t end = keeps_slashes ? text.find('/') : std::string_view::npos;
    const std::string_view segment = text.substr(0, end);
    if (segment == "." || segment == "..") return true;
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return false;
}

bool splits_tags(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == ',';
  });
}

// Every text so far with every value behind it.
class Filler {
 public:
  Filler(TemplateFor what, const Event& event, std::size_t most)
      : what_(what), event_(event), most_(most) {}

  Filled fill(const config::ParsedTemplate& text) {
    for (const config::TemplatePiece& piece : text.pieces) {
      if (piece.field.empty()) {
        append({piece.literal}, false);
        continue;
      }
      FieldValues values = event_.find(piece.field, most_);
      if (!values.problem.empty()) return {{}, std::move(values.problem)};
      if (values.texts.empty()) return {};
      for (std::string& value : values.texts) {
        if (std::string problem = take(value, piece); !problem.empty())
          return {{}, std::move(problem)};
      }
      if (texts_.size() * values.texts.size() > most_)
        return {{}, fmt::format("a template comes to more than {} texts", most_)};
      if (bytes_with(values.texts) > kFilledBytes)
        return {{}, fmt::format("a template comes to more than {} bytes", kFilledBytes)};
      append(values.texts, piece.keeps_slashes);
    }
    return {std::move(texts_), {}};
  }

 private:
  // Makes of a value what may stand there; a problem when nothing does.
  std::string take(std::string& value, const config::TemplatePiece& piece) const {
    if (what_ == TemplateFor::Tag) {
      if (!splits_tags(value)) return {};
      return fmt::format(
          "the value {} holds white space, a comma or a control character, which no tag does",
          config::quote(value));
    }
    if (has_dot_segment(value, piece.keeps_slashes)) {
      return fmt::format("the value {} is a relative step (. or ..), which no URL in a cache has",
                         config::quote(value));
    }
    value = percent_encoded(value, piece.keeps_slashes);
    return {};
  }

  std::size_t bytes_with(const std::vector<std::string>& values) const {
    const auto sum = [](const std::vector<std::string>& texts) {
      std::size_t bytes = 0;
      for (const std::string& text : texts)
        bytes += text.size();
      return bytes;
    };
    return sum(texts_) * values.size() + sum(values) * texts_.size();
  }

  // A path that begins with '/' goes on behind one.
  void append(const std::vector<std::string>& values, bool are_paths) {
    std::vector<std::string> out;
    out.reserve(texts_.size() * values.size());
    for (const std::string& text : texts_) {
      for (std::string_view more : values) {
        if (are_paths && text.ends_with('/') && more.starts_with('/')) more.remove_prefix(1);
        out.push_back(fmt::format("{}{}", text, more));
      }
    }
    texts_ = std::move(out);
  }

  const TemplateFor what_;
  const Event& event_;
  const std::size_t most_;
  std::vector<std::string> texts_{std::string()};
};

}  // namespace

Filled fill(const config::ParsedTemplate& text, TemplateFor what, const Event& event,
            std::size_t most) {
  return Filler(what, event, most).fill(text);
}

}  // namespace brink::purge

#include "config/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "config/runtime/log_format.h"

namespace brink::config {

namespace {

constexpr std::size_t kQuotedBytes = 80;

// Whether `inner` is `outer` or something in it.
bool is_within(std::string_view inner, std::string_view outer) {
  if (outer.empty()) return true;
  if (inner.substr(0, outer.size()) != outer) return false;
  return inner.size() == outer.size() || inner[outer.size()] == '.' || inner[outer.size()] == '[';
}

}  // namespace

std::string quote(std::string_view text) {
  if (text.size() <= kQuotedBytes) return fmt::format("\"{}\"", escape_log_text(text));
  return fmt::format("\"{}…\"", escape_log_text(text.substr(0, kQuotedBytes)));
}

std::string child_path(std::string_view parent, std::string_view key) {
  return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
}

std::string item_path(std::string_view list, std::size_t index) {
  return fmt::format("{}[{}]", list, index);
}

void Findings::add(Severity severity, Position at, std::string_view path,
                   std::string_view message) {
  found_.push_back({severity, at, std::string(path), std::string(message)});
}

bool Findings::is_clean(std::string_view path) const {
  return std::none_of(found_.begin(), found_.end(), [&](const Finding& finding) {
    return finding.severity == Severity::Error &&
           (is_within(finding.path, path) || is_within(path, finding.path));
  });
}

std::vector<Diagnostic> Findings::take(const std::string& file) {
  std::stable_sort(found_.begin(), found_.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column);
  });
  // Errors first claim on the lines that are shown: a flood of advice must not hide one.
  const auto errors =
      static_cast<std::size_t>(std::count_if(found_.begin(), found_.end(), [](const Finding& f) {
        return f.severity == Severity::Error;
      }));
  std::size_t room_for_advice = kShown - std::min(kShown, errors);
  std::size_t room_for_errors = kShown;
  std::size_t left_out = 0;
  std::vector<Diagnostic> out;
  for (const Finding& finding : found_) {
    std::size_t& room = finding.severity == Severity::Error ? room_for_errors : room_for_advice;
    if (room == 0) {
      ++left_out;
      continue;
    }
    --room;
    const std::string separator = finding.path.empty() ? "" : ": ";
    out.push_back({finding.severity, file, finding.at.line, finding.at.column,
                   finding.path + separator + finding.message});
  }
  if (left_out > 0) {
    out.push_back({errors > kShown ? Severity::Error : Severity::Warning, file, 0, 0,
                   fmt::format("and {} more; mend these first", left_out)});
  }
  found_.clear();
  return out;
}

}  // namespace brink::config

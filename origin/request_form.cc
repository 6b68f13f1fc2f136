#include "origin/request_form.h"

#include <algorithm>

#include "config/runtime/fields.h"

namespace brink::origin {
namespace {

constexpr std::size_t kKeptBytes = 8 * 1024;

bool is_clean(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u >= 0x20 && u != 0x7f) || u == '\t';
  });
}

// Visible ASCII and bytes above it: no white space, no control characters.
bool is_word(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u > 0x20 && u != 0x7f;
  });
}

bool is_name(std::string_view name) {
  return is_word(name) && name.find_first_of(":;") == std::string_view::npos;
}

bool belongs_to_this_hop(std::string_view name) {
  switch (name.size()) {
    case 4:
      return iequals(name, "Host");
    case 6:
      return iequals(name, "Expect");
    case 14:
      return iequals(name, "Content-Length");
    case 17:
      return iequals(name, "Transfer-Encoding");
    default:
      return false;
  }
}

}  // namespace

bool RequestForm::lay_out(const Request& request, std::string_view host, bool to_tier) {
  text_.clear();
  offsets_.clear();
  if (!is_word(request.method) || !is_word(request.target) || !is_word(host)) return false;
  add("Host", ": ", host);
  bool accept = false;
  if (!add_all(request.fields, accept)) return false;
  if (to_tier && !add_all(request.tier_fields, accept)) return false;
  if (text_.size() + request.method.size() + request.target.size() > kMaxBytes) return false;
  if (!accept) add("Accept", ":", "");       // none of libcurl's own
  if (request.body) add("Expect", ":", "");  // nor its wait for a 100
  nodes_.clear();
  nodes_.reserve(offsets_.size());
  for (const std::size_t offset : offsets_)
    nodes_.push_back({text_.data() + offset, nullptr});
  for (std::size_t i = 0; i + 1 < nodes_.size(); ++i)
    nodes_[i].next = &nodes_[i + 1];
  return true;
}

bool RequestForm::add_all(const std::vector<std::pair<std::string, std::string>>& fields,
                          bool& accept) {
  for (const auto& [name, value] : fields) {
    if (!is_name(name) || !is_clean(value)) return false;
    if (belongs_to_this_hop(name)) continue;
    accept = accept || iequals(name, "Accept");
    // libcurl drops a line without a value, unless it ends in a semicolon instead of a colon.
    if (trim_ows(value).empty()) {
      add(name, ";", "");
    } else {
      add(name, ": ", value);
    }
  }
  return true;
}

void RequestForm::shrink() {
  if (text_.capacity() <= kKeptBytes) return;
  *this = RequestForm();
}

void RequestForm::add(std::string_view name, std::string_view separator, std::string_view value) {
  offsets_.push_back(text_.size());
  text_.append(name).append(separator).append(value).push_back('\0');
}

}  // namespace brink::origin

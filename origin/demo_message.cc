#include "origin/demo_message.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <type_traits>

#include "config/runtime/error.h"
#include "config/runtime/fields.h"
#include "origin/demo_http.h"
#include "origin/demo_origin.h"

namespace brink::origin {

std::string_view DemoRequest::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (iequals(key, name)) return value;
  }
  return {};
}

std::string DemoRequest::joined_field(std::string_view name) const {
  std::string joined;
  for (const auto& [key, value] : fields) {
    if (!iequals(key, name)) continue;
    if (!joined.empty()) joined += ", ";
    joined += value;
  }
  return joined;
}

std::optional<std::string> DemoRequest::parameter(std::string_view name) const {
  if (auto value = demo_form_value(query, name)) return value;
  return body.empty() ? std::nullopt : demo_form_value(body, name);
}

std::optional<std::uint64_t> DemoRequest::number(std::string_view name, std::uint64_t fallback,
                                                 std::uint64_t most) const {
  const auto text = parameter(name);
  return text ? demo_parse_number(*text, most) : fallback;
}

DemoFile::~DemoFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

DemoBody DemoBody::pattern(std::uint64_t size) {
  DemoBody body;
  body.content_ = Pattern{size};
  return body;
}

DemoBody DemoBody::file(std::shared_ptr<DemoFile> file, std::uint64_t size) {
  DemoBody body;
  body.content_ = Stored{std::move(file), size};
  return body;
}

std::uint64_t DemoBody::size() const {
  if (const auto held = text()) return held->size();
  const auto* bytes = std::get_if<Pattern>(&content_);
  return bytes ? bytes->size : std::get<Stored>(content_).size;
}

std::optional<std::string_view> DemoBody::text() const {
  if (const auto* owned = std::get_if<std::string>(&content_)) return *owned;
  if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&content_)) {
    return **shared;
  }
  return std::nullopt;
}

bool DemoBody::read(std::uint64_t offset, char* into, std::size_t count) const {
  DCHECK(offset + count <= size());
  if (const auto held = text()) {
    held->copy(into, count, offset);
    return true;
  }
  const auto* stored = std::get_if<Stored>(&content_);
  if (!stored) {
    for (std::size_t i = 0; i < count; ++i)
      into[i] = static_cast<char>(demo_byte(offset + i));
    return true;
  }
  while (count > 0) {
    const ssize_t got =
        ::pread(stored->file->descriptor(), into, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    into += got;
    offset += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

DemoReply& DemoReply::set(std::string_view name, std::string value) {
  std::erase_if(fields, [&](const auto& field) { return iequals(field.first, name); });
  return add(name, std::move(value));
}

DemoReply& DemoReply::add(std::string_view name, std::string value) {
  fields.emplace_back(name, std::move(value));
  return *this;
}

}  // namespace brink::origin

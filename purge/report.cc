#include "purge/report.h"

#include <boost/json.hpp>

namespace brink::purge {

namespace json = boost::json;

namespace {

json::value optional_value(const std::optional<std::uint64_t>& count) {
  return count ? json::value(*count) : json::value(nullptr);
}

Error invalid(std::string_view what) {
  return {.code = ErrorCode::Invalid, .side = Side::Store, .what = what};
}

bool read_number(const json::value& value, std::uint64_t& out) {
  boost::system::error_code error;
  out = value.to_number<std::uint64_t>(error);
  return !error;
}

bool read_count(const json::value& value, std::optional<std::uint64_t>& out) {
  if (value.is_null()) return true;
  return read_number(value, out.emplace());
}

json::array preview_value(const Preview& preview) {
  return {preview.hits, preview.hits_sampled,
          json::array(preview.uris.begin(), preview.uris.end())};
}

// [hits, hits_sampled, [uri, …]]
bool read_preview(const json::value& value, PreviewPtr& out) {
  const json::array* parts = value.if_array();
  Preview preview;
  if (parts == nullptr || parts->size() < 3 || !read_number((*parts)[0], preview.hits) ||
      !read_number((*parts)[1], preview.hits_sampled) || !(*parts)[2].is_array() ||
      (*parts)[2].get_array().size() > kPreviewUris) {
    return false;
  }
  for (const json::value& uri : (*parts)[2].get_array()) {
    if (!uri.is_string()) return false;
    preview.uris.emplace_back(uri.get_string());
  }
  out = std::make_shared<const Preview>(std::move(preview));
  return true;
}

// [sequence, applied_ms, responses, bytes], and of a dry run its preview.
bool read_receipt(const json::value& value, Receipt& out) {
  const json::array* parts = value.if_array();
  std::uint64_t ms = 0;
  if (parts == nullptr || parts->size() < 4 || !read_number((*parts)[0], out.sequence) ||
      !read_number((*parts)[1], ms) || ms > UINT32_MAX) {
    return false;
  }
  out.applied_ms = static_cast<std::uint32_t>(ms);
  return read_count((*parts)[2], out.responses) && read_count((*parts)[3], out.bytes) &&
         (parts->size() < 5 || read_preview((*parts)[4], out.preview));
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

std::string to_json(const Report& report) {
  json::array receipts;
  for (const Receipt& receipt : report.receipts) {
    json::array parts{receipt.sequence, receipt.applied_ms, optional_value(receipt.responses),
                      optional_value(receipt.bytes)};
    if (receipt.preview) parts.push_back(preview_value(*receipt.preview));
    receipts.push_back(std::move(parts));
  }
  const json::object out{{"node", report.node},
                         {"pop", report.pop},
                         {"role", report.role},
                         {"instance", report.instance},
                         {"applied", report.applied},
                         {"fenced", report.fenced},
                         {"receipts", std::move(receipts)}};
  return json::serialize(out);
}

Result<Report> parse_report(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const json::object* object = error ? nullptr : value.if_object();
  if (object == nullptr) return invalid("not a JSON object");
  Report out;
  out.node = text_of(*object, "node");
  out.pop = text_of(*object, "pop");
  out.role = text_of(*object, "role");
  out.instance = text_of(*object, "instance");
  const json::value* applied = object->if_contains("applied");
  if (out.node.empty() || applied == nullptr || !read_number(*applied, out.applied)) {
    return invalid("a report without node or position");
  }
  const json::value* fenced = object->if_contains("fenced");
  out.fenced = fenced != nullptr && fenced->is_bool() && fenced->get_bool();
  const json::value* receipts = object->if_contains("receipts");
  if (receipts == nullptr || !receipts->is_array()) return out;
  for (const json::value& each : receipts->get_array()) {
    if (!read_receipt(each, out.receipts.emplace_back())) return invalid("not a receipt");
  }
  return out;
}

}  // namespace brink::purge

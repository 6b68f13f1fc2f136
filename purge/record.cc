#include "purge/record.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "config/runtime/random.h"

namespace brink::purge {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, kRecordKinds> kKinds = {"purge", "version", "join", "leave",
                                                               "count"};
constexpr Selector::Kind kSelectors[] = {
    Selector::Kind::Urls,  Selector::Kind::Tags, Selector::Kind::Prefix, Selector::Kind::Pattern,
    Selector::Kind::Regex, Selector::Kind::Host, Selector::Kind::All};

json::value selector_value(const Selector& selector) {
  const bool is_list =
      selector.kind == Selector::Kind::Urls || selector.kind == Selector::Kind::Tags;
  json::object out;
  if (selector.kind == Selector::Kind::All) {
    out[to_string(selector.kind)] = true;
  } else if (is_list) {
    out[to_string(selector.kind)] = json::array(selector.values.begin(), selector.values.end());
  } else {
    out[to_string(selector.kind)] = selector.values.empty() ? "" : selector.values.front();
  }
  if (selector.match_all) out["match"] = "all";
  if (selector.ignore_query) out["ignore_query"] = true;
  return out;
}

void put_text(json::object& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out[name] = text;
}

// Reads members of one object; the first one of a wrong type makes all of it invalid.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  std::string text(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return {};
    const json::string* string = value->if_string();
    ok_ = ok_ && string != nullptr;
    return string ? std::string(*string) : std::string();
  }
  bool flag(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return false;
    const bool* flag = value->if_bool();
    ok_ = ok_ && flag != nullptr;
    return flag != nullptr && *flag;
  }
  std::int64_t number(std::string_view name, std::int64_t fallback) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return fallback;
    const std::int64_t* number = value->if_int64();
    ok_ = ok_ && number != nullptr;
    return number ? *number : fallback;
  }
  std::vector<std::string> texts(std::string_view name) {
    std::vector<std::string> out;
    const json::array* array = object_.at(name).if_array();
    ok_ = ok_ && array != nullptr && !array->empty();
    if (!ok_) return out;
    for (const json::value& value : *array) {
      const json::string* string = value.if_string();
      ok_ = ok_ && string != nullptr;
      if (string != nullptr) out.emplace_back(*string);
    }
    return out;
  }
  bool has(std::string_view name) const { return object_.contains(name); }
  bool ok() const { return ok_; }
  void fail() { ok_ = false; }

 private:
  const json::object& object_;
  bool ok_ = true;
};

// Exactly one way of naming responses; false otherwise.
bool read_selector(const json::object& object, Selector& out) {
  Reader in(object);
  int found = 0;
  for (const Selector::Kind kind : kSelectors) {
    const std::string_view name = to_string(kind);
    if (!in.has(name)) continue;
    ++found;
    out.kind = kind;
    if (kind == Selector::Kind::Urls || kind == Selector::Kind::Tags) {
      out.values = in.texts(name);
    } else if (kind == Selector::Kind::All) {
      if (!in.flag(name)) in.fail();
    } else {
      out.values = {in.text(name)};
      if (out.values.front().empty()) in.fail();
    }
  }
  out.match_all = in.text("match") == "all";
  out.ignore_query = in.flag("ignore_query");
  return in.ok() && found == 1;
}

bool has_selector(Record::Kind kind) {
  return kind == Record::Kind::Purge || kind == Record::Kind::Count;
}

Error invalid(std::string_view what) {
  return {.code = ErrorCode::Invalid, .side = Side::Store, .what = what};
}

}  // namespace

std::string_view to_string(Record::Kind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

std::string to_json(const Record& record) {
  json::object out;
  out["kind"] = to_string(record.kind);
  out["id"] = record.id;
  out["issued_at"] = record.issued_at.time_since_epoch().count();
  put_text(out, "site", record.selector.site);
  if (has_selector(record.kind)) {
    out["selector"] = selector_value(record.selector);
    if (record.soft) out["soft"] = true;
    if (record.warm) out["warm"] = true;
  } else if (record.kind == Record::Kind::Version) {
    out["version"] = record.version;
    out["percent"] = record.percent;
  } else {
    out["node"] = record.node;
    out["pop"] = record.pop;
    out["role"] = record.role;
    out["instance"] = record.instance;
  }
  put_text(out, "by", record.by);
  put_text(out, "from", record.from);
  put_text(out, "reason", record.reason);
  return json::serialize(out);
}

Result<Record> parse_record(std::string_view text, std::uint64_t sequence) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const json::object* object = error ? nullptr : value.if_object();
  if (object == nullptr) return invalid("not a JSON object");
  Reader in(*object);
  Record out;
  out.sequence = sequence;
  const std::string kind = in.text("kind");
  const auto known = std::find(std::begin(kKinds), std::end(kKinds), kind);
  if (known == std::end(kKinds)) return invalid("unknown kind of record");
  out.kind = static_cast<Record::Kind>(known - std::begin(kKinds));
  out.id = in.text("id");
  out.issued_at = TimePoint{Millis{in.number("issued_at", 0)}};
  out.selector.site = in.text("site");
  if (has_selector(out.kind)) {
    const json::value* selector = object->if_contains("selector");
    if (selector == nullptr || !selector->is_object() ||
        !read_selector(selector->get_object(), out.selector)) {
      return invalid("a purge without exactly one selector");
    }
  }
  out.soft = in.flag("soft");
  out.warm = in.flag("warm");
  out.version = in.text("version");
  const std::int64_t percent = in.number("percent", 100);
  if (percent < 1 || percent > 100) return invalid("percent is not 1 to 100");
  out.percent = static_cast<std::uint32_t>(percent);
  out.node = in.text("node");
  out.pop = in.text("pop");
  out.role = in.text("role");
  out.instance = in.text("instance");
  out.by = in.text("by");
  out.from = in.text("from");
  out.reason = in.text("reason");
  if (!in.ok()) return invalid("a member has the wrong type");
  if (out.id.empty()) return invalid("no id");
  const bool names_node = out.kind == Record::Kind::Join || out.kind == Record::Kind::Leave;
  if (names_node && out.node.empty()) return invalid("no node");
  if (out.kind == Record::Kind::Version && out.selector.site.empty()) return invalid("no site");
  return out;
}

std::string make_record_id() {
  constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";  // 5 bits each
  constexpr int kCharacters = 20;
  constexpr int kPerNumber = 10;
  std::string out = "p-";
  for (int i = 0; i < kCharacters; i += kPerNumber) {
    std::uint64_t bits = secure_random();
    for (int k = 0; k < kPerNumber; ++k, bits >>= 5U)
      out.push_back(kAlphabet[bits & 31U]);
  }
  return out;
}

}  // namespace brink::purge

// What the tests of the NATS log need of purge/record.cc, until that is there: goes with its coming.

#include <atomic>
#include <boost/json.hpp>

#include "config/runtime/random.h"
#include "purge/record.h"

namespace brink::purge {

namespace json = boost::json;

std::string to_json(const Record& record) {
  return json::serialize(json::object{{"kind", static_cast<int>(record.kind)},
                                      {"id", record.id},
                                      {"site", record.selector.site},
                                      {"version", record.version},
                                      {"node", record.node},
                                      {"reason", record.reason}});
}

Result<Record> parse_record(std::string_view text, std::uint64_t sequence) {
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object() || !value.as_object().contains("id"))
    return Error{ErrorCode::Invalid, Side::Store, Retry::Never, "no record"};
  const json::object& object = value.as_object();
  const auto member = [&](const char* name) {
    return std::string(object.at(name).as_string().c_str());
  };
  Record record;
  record.sequence = sequence;
  record.kind = static_cast<Record::Kind>(object.at("kind").as_int64());
  record.id = member("id");
  record.selector.site = member("site");
  record.version = member("version");
  record.node = member("node");
  record.reason = member("reason");
  return record;
}

std::string make_record_id() {
  static std::atomic<std::uint64_t> last{secure_random()};
  return "p-" + std::to_string(++last);
}

}  // namespace brink::purge

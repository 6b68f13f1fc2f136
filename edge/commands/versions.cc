// `brink versions`: shows or sets a site's version.

#include <fmt/core.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "edge/commands/admin_client.h"
#include "edge/commands/commands.h"
#include "edge/commands/terminal.h"

namespace brink::edge {

namespace {

namespace json = boost::json;

std::string shown(const json::value& reply, std::string_view name) {
  const json::value* value = member_of(reply, name);
  if (!value || value->is_null()) return "-";
  if (value->is_string()) {
    const std::string text(value->get_string());
    return text.empty() ? "(none)" : text;
  }
  return json::serialize(*value);
}

}  // namespace

int run_versions(const VersionsArguments& arguments) {
  const std::string path = "/v1/sites/" + arguments.site + "/version";
  std::string body;
  if (arguments.set) {
    json::object object;
    object["version"] = *arguments.set;
    object["percent"] = arguments.percent;
    body = json::serialize(object);
  }
  const AdminReply reply =
      call(arguments.admin, arguments.set ? "PUT" : "GET", path, body, {});
  if (!reply.ok()) {
    announce(reply.message);
    return reply.status == 400 || reply.status == 422 ? kUsage : kFailed;
  }
  const std::string text =
      arguments.json ? reply.text
                     : fmt::format("site {}  version {}  percent {}  before {}\n", arguments.site,
                                   shown(reply.body, "version"), shown(reply.body, "percent"),
                                   shown(reply.body, "previous"));
  if (!print(text)) return kFailed;
  return reply.status == 202 ? kFailed : kDone;
}

}  // namespace brink::edge

#pragma once
// Reports (log.h) as text: one JSON object on one line, for the logs that store or send them.

#include <string>
#include <string_view>

#include "purge/log.h"

namespace brink::purge {

std::string to_json(const Report& report);
// Invalid (Side::Store) when it is no report of ours. Unknown members are ignored.
Result<Report> parse_report(std::string_view json);

}  // namespace brink::purge

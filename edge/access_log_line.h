#pragma once
// From one access record to one JSON line, and to the page that documents it: both from the same
// table. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "edge/access_log.h"

namespace brink::edge {

// Appends one JSON object and a line end. Fields that do not apply to the request are left out.
// `target` has been redacted already. Any bytes may stand in the record's texts: the line is valid
// JSON and valid UTF-8.
void append_access_line(std::string& out, const AccessRecord& record, std::string_view node,
                        std::string_view target);

// Appends `target` with "…" for the values of the query parameters named in `names` ("*" = all).
// Names are compared after percent-decoding and without regard to letter case. A parameter without
// "=" is a value when "*" is given.
void append_redacted_target(std::string& out, std::string_view target,
                            const std::vector<std::string>& names);

// Whether this record is among the `sample` share that is logged: a function of the record alone,
// so that equal traffic gives equal logs. Errors (status >= 500, cut, closed without an answer)
// always are.
bool is_sampled(const AccessRecord& record, double sample) noexcept;

// docs/access-log.md.
std::string access_log_page();

}  // namespace brink::edge

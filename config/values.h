#pragma once
// One value of a configuration: from its text to what a member takes, and back (schema.h, units.h,
// names.h).

#include <string>
#include <string_view>

#include "config/schema.h"

namespace brink::config {

struct ParsedValue {
  Value value;          // meaningful only without a problem
  std::string problem;  // what was expected, what was found, how to mend it; empty = none
};

// Reads one scalar; of a list key, one element. `quoted`: it stood in quotes, so it is no number.
// REQUIRES: the key takes values (no Map, Maps, Merged, NotBuilt).
ParsedValue parse_value(const Key& key, std::string_view text, bool quoted);

// The elements of a list, each parsed by parse_value(), as one value for Key::set.
Value join_values(const Key& key, const std::vector<Value>& elements);

// As the reference page shows a bound or a default: "1MiB", "30s", "0.5", "edge".
std::string write_value(const Key& key, double value);

// "size", "duration", "list of hosts": the reference page's type column.
std::string type_name(const Key& key);

}  // namespace brink::config

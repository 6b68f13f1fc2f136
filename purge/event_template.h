#pragma once
// Fills templates of tags and URLs with an event's values (config/event_template.h has their form).
// Pure; the event is the network's.
//
// A value never makes a purge wider than its template says: in a tag it may not hold what separates
// tags, and in a URL all of it is percent-encoded, so that it stays within its path segment or
// query; the host is the template's.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "config/event_template.h"
#include "purge/event.h"

namespace brink::purge {

inline constexpr std::size_t kFilledBytes = 512 * 1024;  // of all texts of a template

enum class TemplateFor : std::uint8_t { Tag, Url };

struct Filled {
  std::vector<std::string> texts;  // without a problem, no text = a field is missing
  std::string problem;             // a value cannot be used there
};

// One text for each combination of the fields' values; more than `most`, or than kFilledBytes, is a
// problem.
Filled fill(const config::ParsedTemplate& text, TemplateFor what, const Event& event,
            std::size_t most);

}  // namespace brink::purge

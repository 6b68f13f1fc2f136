#pragma once
// The grammar that the model needs, read naively from the RFC text: strings and lists of strings,
// slow, and nothing shared with edge/cache, whose mistakes it must not repeat.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace brink::sim::rfc9111 {

using Line = std::pair<std::string, std::string>;  // a field's name and value
using Lines = std::vector<Line>;
using Seconds64 = std::int64_t;  // since 1970, or a span of time

std::string lower(std::string text);
std::string trim(const std::string& text);
bool same_name(const std::string& a, const std::string& b);  // RFC 9110 §5.1: letter case aside

// The values of all lines with this name, in order.
std::vector<std::string> values(const Lines& fields, const std::string& name);
bool has(const Lines& fields, const std::string& name);
// The value of a field that may occur once: nothing when it is absent or several lines contradict
// one another.
std::optional<std::string> only_value(const Lines& fields, const std::string& name);
// All lines as one list (RFC 9110 §5.3).
std::string joined(const Lines& fields, const std::string& name);
void remove_field(Lines& fields, const std::string& name);

// Fields without those of this hop (RFC 9110 §7.6.1, RFC 9111 §3.1): the known ones, and what
// Connection names. Cache-Control and Vary are for every recipient: they stay, whatever Connection
// says.
Lines end_to_end(const Lines& fields);

// The members of a list (RFC 9110 §5.6.1): split at commas outside of quoted strings, empty ones
// dropped.
std::vector<std::string> members(const std::string& list);
// The same for entity tags, in which a backslash is an ordinary character (RFC 9110 §8.8.3).
std::vector<std::string> entity_tags(const std::string& list);

// RFC 9111 §1.2.2: digits, and what is too large counts as 2^31.
std::optional<Seconds64> delta_seconds(const std::string& digits);

// RFC 3986 §5.2 within the origin http://sim.test: the target that a reference means, or nothing
// when it is of another origin. `target` is the request's.
std::string same_origin_target(const std::string& reference, const std::string& target);

// RFC 9110 §5.6.7: the three forms; nothing when it is none of them.
std::optional<Seconds64> http_date(const std::string& text, Seconds64 now);

enum class DateForm : std::uint8_t { ImfFixdate, Rfc850, Asctime };
std::string write_date(Seconds64 time, DateForm form);

}  // namespace brink::sim::rfc9111

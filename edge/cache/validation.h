#pragma once
// Validation, both ways (RFC 9111 §4.3, RFC 9110 §13): a client's conditions against a stored
// response, our own conditions toward upstream, and freshening from a 304.

#include <cstdint>
#include <string>
#include <string_view>

#include "config/runtime/fields.h"
#include "edge/cache/storable.h"
#include "edge/cache/stored_meta.h"

namespace brink::edge::cache {

inline std::string_view slice(std::string_view head, HeadSlice s) {
  return head.substr(s.offset, s.length);
}

enum class Precondition : std::uint8_t { Proceed, NotModified, Failed };  // 200/206, 304, 412

// RFC 9110 §13.2.2 in its order: If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since.
// Weak comparison for If-None-Match, strong for If-Match; malformed tags match byte for byte;
// without Last-Modified, If-Modified-Since is compared with the stored Date. `method` is GET or
// HEAD. No allocation. Conditions on a stored response that is not 2xx are ignored (§13.2.1); a
// list over several lines is one list.
Precondition evaluate_preconditions(std::string_view method, Fields request, const StoredMeta& meta,
                                    std::string_view head, TimePoint now);

// True when the request has any of If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since,
// If-Range.
bool is_conditional(Fields request);
bool is_condition_field(std::string_view name);

// RFC 9110 §8.8.3: quoted, perhaps behind "W/", without a quote inside.
bool is_entity_tag(std::string_view tag);

// If-Range (RFC 9110 §13.1.5): strong comparison of a tag, or exact Last-Modified where that is
// strong, i.e. at least a second before Date (§8.8.2.2). True = the range may be served; also
// without the field.
bool if_range_holds(Fields request, const StoredMeta& meta, std::string_view head);

// The condition that validates a stored response: If-None-Match with its tag byte for byte, and
// If-Modified-Since with its Last-Modified (§4.3.1). Empty values when it has neither.
struct ValidationFields {
  std::string_view if_none_match;
  std::string_view if_modified_since;
  bool any() const { return !if_none_match.empty() || !if_modified_since.empty(); }
};
ValidationFields validation_fields(const StoredMeta& meta, std::string_view head);

// The strong validator that If-Range may carry (RFC 9110 §13.1.5): a strong tag, or else a
// Last-Modified at least a second before Date; empty without either. Only what has one may be
// combined from several responses (§15.3.7.3).
std::string_view strong_validator(const StoredMeta& meta, std::string_view head);

// Whether a 206 or 200 with these fields is of the stored response's very representation: the same
// strong validator.
bool same_representation(Fields response, const StoredMeta& meta, std::string_view head);

// Which fields of a 304 go out to the client: ETag, Date, Cache-Control, Expires, Vary,
// Content-Location and the rest that is not representation metadata (RFC 9110 §15.4.5).
bool belongs_in_304(std::string_view name);

// Freshening (§3.2, §4.3.4): the stored head with the fields of `context` (the 304's) on top:
// fields it has replace those of the same name, the rest stay. Not taken over: Content-Length,
// Content-Encoding, Content-Type, Content-Range, hop-by-hop. Decides storability of the result anew
// under `policy`. False when the result must not be kept; `out_head` and `out_meta` then still
// describe what may answer the one request that caused the validation (empty when too large).
// `context` is the 304's (or a HEAD's 200, §4.3.5): times, Authorization, from_tier; its status is
// not used. `stored_head` must not be a view into `out_head`.
bool freshen(std::string_view stored_head, const StoredMeta& stored, const ResponseContext& context,
             const Policy& policy, std::string& out_head, StoredMeta& out_meta);

// Does the 304 select this stored response (§4.3.4)? A strong tag must be equal; a weak tag or date
// must agree when present; without validators in the 304 the one response we asked about is meant.
bool selects(const ResponseContext& context, const StoredMeta& meta, std::string_view head);

// Does a HEAD's 200 describe the stored GET's response (§4.3.5): validators agree, and
// Content-Length if it has one? Then freshen() with it; otherwise the stored response is to be
// considered stale.
bool head_describes(const ResponseContext& context, const StoredMeta& meta, std::string_view head,
                    std::uint64_t stored_length);

}  // namespace brink::edge::cache

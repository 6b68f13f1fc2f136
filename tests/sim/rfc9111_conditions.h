#pragma once
// The model's validation (RFC 9111 §4.3, RFC 9110 §13): conditions of clients, conditions toward
// the origin, and what a 304 or a HEAD does to a stored response. And its variants (§4.1).

#include <string>

#include "tests/sim/rfc9111_text.h"

namespace brink::sim::rfc9111 {

// RFC 9110 §13.2.2 for GET and HEAD: 0 = goes on, 304, 412.
int evaluate_conditions(const Lines& request, const Lines& stored, Seconds64 now);
// The lines of `fields` that are conditions (RFC 9110 §13.1).
Lines condition_lines(const Lines& fields);
// §4.3.1: what validates this stored response.
Lines validators(const Lines& stored);
// §4.3.1: an If-None-Match that lists the tags of several; a malformed one cannot stand in a list.
Lines one_of(const std::vector<std::string>& tags);

// §4.3.4: is this 304 about that stored response?
bool selects(const Lines& not_modified, const Lines& stored, Seconds64 now);
// §4.3.5: does the 200 of a HEAD describe it?
bool describes(const Lines& head_answer, const Lines& stored, std::size_t stored_length,
               Seconds64 now);
// §3.2: the stored fields with those of a 304 (or of a HEAD's 200) in their places.
Lines updated(const Lines& stored, const Lines& update, Seconds64 receipt);

// §4.1: a stored response under its Vary, and the request that it was stored for. `vary` is that of
// the time of storing.
struct Variant {
  std::string vary;
  Lines request;
};
// How well a stored response fits a request. 0 = not at all; the greatest is the best.
int variant_fit(const Variant& variant, const Lines& stored, const Lines& request);
bool same_variant(const Variant& a, const Variant& b);
// Would this request have got a response with the same content codings?
bool same_codings(const Variant& stored, const Lines& request);

}  // namespace brink::sim::rfc9111

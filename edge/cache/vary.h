#pragma once
// Variants (RFC 9111 §4.1): which stored response of a key was made for a request like this one.

#include <string>
#include <string_view>

#include "config/runtime/fields.h"
#include "edge/cache/stored_meta.h"

namespace brink::edge::cache {

// `Vary` holds "*" anywhere in any line or list form: never reused.
bool vary_is_star(Fields response);
bool vary_value_is_star(std::string_view vary);

// Appends the variant key of a request under a Vary value (one joined list): for each named field, lower-case name
// and normalised value, or "absent". Same key ⇔ the request fields match (§4.1).
// Normalised: lines joined, white space around commas and at the ends removed; Accept-Encoding reduced to the codings
// that Brink can serve; Accept-Language: letter case, white space, order of equal weights do not matter.
// No allocation once `out` has grown.
void append_variant_key(std::string_view vary, Fields request, std::string& out);

// How well a stored variant fits: 0 = it does not; higher is better. An exact variant key is the best; among the others
// only Accept-Language may be satisfied by another variant's Content-Language, ranked by weight.
// `stored_head` is its head block, `scratch` a buffer of the caller (cleared).
int variant_score(std::string_view vary, std::string_view stored_variant_key, std::string_view stored_head,
                  Fields request, std::string& scratch);

// Accept-Encoding as it goes upstream and into variant keys: the codings of {zstd, br, gzip} that the client accepts,
// in that order, comma-separated; "identity" when none. Weights of 0 exclude. `out` is cleared.
void normalise_accept_encoding(Fields request, std::string& out);

}  // namespace brink::edge::cache

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

// Appends the variant key of a request under a Vary value (one joined list): for each named field,
// lower-case name and normalised value, or "absent". Same key ⇔ the request fields match (§4.1).
// Normalised: lines joined, white space around commas and at the ends removed; Accept-Encoding
// reduced to the codings that Brink can serve; Accept-Language: letter case, white space, order of
// equal weights do not matter. The order and repetition of names in Vary do not matter. Format:
// "name:" then "-" (absent) or "+" and the value, then a line feed; names in alphabetical order. No
// allocation once `out` has grown.
void append_variant_key(std::string_view vary, Fields request, std::string& out);

// A response whose Vary names more fields than this is not stored.
inline constexpr std::size_t kMaxVaryFields = 32;
bool vary_is_too_long(std::string_view vary);

// How well stored variants fit one request. An exact variant key is the best. Otherwise only
// Accept-Language may differ, and only when the stored Content-Language is among the languages that
// the request weights highest: a reader who prefers another language is never given a stored second
// choice. One per lookup: the request's key is built once per distinct Vary value, not per
// candidate. No allocation once `scratch` has grown. Vary values given to score() must outlive the
// matcher (they are views into stored heads).
class VariantMatcher {
 public:
  static constexpr int kExact = 1'000'000;

  VariantMatcher(Fields request, std::string& scratch) : request_(request), key_(&scratch) {}
  // 0 = it does not fit; higher is better. `content_language` is the stored response's, empty when
  // absent.
  int score(std::string_view vary, std::string_view stored_variant_key,
            std::string_view content_language);

 private:
  Fields request_;
  std::string* key_;
  std::string_view vary_;
  bool has_key_ = false;
};

// The same for one candidate, with its head block scanned for Content-Language: for explain and
// tests.
int variant_score(std::string_view vary, std::string_view stored_variant_key,
                  std::string_view stored_head, Fields request, std::string& scratch);

// Whether the request accepts the same content codings as the one that a variant was stored for.
// One weak tag may stand for all codings of a page (RFC 9110 §8.8.3.3), so a 304 for the tag of a
// variant with other codings says nothing about whether this client can decode that variant's body.
bool same_codings(std::string_view stored_variant_key, Fields request, std::string& scratch);

// Accept-Encoding as it goes upstream and into variant keys: the codings of {zstd, br, gzip} that
// the client accepts, in that order, comma-separated; "identity" when none. Weights of 0 exclude.
// `out` is cleared.
void normalise_accept_encoding(Fields request, std::string& out);

}  // namespace brink::edge::cache

#pragma once
// Responses of which only parts are stored (RFC 9111 §3.3, §3.4; RFC 9110 §14.4, §15.3.7.3).
//
// A sliced response is two kinds of stored responses. Its *slice map* stands where any response
// would stand, under the cache key and its variant: head, freshness and validator of the
// representation, with a SliceMap for a body. Its *slices* hold the bytes, each a stored response
// with a key of its own that is made from the map's generation. So who drops, replaces, invalidates
// or purges the map has dropped all slices with it, and slices of two representations never meet.
//
// A slice covers a fixed, aligned range of the representation, or a part of that range when
// upstream sent no more.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/runtime/fields.h"
#include "edge/cache/byte_range.h"
#include "edge/cache/key.h"

namespace brink::edge::cache {

// Slices of a response at most: what a map's removal has to look for is bounded.
inline constexpr std::uint64_t kMaxSlices = 1U << 16U;

// Plain bytes: the body of the stored response that stands for all slices.
struct SliceMap {
  std::uint64_t complete_length = 0;
  std::uint64_t generation = 0;  // random; names the slices
  std::uint64_t slice_bytes = 0;

  std::uint64_t count() const {  // of any length, also of one that only a lie can be
    return complete_length / slice_bytes + (complete_length % slice_bytes != 0 ? 1 : 0);
  }
  std::uint64_t index_of(std::uint64_t position) const { return position / slice_bytes; }
  // The whole range of a slice, the last one shorter.
  ByteRange range_of(std::uint64_t index) const;
  friend bool operator==(const SliceMap&, const SliceMap&) = default;
};

std::string encode_slice_map(const SliceMap& map);
// REQUIRES: encode_slice_map() wrote `body`.
SliceMap decode_slice_map(std::string_view body);

// A slice's key, in `buffer`: the response's key, a line feed (which no key of a request has), the
// generation, the slice.
CacheKey slice_key(std::string_view response_key, const SliceMap& map, std::uint64_t index,
                   std::string& buffer);

// The Range field that asks upstream for the first slice that this client's Range needs, while
// nothing is known of the representation: the aligned slice around its first byte, or its suffix as
// it stands (a longer one than a slice asks for the first slice, and so does what is further than
// any map reaches: that tells the length). `exact`: a child tier asks, whose ranges are slices
// already; nothing behind its range is asked for. Empty when the field is no single range.
std::string first_slice_request(std::string_view client_range, std::uint64_t slice_bytes,
                                bool exact);

// Whether a Range begins further on than any map reaches: then it is for upstream alone.
bool begins_beyond_slices(std::string_view client_range, std::uint64_t slice_bytes);

// "bytes=5-9"; "bytes=5-" when it ends where the representation does.
std::string range_request(ByteRange range, std::uint64_t complete_length);

// Which bytes a 206 carries: its one well-formed Content-Range with a complete length, which a
// Content-Length does not contradict.
std::optional<ContentRange> content_of_206(Fields response,
                                           std::optional<std::uint64_t> content_length);

// The head a slice is stored with, and which bytes of the representation it says the slice holds.
std::string slice_head(ByteRange range, std::uint64_t complete_length);
ByteRange range_in_head(std::string_view slice_head);

}  // namespace brink::edge::cache

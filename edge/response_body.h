#pragma once
// The bytes of one response as they go to one client: nothing, a text of ours, a stored or filling body (or a range of it), slices, or a
// multipart/byteranges of a stored one (RFC 9110 §14.6).

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "edge/cache/byte_range.h"
#include "edge/store/fill.h"

namespace brink::edge {

class SliceReader;

// Belongs to one transaction, on its shard.
class ResponseBody {
 public:
  using State = store::BodyReader::State;

  void clear();
  void set_text(std::string_view text);  // static, or alive until clear()
  void set_reader(store::BodyReader reader);
  void set_slices(SliceReader& slices);  // alive until clear()
  // REQUIRES: `response` is complete; at least two ranges.
  void set_multipart(store::ResponsePtr response, const cache::RangeSet& ranges, std::string_view content_type);

  // As BodyReader::next() and consume().
  State next(std::span<std::string_view> out, std::size_t& count, std::size_t max_bytes);
  void consume(std::size_t bytes);
  // The exact length, where it is known beforehand.
  std::optional<std::uint64_t> length() const { return length_; }
  Error error() const;
  static constexpr std::string_view kBoundary = "brink-part-0f8c2d41b7";

 private:
  State next_part(std::span<std::string_view> out, std::size_t& count, std::size_t max_bytes);

  struct Part {
    std::string head;
    cache::ByteRange range;
  };
  std::string_view text_;
  std::optional<store::BodyReader> reader_;
  SliceReader* slices_ = nullptr;
  store::ResponsePtr multipart_;
  std::vector<Part> parts_;      // the last has an empty range: the closing delimiter
  std::size_t part_ = 0;
  bool in_part_head_ = false;
  std::optional<std::uint64_t> length_;
};

}  // namespace brink::edge

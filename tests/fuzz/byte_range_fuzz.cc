// Byte ranges (RFC 9110 §14): first line the representation's length, second the field.
#include <cstdlib>

#include "edge/cache/byte_range.h"
#include "fuzz_input.h"

namespace {

using namespace brink;
using namespace brink::edge::cache;

void check_resolved(const RangeSet& set, std::uint64_t length) {
  CHECK((set.outcome == RangeOutcome::Partial) == (set.count > 0));
  CHECK(set.count <= kMaxRanges);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < set.count; ++i) {
    const ByteRange& range = set.ranges[i];
    CHECK(range.begin < range.end && range.end <= length);
    // Ascending, and neither touching nor overlapping.
    if (i > 0) CHECK(range.begin > set.ranges[i - 1].end);
    total += range.size();
  }
  CHECK(total <= length);
}

void check_single(std::string_view field, std::uint64_t length) {
  const auto single = single_range(field);
  if (!single) return;
  CHECK(single->first || single->last);
  CHECK(!single->first || !single->last || *single->first <= *single->last);
  const RangeSet set = resolve_ranges(field, length);
  if (!single->first) {
    CHECK(set.count == 0 || set.ranges[0].end == length);
  } else if (*single->first >= length) {
    CHECK(set.outcome == RangeOutcome::Unsatisfiable);
  } else {
    CHECK(set.count == 1 && set.ranges[0].begin == *single->first);
    CHECK(!single->last || *single->last >= length || set.ranges[0].end == *single->last + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  const std::string number{fuzz::take_until(text, "\n")};
  const std::uint64_t length = std::strtoull(number.c_str(), nullptr, 10);
  const RangeSet set = resolve_ranges(text, length);
  check_resolved(set, length);
  check_single(text, length);
  // What we send is understood by ourselves, and means the same.
  std::string again = "bytes=";
  for (const ByteRange& range : set.view()) {
    again += std::to_string(range.begin) + "-" + std::to_string(range.end - 1) + ",";
  }
  if (set.count > 0) CHECK(resolve_ranges(again, length).ranges == set.ranges);
  if (const auto content = parse_content_range(text)) {
    CHECK(content->range.begin < content->range.end);
    CHECK(!content->complete_length || content->range.end <= *content->complete_length);
  }
  return 0;
}

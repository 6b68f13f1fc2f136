// Freshening a stored response from a 304 (RFC 9111 §3.2, §4.3.4). Declared in validation.h.
#include <algorithm>
#include <array>
#include <vector>

#include "edge/cache/http_date.h"
#include "edge/cache/tokens.h"
#include "edge/cache/validation.h"

namespace brink::edge::cache {
namespace {

bool by_name(const Field& a, const Field& b) {
  return iless(a.name, b.name);
}

// These describe the stored body, or the 304's own framing: never taken over.
bool describes_the_body(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames = {"content-length", "content-encoding",
                                                      "content-type", "content-range"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](auto known) { return iequals(known, name); });
}

// The lines of a 304 that replace stored ones, in their order; `receipt` is the Date of one that
// has none.
std::vector<Field> replacing_fields(Fields fields, std::string_view receipt) {
  const auto nominated = connection_options(fields);
  std::vector<Field> out;
  bool has_date = false;
  for (const Field& field : fields) {
    if (describes_the_body(field.name) || is_hop_by_hop(field.name)) continue;
    if (std::binary_search(nominated.begin(), nominated.end(), field.name, iless)) continue;
    has_date = has_date || iequals(field.name, "date");
    out.push_back(field);
  }
  if (!has_date) out.push_back({"Date", receipt});
  return out;
}

// Stored lines with the new ones in their places; what was not there before comes last.
std::vector<Field> merge(std::string_view stored_head, const std::vector<Field>& update) {
  std::vector<Field> sorted = update;
  std::stable_sort(sorted.begin(), sorted.end(), by_name);
  std::vector<bool> placed(sorted.size(), false);  // by the first line of its name in `sorted`
  std::vector<Field> merged;
  for_each_stored_field(stored_head, [&](const Field& stored) {
    const auto [begin, end] = std::equal_range(sorted.begin(), sorted.end(), stored, by_name);
    const auto group = static_cast<std::size_t>(begin - sorted.begin());
    if (begin == end) {
      merged.push_back(stored);
    } else if (!placed[group]) {
      placed[group] = true;
      merged.insert(merged.end(), begin, end);
    }
    return true;
  });
  for (const Field& field : update) {
    const auto begin = std::lower_bound(sorted.begin(), sorted.end(), field, by_name);
    if (!placed[static_cast<std::size_t>(begin - sorted.begin())]) merged.push_back(field);
  }
  return merged;
}

}  // namespace

bool freshen(std::string_view stored_head, const StoredMeta& stored, const ResponseContext& context,
             const Policy& policy, std::string& out_head, StoredMeta& out_meta) {
  const auto receipt = format_http_date(context.response_time);
  const auto update = replacing_fields(context.fields, {receipt.data(), receipt.size()});
  const std::vector<Field> merged = merge(stored_head, update);
  ResponseContext freshened = context;
  freshened.method = "GET";
  freshened.status = stored.status;
  freshened.fields = merged;
  const ResponseDirectives directives = parse_response_directives(merged, policy.surrogate_control);
  const StoreDecision decision = decide_storable(freshened, directives, policy);
  out_meta = decision.meta;
  out_meta.head_only = stored.head_only;
  out_meta.sliced = stored.sliced;
  if (!build_stored_head(freshened, directives, out_head, out_meta)) {
    out_head.clear();
    return false;
  }
  return decision.store;
}

}  // namespace brink::edge::cache

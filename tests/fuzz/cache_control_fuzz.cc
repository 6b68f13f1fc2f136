// Directives and what follows from them (RFC 9111 §3, §5.2; RFC 9213): response field lines, an
// empty line, request field lines.
#include <algorithm>

#include "edge/cache/freshness.h"
#include "edge/cache/reuse.h"
#include "edge/cache/storable.h"
#include "edge/cache/tokens.h"
#include "edge/cache/validation.h"
#include "fuzz_input.h"

namespace {

using namespace brink;
using namespace brink::edge::cache;

constexpr TimePoint kNow{Seconds{1'795'341'600}};

void check_delta(const std::optional<DeltaSeconds>& value) {
  CHECK(!value || *value <= kMaxDelta);
}

void check_names(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    CHECK(is_token(name));
    CHECK(std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
  }
}

// What stands beside a directive neither hides nor changes it.
void check_neighbours(std::vector<Field> response, const ResponseDirectives& directives) {
  if (directives.targeted) return;
  response.push_back({"Cache-Control", "unknown=\"max-age=1, no-store\""});
  const ResponseDirectives same = parse_response_directives(response);
  CHECK(same.max_age == directives.max_age && same.no_store == directives.no_store);
  response.push_back({"cache-control", "No-Store, foo"});
  CHECK(parse_response_directives(response).no_store);
  const StoreDecision decision = decide_storable({"GET", false, false, 200, response},
                                                 parse_response_directives(response), {});
  CHECK(!decision.store || directives.must_understand);
}

void check_directives(const std::vector<Field>& response, const ResponseDirectives& directives) {
  for (const auto* value : {&directives.max_age, &directives.s_maxage,
                            &directives.stale_while_revalidate, &directives.stale_if_error}) {
    check_delta(*value);
  }
  check_names(directives.no_cache_fields);
  check_names(directives.private_fields);
  check_neighbours(response, directives);
}

void check_block(std::string_view head, const StoredMeta& meta) {
  CHECK(head.size() <= 65'535 && head.starts_with("HTTP/1.1 ") && head.ends_with("\r\n"));
  CHECK(head.find("\r\n\r\n") == std::string_view::npos);
  bool hidden = false;
  for_each_stored_field(head, [&](const Field& field) {
    CHECK(is_token(field.name));
    CHECK(field.value.find_first_of("\r\n") == std::string_view::npos);
    CHECK(!is_hop_by_hop(field.name) && !iequals(field.name, "age"));
    hidden = hidden || hidden_from_clients(field.name, true);
    return true;
  });
  CHECK(hidden == meta.has_hidden_fields);
  for (const HeadSlice part :
       {meta.etag, meta.last_modified, meta.date, meta.vary, meta.content_language}) {
    CHECK(std::size_t{part.offset} + part.length <= head.size());
  }
  CHECK(meta.etag.length == 0 || head.substr(meta.etag.offset - 2U, 2) == ": ");
}

void check_reuse(Fields request, const StoredMeta& meta) {
  const RequestDirectives wishes = parse_request_directives(request);
  check_delta(wishes.max_age);
  for (const std::int64_t seconds : {0, 1, 60, 100'000}) {
    const TimePoint now = kNow + Seconds{seconds};
    const ReuseDecision decision = decide_reuse(wishes, meta, {}, now);
    const bool stale = remaining_freshness(meta, now) <= 0;
    const bool used = decision.reuse != Reuse::MustValidate;
    CHECK(!used || !(meta.no_cache || wishes.no_cache));
    CHECK(!(used && stale) || !meta.must_revalidate);
    CHECK(decision.reason != Reason::Fresh || !stale);
    CHECK(decision.reuse != Reuse::ServeStaleAndValidate || stale);
    const auto failure =
        decide_stale_on_failure(wishes, meta, UpstreamFailure::Unreachable, {}, now);
    CHECK(!failure.serve_stale || !(meta.no_cache || meta.must_revalidate));
  }
}

// A 304 with the same fields changes nothing but the times, and freshening twice is freshening
// once.
void check_freshening(const ResponseContext& context, std::string_view head,
                      const StoredMeta& meta) {
  std::string once;
  std::string twice;
  StoredMeta first;
  StoredMeta second;
  if (!freshen(head, meta, context, {}, once, first) || once.empty()) return;
  check_block(once, first);
  CHECK(first.status == meta.status);
  freshen(once, first, context, {}, twice, second);
  CHECK(once == twice);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  const std::vector<Field> response = fuzz::lines(fuzz::take_until(text, "\n\n"));
  const std::vector<Field> request = fuzz::lines(text);
  const ResponseDirectives directives = parse_response_directives(response);
  check_directives(response, directives);

  ResponseContext context;
  context.method = "GET";
  context.status = 200;
  context.fields = response;
  context.request_time = kNow;
  context.response_time = kNow;
  const StoreDecision decision = decide_storable(context, directives, {});
  CHECK(!decision.store || !directives.is_private);
  CHECK(!decision.store || !directives.no_store || directives.must_understand);
  CHECK(!directives.invalid_freshness || decision.meta.freshness_lifetime_s == 0);

  StoredMeta meta = decision.meta;
  std::string head;
  if (!build_stored_head(context, directives, head, meta)) return 0;
  check_block(head, meta);
  check_reuse(request, meta);
  evaluate_preconditions("GET", request, meta, head, kNow);
  static_cast<void>(if_range_holds(request, meta, head));
  check_freshening(context, head, meta);
  return 0;
}

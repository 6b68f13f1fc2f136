// Variant keys (RFC 9111 §4.1): first line a Vary value, then request field lines, an empty line,
// another request.
#include <algorithm>

#include "edge/cache/tokens.h"
#include "edge/cache/vary.h"
#include "fuzz_input.h"

namespace {

using namespace brink;
using namespace brink::edge::cache;

std::string key_of(std::string_view vary, Fields request) {
  std::string out;
  append_variant_key(vary, request, out);
  return out;
}

// Equal lines of every named field are always a match, whatever else differs.
bool same_lines(std::string_view name, Fields a, Fields b) {
  const auto values = [&](Fields fields) {
    std::vector<std::string_view> out;
    for (const Field& field : fields) {
      if (iequals(field.name, name)) out.push_back(trim_ows(field.value));
    }
    return out;
  };
  return values(a) == values(b);
}

void check_requests(std::string_view vary, const std::vector<Field>& a,
                    const std::vector<Field>& b) {
  const std::string key = key_of(vary, a);
  bool same = true;
  for_each_list_element(vary, [&](std::string_view name) {
    same = same && same_lines(name, a, b);
    return true;
  });
  if (same) CHECK(key_of(vary, b) == key);
  std::string scratch;
  VariantMatcher matcher{a, scratch};
  CHECK(matcher.score(vary, key, "en") == (vary.empty() ? VariantMatcher::kExact : matcher.kExact));
  const int other = matcher.score(vary, key_of(vary, b), "en");
  CHECK(other == VariantMatcher::kExact || (other >= 0 && other <= 1000));
  CHECK((other == VariantMatcher::kExact) == (key == key_of(vary, b)));
}

void check_names(std::string_view vary, std::vector<Field> request) {
  const std::string key = key_of(vary, request);
  CHECK(key_of(fuzz::upper(vary), request) == key);
  std::vector<std::string> names;
  for (const Field& field : request)
    names.push_back(fuzz::upper(field.name));
  for (std::size_t i = 0; i < request.size(); ++i)
    request[i].name = names[i];
  CHECK(key_of(vary, request) == key);
  request.push_back({"x-other", "1"});
  if (fuzz::upper(vary).find("X-OTHER") == std::string::npos) CHECK(key_of(vary, request) == key);
}

void check_encoding(const std::vector<Field>& request) {
  std::string once;
  normalise_accept_encoding(request, once);
  const Field again{"Accept-Encoding", once};
  std::string twice;
  normalise_accept_encoding({&again, 1}, twice);
  CHECK(once == twice);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  const std::string_view vary = fuzz::take_until(text, "\n");
  const std::vector<Field> a = fuzz::lines(fuzz::take_until(text, "\n\n"));
  const std::vector<Field> b = fuzz::lines(text);
  static_cast<void>(vary_value_is_star(vary));
  if (vary_is_too_long(vary)) return 0;  // never stored
  check_requests(vary, a, b);
  check_names(vary, a);
  check_encoding(a);
  return 0;
}

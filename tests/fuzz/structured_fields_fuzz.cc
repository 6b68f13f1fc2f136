// Structured Fields (RFC 9651): whatever parses has one canonical text, which parses to the same
// value.
#include "edge/cache/structured_fields.h"
#include "fuzz_input.h"

namespace {

using namespace brink::edge::cache;

template <class Parse, class Serialise>
void round_trip(std::string_view text, Parse&& parse, Serialise&& serialise) {
  const auto value = parse(text);
  if (!value) return;
  std::string canonical;
  CHECK(serialise(*value, canonical));
  const auto again = parse(canonical);
  CHECK(again && *again == *value);
  std::string twice;
  CHECK(serialise(*again, twice) && twice == canonical);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = brink::fuzz::as_text(data, size);
  round_trip(text, sf::parse_item, sf::serialise_item);
  round_trip(text, sf::parse_list, sf::serialise_list);
  round_trip(text, sf::parse_dictionary, sf::serialise_dictionary);
  // What the writers make of any text is one valid item.
  std::string written;
  sf::append_string(text, written);
  CHECK(sf::parse_item(written).has_value());
  written.clear();
  sf::append_token(text, written);
  CHECK(sf::parse_item(written).has_value());
  return 0;
}

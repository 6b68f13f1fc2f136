#include <set>

#include "cache_support.h"
#include "edge/cache/reason.h"
#include "edge/cache/structured_fields.h"

namespace brink::edge::cache {
namespace {

TEST(Reason, EveryValueHasAWordOfItsOwnAndASentence) {
  std::set<std::string_view> words;
  for (int i = 0; i < static_cast<int>(Reason::Count_); ++i) {
    const auto reason = static_cast<Reason>(i);
    const std::string_view word = to_string(reason);
    EXPECT_TRUE(words.insert(word).second) << word;
    EXPECT_TRUE(sf::is_sf_token(word)) << word;  // Cache-Status detail (RFC 9211 §2.8)
    EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos)
        << word;
    EXPECT_TRUE(describe(reason).ends_with('.')) << word;
  }
  EXPECT_EQ(to_string(Reason::Fresh), "fresh");
  EXPECT_EQ(to_string(Reason::NotStored), "not-stored");
  EXPECT_EQ(to_string(Reason::Count_), "none");
}

}  // namespace
}  // namespace brink::edge::cache

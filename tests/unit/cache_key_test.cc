// RFC 9111 §2, RFC 9110 §4.2.3: two requests share a key only if the origin cannot tell their URIs
// apart.
#include <set>

#include "cache_support.h"
#include "edge/cache/key.h"

namespace brink::edge::cache {
namespace {

std::string key_of(const KeyInput& input) {
  std::string buffer;
  return std::string{make_cache_key(input, buffer).text};
}

struct Row {
  KeyInput input;
  std::string_view text;
};

TEST(CacheKey, Text) {
  const Row rows[] = {
      {{"http", "example.com", "/"}, "http://example.com/"},
      {{"https", "Example.COM", "/A?b=C"}, "https://example.com/A?b=C"},
      {{"HTTP", "example.com", "/"}, "http://example.com/"},
      // default ports (§4.2.3)
      {{"http", "example.com:80", "/"}, "http://example.com/"},
      {{"https", "example.com:443", "/"}, "https://example.com/"},
      {{"http", "example.com:", "/"}, "http://example.com/"},
      {{"http", "example.com:443", "/"}, "http://example.com:443/"},
      {{"https", "example.com:80", "/"}, "https://example.com:80/"},
      {{"http", "example.com:8080", "/"}, "http://example.com:8080/"},
      {{"http", "[::1]:80", "/"}, "http://[::1]/"},
      {{"http", "[::80]", "/"}, "http://[::80]/"},
      // nothing else is normalised
      {{"http", "example.com", "/%7Ea/../b//c?x=1&&y"}, "http://example.com/%7Ea/../b//c?x=1&&y"},
      {{"http", "example.com", "/?"}, "http://example.com/?"},
      // an empty path is "/"
      {{"http", "example.com", ""}, "http://example.com/"},
      {{"http", "example.com", "?q"}, "http://example.com/?q"},
      {{"http", "example.com", "*"}, "http://example.com *"},
      // the site's version, the query left out
      {{"http", "example.com", "/a?b", "2026-11-22.1"}, "2026-11-22.1 http://example.com/a?b"},
      {{"http", "example.com", "/a?b", {}, true}, "http://example.com/a"},
      {{"http", "example.com", "?b", {}, true}, "http://example.com/"},
      // hosts that the framing gate refuses anyway
      {{"http", "a/b", "/c"}, "http://a%2Fb/c"},
      {{"http", "u@h", "/"}, "http://u%40h/"},
      {{"http", "a b", "/"}, "http://a%20b/"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(key_of(row.input), row.text);
}

TEST(CacheKey, DifferentRequestsNeverShareOne) {
  const KeyInput inputs[] = {
      {"http", "a", "/"},      {"https", "a", "/"},      {"http", "a", "//"},
      {"http", "a", "/?"},     {"http", "a/b", "/"},     {"http", "a", "/b/"},
      {"http", "a", "*"},      {"http", "a*", "/"},      {"http", "a%2fb", "/"},
      {"http", "a:81", "/"},   {"http", "a", "/:81"},    {"http", "a", "/A"},
      {"http", "a", "/a"},     {"http", "a", "/a?x"},    {"http", "a", "/a?X"},
      {"http", "a", "/a%3Fx"}, {"http", "a", "/", "v1"}, {"http", "a", "/", "v2"},
      {"http", "a?b", "/"},    {"http", "a", "/?b/"},    {"http", "a#b", "/"},
  };
  std::set<std::string> seen;
  for (const KeyInput& input : inputs)
    EXPECT_TRUE(seen.insert(key_of(input)).second) << key_of(input);
}

TEST(CacheKey, HashBelongsToTheText) {
  std::string buffer;
  const CacheKey key = make_cache_key({"http", "Example.com:80", "/a"}, buffer);
  EXPECT_EQ(key.text.data(), buffer.data());
  EXPECT_EQ(key.hash, hash_key("http://example.com/a"));
  EXPECT_EQ(key.hash, make_cache_key_of_text("http://example.com/a").hash);
  EXPECT_NE(key.hash, hash_key("http://example.com/b"));
}

TEST(CacheKey, GrownBufferIsNotReallocated) {
  std::string buffer;
  make_cache_key({"https", "example.com", "/a/rather/long/path?with=a&long=query"}, buffer);
  const char* const data = buffer.data();
  for (int i = 0; i < 100; ++i)
    make_cache_key({"https", "example.com", "/a/rather/long/path"}, buffer);
  EXPECT_EQ(buffer.data(), data);
}

}  // namespace
}  // namespace brink::edge::cache

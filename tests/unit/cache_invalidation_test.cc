// RFC 9111 §4.4, RFC 3986 §5.
#include "cache_support.h"
#include "edge/cache/invalidation.h"

namespace brink::edge::cache {
namespace {

using test::lines;

TEST(Invalidation, SuccessfulUnsafeRequests) {
  for (const std::string_view method :
       {"POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "FOO", "get", "LINK"}) {
    for (const int status : {200, 201, 202, 204, 299, 301, 302, 303, 307, 399}) {
      EXPECT_TRUE(invalidates(method, status)) << method << status;
    }
    for (const int status : {100, 400, 404, 499, 500, 503, 599})
      EXPECT_FALSE(invalidates(method, status)) << method;
    EXPECT_FALSE(is_safe_method(method));
  }
  for (const std::string_view method : {"GET", "HEAD", "OPTIONS", "TRACE"}) {
    EXPECT_TRUE(is_safe_method(method));
    EXPECT_FALSE(invalidates(method, 200));
  }
}

struct Row {
  std::string_view reference;
  std::string_view expected;
};

TEST(Invalidation, ResolvesWithinTheOrigin) {
  const Row rows[] = {
      {"/x", "/x"},
      {"/x?y=1#frag", "/x?y=1"},
      {"https://example.com/x", "/x"},
      {"HTTPS://EXAMPLE.com:443/x?y", "/x?y"},
      {"https://example.com", "/"},
      {"https://example.com?q", "/?q"},
      {"//example.com/x", "/x"},
      {"//example.com:/x", "/x"},
      // relative to /a/b/c?q
      {"x", "/a/b/x"},
      {"./x", "/a/b/x"},
      {"../x", "/a/x"},
      {"../../x", "/x"},
      {"../../../x", "/x"},
      {"..", "/a/"},
      {".", "/a/b/"},
      {"x/", "/a/b/x/"},
      {"?z", "/a/b/c?z"},
      {"", "/a/b/c?q"},
      {"#f", "/a/b/c?q"},
      {"/./x/../y//z/.", "/y//z/"},
      {"/..", "/"},
      {"./a:b", "/a/b/a:b"},
      {"x?y/../z", "/a/b/x?y/../z"},
      {"/%7Ex", "/%7Ex"},
      {"1a:b", "/a/b/1a:b"},  // no scheme starts with a digit
      {" /x ", "/x"},
      // elsewhere
      {"http://example.com/x", ""},
      {"https://example.com:444/x", ""},
      {"https://www.example.com/x", ""},
      {"https://user@example.com/x", ""},
      {"//example.org/x", ""},
      {"https:/x", ""},
      {"https:x", ""},
      {"mailto:a@example.com", ""},
      // no URI
      {"/a b", ""},
      {"/a\tb", ""},
      {"/a\x7f", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(resolve_same_origin("https", "example.com", "/a/b/c?q", row.reference), row.expected)
        << row.reference;
  }
  EXPECT_EQ(resolve_same_origin("http", "Example.com:8080", "/", "http://example.com:8080/x"),
            "/x");
  EXPECT_EQ(resolve_same_origin("http", "example.com:8080", "/", "http://example.com/x"), "");
  EXPECT_EQ(resolve_same_origin("http", "example.com:80", "/", "http://example.com/x"), "/x");
  EXPECT_EQ(resolve_same_origin("http", "[::1]:80", "/", "http://[::1]/x"), "/x");
  EXPECT_EQ(resolve_same_origin("http", "example.com", "*", "/x"), "");
}

TEST(Invalidation, Targets) {
  const auto targets =
      invalidation_targets("https", "example.com", "/a",
                           lines("Location: /b\ncontent-location: https://example.com/c?d"));
  EXPECT_EQ(targets.location, "/b");
  EXPECT_EQ(targets.content_location, "/c?d");
  const auto elsewhere =
      invalidation_targets("https", "example.com", "/a", lines("Location: https://other.com/b"));
  EXPECT_EQ(elsewhere.location, "");
  EXPECT_EQ(elsewhere.content_location, "");
  const auto several =
      invalidation_targets("https", "example.com", "/a", lines("Location: /b\nLocation: /c"));
  EXPECT_EQ(several.location, "");
}

}  // namespace
}  // namespace brink::edge::cache

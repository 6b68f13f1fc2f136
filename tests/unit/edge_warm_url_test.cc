// URLs to be warmed, as requests.

#include <gtest/gtest.h>

#include "edge/warm_url.h"

namespace brink::edge {
namespace {

struct Row {
  std::string_view url, text;  // empty = refused
};

TEST(WarmUrl, IsWhatABrowserWouldAskFor) {
  const Row rows[] = {
      {"http://shop.test/a?x=1", "http://shop.test/a?x=1"},
      {"HTTPS://Shop.Test", "https://shop.test/"},
      {"https://shop.test:443/a", "https://shop.test/a"},
      {"http://shop.test:8080/a", "http://shop.test:8080/a"},
      {"http://shop.test?x", "http://shop.test/?x"},
      {"http://shop.test/a#part", "http://shop.test/a"},
      {"http://[::1]:8080/a", "http://[::1]:8080/a"},
      {"http://shop.test/a b", "http://shop.test/a%20b"},
      {"http://shop.test/\xc3\xa4?q=\"<>", "http://shop.test/%C3%A4?q=%22%3C%3E"},
      {"http://shop.test/%C3%A4", "http://shop.test/%C3%A4"},
      {"", ""},
      {"/a", ""},
      {"ftp://shop.test/a", ""},
      {"http:///a", ""},
      {"http://user@shop.test/a", ""},
      {"http://shop.test/a\r\nHost: evil.test", ""},
      {"http://shop.test\r\n/a", ""},
      {"http://shop.t\xc3\xa4st/a", ""},
      {"http://shop.test/\x7f", ""},
  };
  for (const Row& row : rows) {
    const auto url = parse_warm_url(row.url);
    EXPECT_EQ(url ? url->text() : "", row.text) << row.url;
    if (url) {
      EXPECT_EQ(parse_warm_url(url->text()), url) << row.url;
    }
  }
}

}  // namespace
}  // namespace brink::edge

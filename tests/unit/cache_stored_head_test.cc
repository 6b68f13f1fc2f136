// The head block (RFC 9111 §3.1, RFC 9110 §7.6.1).
#include <type_traits>

#include "cache_support.h"

namespace brink::edge::cache {
namespace {

using test::Exchange;
using test::kNow;
using test::Stored;

constexpr std::string_view kDateLine = "Date: Sun, 22 Nov 2026 10:00:00 GMT\r\n";

struct Row {
  std::string_view fields;
  std::string_view kept;  // lines joined by '\n', Date left out
};

// The block without status line and without the Date that every row gets.
std::string kept_lines(std::string_view fields) {
  const std::string with_date = "Date: {0}\n" + std::string{fields};
  const Stored stored{with_date};
  std::string out;
  for_each_stored_field(stored.head, [&](const Field& field) {
    if (field.name == "Date") return true;
    if (!out.empty()) out += '\n';
    out.append(field.name).append(": ").append(field.value);
    return true;
  });
  return out;
}

TEST(StoredHead, KeepsEndToEndFieldsUnchanged) {
  const std::string_view rows[] = {
      "",
      "X-Test: a",
      "Content-Foo: b",
      "Cache-Control: max-age=3600",
      "Content-Encoding: foo",
      "Content-Location: /foo",
      "Content-MD5: rL0Y20zC+Fzt72VPzMSk2A==",
      "Content-Range: bytes 0-1/2",
      "Content-Security-Policy: default-src 'self'",
      "Content-Type: text/plain",
      "Clear-Site-Data: cookies",
      "ETag: \"https://example.com/\"",
      "Expires: Fri, 31 Dec 9999 23:59:59 GMT",
      "Public-Key-Pins: abc",
      "X-Frame-Options: deny",
      "Trailer: x",
      "Via: 1.1 a",
      "Warning: 110 -",
      "Set-Cookie: a=c\nSet-Cookie: b=d, e",
      "Link: <a>\nLink: <b>",
      "X-Empty: ",
      "x-lower: 1\nX-UPPER: 2",
      "X-Tab: a\tb",
      "X-Obs: \xc3\xbc",
      // a child tier needs these
      "CDN-Cache-Control: max-age=5",
      "Brink-Cache-Control: max-age=5",
      "Cache-Groups: \"a\"",
  };
  for (const std::string_view row : rows)
    EXPECT_EQ(kept_lines(row), row);
}

TEST(StoredHead, LeavesOut) {
  const Row rows[] = {
      // hop by hop (§3.1), junk or not
      {"Connection: close\nA: 1", "A: 1"},
      {"Keep-Alive: timeout=5", ""},
      {"Proxy-Authenticate: foo\nProxy-Authentication-Info: foo\nProxy-Authorization: foo", ""},
      {"Proxy-Connection: foo\nTE: foo\nUpgrade: foo", ""},
      {"Transfer-Encoding: chunked", ""},
      // fields named in Connection
      {"Connection: a, b\nA: 1\nB: 2\nC: 3", "C: 3"},
      {"Connection: A\nConnection: \tb \na: 1\nb: 2\nC: 3", "C: 3"},
      {"A: 1\nConnection: close, a", ""},
      {"Connection: etag\nETag: \"a\"", ""},
      {"Connection: \"a\"\nA: 1", "A: 1"},
      // except those that are for every recipient
      {"Connection: cache-control, vary\nCache-Control: private\nVary: a",
       "Cache-Control: private\nVary: a"},
      // written anew, or of one hop
      {"Content-Length: 5\nAge: 7\nCache-Status: x; hit\nA: 1", "A: 1"},
      {"Brink-As-Of: 5\nbrink-foo: 1\nA: 1", "A: 1"},
      // qualified directives (§5.2.2.4, §5.2.2.7)
      {"Cache-Control: private=\"x-a\", no-cache=\"x-b, Set-Cookie\"\nX-A: 1\nX-B: 2\nSet-Cookie: "
       "c\nX-C: 3",
       "Cache-Control: private=\"x-a\", no-cache=\"x-b, Set-Cookie\"\nX-C: 3"},
      // several Vary lines become one, in the first one's place
      {"Vary: A\nX: 1\nVary: b , C", "Vary: A, b , C\nX: 1"},
      // what could break the block
      {"Vary: a\nVary: b\r\nX: 1", "Vary: a\nX: 1"},
      {"A B: 1\nX: 1", "X: 1"},
      {": 1\nX: 1", "X: 1"},
      {"A: 1\r2\nX: 1", "X: 1"},
      {"A: 1\x01\nX: 1", "X: 1"},
      {"A: 1\x7f\nX: 1", "X: 1"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(kept_lines(row.fields), row.kept) << row.fields;
}

TEST(StoredHead, StatusLine) {
  const auto first_line = [](int status) {
    const Stored stored{"Cache-Control: max-age=1", status};
    return stored.head.substr(0, stored.head.find("\r\n"));
  };
  EXPECT_EQ(first_line(200), "HTTP/1.1 200 OK");
  EXPECT_EQ(first_line(404), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(first_line(299), "HTTP/1.1 299 ");
}

TEST(StoredHead, WholeBlock) {
  const Stored stored{"Server: x\nContent-Length: 3\nETag: \"a\""};
  EXPECT_EQ(stored.head,
            "HTTP/1.1 200 OK\r\nServer: x\r\nETag: \"a\"\r\n" + std::string{kDateLine});
}

TEST(StoredHead, DateIsAddedOnlyWhenMissing) {  // RFC 9110 §6.6.1
  EXPECT_EQ(Stored{"A: 1"}.head, "HTTP/1.1 200 OK\r\nA: 1\r\n" + std::string{kDateLine});
  EXPECT_EQ(Stored{"Date: foo"}.head, "HTTP/1.1 200 OK\r\nDate: foo\r\n");
  EXPECT_EQ(Stored{"Date: {-60}"}.head,
            "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 09:59:00 GMT\r\n");
  EXPECT_EQ(Stored{"Connection: date\nDate: {-60}"}.head,
            "HTTP/1.1 200 OK\r\n" + std::string{kDateLine});
}

TEST(StoredHead, Slices) {
  const Stored stored{
      "ETag:  W/\"a\" \nlast-modified: {-60}\nVary: a\nVary: b\nContent-Language: de\nDate: {-5}"};
  EXPECT_EQ(slice(stored.head, stored.meta.etag), "W/\"a\"");
  EXPECT_EQ(slice(stored.head, stored.meta.last_modified), "Sun, 22 Nov 2026 09:59:00 GMT");
  EXPECT_EQ(slice(stored.head, stored.meta.vary), "a, b");
  EXPECT_EQ(slice(stored.head, stored.meta.content_language), "de");
  EXPECT_EQ(slice(stored.head, stored.meta.date), "Sun, 22 Nov 2026 09:59:55 GMT");
  const auto seconds = std::chrono::floor<Seconds>(kNow).time_since_epoch().count();
  EXPECT_EQ(stored.meta.last_modified_s, seconds - 60);
  EXPECT_EQ(stored.meta.date_s, seconds - 5);
}

TEST(StoredHead, WhatIsRepeatedOrInvalidIsNoValidator) {
  const Stored stored{
      "ETag: \"a\"\nETag: \"b\"\nLast-Modified: {-1}\nLast-Modified: {-1}\nDate: x"};
  EXPECT_EQ(stored.meta.etag.length, 0);
  EXPECT_EQ(stored.meta.last_modified.length, 0);
  EXPECT_EQ(stored.meta.last_modified_s, kNoDate);
  EXPECT_EQ(stored.meta.date_s, kNoDate);
  EXPECT_EQ(Stored{"Last-Modified: x"}.meta.last_modified_s, kNoDate);
  EXPECT_EQ(Stored{"A: 1"}.meta.vary.length, 0);
  EXPECT_EQ(Stored{"A: 1"}.meta.date_s,
            std::chrono::floor<Seconds>(kNow).time_since_epoch().count());
}

TEST(StoredHead, HiddenFields) {
  for (const std::string_view name : {"CDN-Cache-Control", "brink-cache-control"}) {
    EXPECT_TRUE(hidden_from_clients(name, false)) << name;
    EXPECT_TRUE(Stored{std::string{name} + ": a"}.meta.has_hidden_fields) << name;
  }
  for (const std::string_view name :
       {"Cache-Control", "Cache-Groups", "Surrogate-Keys", "Set-Cookie"}) {
    EXPECT_FALSE(hidden_from_clients(name, false)) << name;
    EXPECT_FALSE(Stored{std::string{name} + ": a"}.meta.has_hidden_fields) << name;
  }
}

// Tags are stored beside the head; a site that shows them keeps the lines as they came.
TEST(StoredHead, TagFieldsAreLeftOutUnlessShown) {
  for (const std::string_view name : {"Surrogate-Key", "cache-tag", "XKEY", "X-Magento-Tags"}) {
    EXPECT_TRUE(hidden_from_clients(name, false)) << name;
    const Stored left_out{std::string{name} + ": a\nX: 1"};
    EXPECT_FALSE(left_out.meta.has_hidden_fields || left_out.meta.keeps_tag_fields) << name;
    EXPECT_EQ(left_out.head.find(name), std::string::npos);
    Exchange exchange{std::string{name} + ": a"};
    exchange.context.keep_tag_fields = true;
    StoredMeta meta;
    std::string head;
    ASSERT_TRUE(build_stored_head(exchange.context, {}, head, meta));
    EXPECT_TRUE(meta.has_hidden_fields && meta.keeps_tag_fields) << name;
    EXPECT_NE(head.find(std::string{name} + ": a"), std::string::npos);
  }
}

// Shown to clients unless the site reads it; a site's child tier needs it in any case.
TEST(StoredHead, SurrogateControlIsHiddenWhereItIsRead) {
  EXPECT_TRUE(hidden_from_clients("surrogate-CONTROL", true));
  EXPECT_FALSE(hidden_from_clients("Surrogate-Control", false));
  EXPECT_TRUE(Stored{"Surrogate-Control: max-age=1"}.meta.has_hidden_fields);
  EXPECT_NE(Stored{"Surrogate-Control: max-age=1"}.head.find("Surrogate-Control: max-age=1"),
            std::string::npos);
}

TEST(StoredHead, RemembersThatThereAreGroups) {
  EXPECT_TRUE(Stored{"cache-GROUPS: \"a\""}.meta.has_groups);
  EXPECT_FALSE(Stored{"Cache-Group: \"a\"\nCache-Group-Invalidation: \"a\""}.meta.has_groups);
}

TEST(StoredHead, AtMost64KiB) {
  for (const std::size_t size : {65'000U, 70'000U}) {
    const std::string fields = "X: " + std::string(size, 'a') + "\nETag: \"a\"";
    const Exchange exchange{fields};
    StoredMeta meta;
    std::string head;
    EXPECT_EQ(build_stored_head(exchange.context, {}, head, meta), size == 65'000U);
  }
  // Nor may the last line, ours or a joined Vary, be the one too many.
  for (std::size_t size = 65'440; size < 65'540; ++size) {
    const std::string fields = "X: " + std::string(size, 'a');
    const Exchange exchange{fields};
    StoredMeta meta;
    std::string head;
    if (build_stored_head(exchange.context, {}, head, meta)) {
      EXPECT_LE(head.size(), 65'535U);
      EXPECT_EQ(slice(head, meta.date), test::date_text(kNow));
    }
  }
  const std::string vary =
      "A: 1\nVary: " + std::string(40'000, 'a') + "\nVary: " + std::string(40'000, 'b');
  const Exchange exchange{vary};
  StoredMeta meta;
  std::string head;
  EXPECT_FALSE(build_stored_head(exchange.context, {}, head, meta));
}

TEST(StoredHead, MetaStaysSmall) {
  EXPECT_LE(sizeof(StoredMeta), 96U);
  EXPECT_TRUE(std::is_trivially_copyable_v<StoredMeta>);
}

}  // namespace
}  // namespace brink::edge::cache

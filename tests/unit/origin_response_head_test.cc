#include <gtest/gtest.h>

#include "config/runtime/random.h"
#include "origin/response_head.h"

namespace brink::origin {
namespace {

using Event = ResponseHeadReader::Event;

// Feeds `text` line by line and returns the first event that is not More; More if it runs out.
Event feed(ResponseHeadReader& reader, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const Event event = reader.line(text.substr(0, end));
    text.remove_prefix(end);
    if (event != Event::More) return event;
  }
  return Event::More;
}
Event read(std::string_view text, std::uint32_t limit = 1'000) {
  ResponseHeadReader reader;
  reader.reset(limit);
  return feed(reader, text);
}

TEST(ResponseHead, FieldsAreSplitAndTrimmed) {
  ResponseHeadReader reader;
  reader.reset(1'000);
  ASSERT_EQ(feed(reader, "HTTP/1.1 200\r\nA:b\r\nC: \t d e \t\r\nEmpty:\r\nO\xc3\xa9: x\r\n\r\n"),
            Event::Malformed);
  reader.reset(1'000);
  ASSERT_EQ(feed(reader, "HTTP/1.1 200 Fine \xe9\nA:b\nC: \t d e \t\nEmpty:\nF: \xc3\xa9:,\"\n\n"),
            Event::Final);
  ASSERT_EQ(reader.fields().size(), 4U);
  EXPECT_EQ(reader.fields()[0].value, "b");
  EXPECT_EQ(reader.fields()[1].name, "C");
  EXPECT_EQ(reader.fields()[1].value, "d e");
  EXPECT_EQ(reader.fields()[2].value, "");
  EXPECT_EQ(reader.fields()[3].value, "\xc3\xa9:,\"");
  EXPECT_EQ(reader.status(), 200);
}

TEST(ResponseHead, StatusLines) {
  for (const char* fine :
       {"HTTP/1.1 200 OK", "HTTP/1.0 200 ", "HTTP/1.1 200", "HTTP/2 599 ", "HTTP/1.1 100 x"}) {
    EXPECT_EQ(read(std::string(fine) + "\r\n"), Event::More) << fine;
  }
  for (const char* wrong :
       {"", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 200OK",
        "HTTP/1.1  200", "HTTP/1.1 +20", "HTTP/1.1 099", "HTTP/1.1 600", "HTTP/1.1 101",
        "HTTP/3 200", "HTTP/11 200", "http/1.1 200", " HTTP/1.1 200", "ICY 200 OK",
        "HTTP/1.1 200 a\rb", "HTTP/1.1 200 \x01"}) {
    EXPECT_EQ(read(std::string(wrong) + "\r\n"), Event::Malformed) << wrong;
  }
}

TEST(ResponseHead, FramingHasOneReading) {
  struct Row {
    const char* fields;
    Event event;
    std::int64_t length;  // -1 = none
  };
  const Row table[] = {
      {"", Event::Final, -1},
      {"Content-Length: 0\r\n", Event::Final, 0},
      {"content-length:  42 \r\n", Event::Final, 42},
      {"Content-Length: 9223372036854775807\r\n", Event::Final, INT64_MAX},
      {"Content-Length: 9223372036854775808\r\n", Event::Malformed, 0},
      {"Content-Length: 007\r\n", Event::Final, 7},
      {"Content-Length: 7\r\nContent-Length: 07\r\n", Event::Final, 7},
      {"Content-Length: 7\r\nContent-Length: 8\r\n", Event::Malformed, 0},
      {"Content-Length: 7, 7\r\n", Event::Malformed, 0},
      {"Content-Length: 7 7\r\n", Event::Malformed, 0},
      {"Content-Length: 7;\r\n", Event::Malformed, 0},
      {"Transfer-Encoding: chunked\r\n", Event::Final, -1},
      {"Transfer-Encoding: CHUNKED\r\n", Event::Final, -1},
      {"Transfer-Encoding: chunked,\r\n", Event::Malformed, 0},
      {"Transfer-Encoding:\r\n", Event::Malformed, 0},
      {"Transfer-Encoding: \"chunked\"\r\n", Event::Malformed, 0},
      {"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", Event::Malformed, 0},
      {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", Event::Malformed, 0},
  };
  for (const Row& row : table) {
    ResponseHeadReader reader;
    reader.reset(1'000);
    ASSERT_EQ(feed(reader, "HTTP/1.1 200 OK\r\n" + std::string(row.fields) + "\r\n"), row.event)
        << row.fields;
    if (row.event != Event::Final) continue;
    EXPECT_EQ(reader.content_length() ? static_cast<std::int64_t>(*reader.content_length()) : -1,
              row.length)
        << row.fields;
  }
  EXPECT_EQ(read("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Event::Malformed);
  EXPECT_EQ(read("HTTP/2 200\r\ntransfer-encoding: chunked\r\n\r\n"), Event::Malformed);
}

TEST(ResponseHead, InterimBlocksLeaveNothingBehind) {
  ResponseHeadReader reader;
  reader.reset(60);  // of each block
  const std::string block = "HTTP/1.1 103 Early\r\nLink: </a>\r\nContent-Length: 9\r\n\r\n";
  ASSERT_EQ(feed(reader, block), Event::Interim);
  EXPECT_EQ(reader.status(), 103);
  EXPECT_EQ(reader.fields().size(), 2U);
  ASSERT_EQ(feed(reader, "HTTP/1.1 200 OK\r\nX: y\r\n\r\n"), Event::Final);
  EXPECT_EQ(reader.fields().size(), 1U);
  EXPECT_FALSE(reader.content_length());
  EXPECT_TRUE(reader.ends_with_connection());
}

TEST(ResponseHead, LimitsAreExact) {
  const std::string head = "HTTP/1.1 200 OK\r\nX: y\r\n\r\n";
  EXPECT_EQ(read(head, static_cast<std::uint32_t>(head.size())), Event::Final);
  EXPECT_EQ(read(head, static_cast<std::uint32_t>(head.size() - 1)), Event::TooLarge);
  ResponseHeadReader reader;
  reader.reset(1'000);
  Event event = Event::Interim;
  std::uint32_t interims = 0;
  while (event == Event::Interim) {
    event = feed(reader, "HTTP/1.1 102 P\r\n\r\n");
    ++interims;
  }
  EXPECT_EQ(event, Event::Malformed);
  EXPECT_EQ(interims, ResponseHeadReader::kMaxInterim + 1);
}

TEST(ResponseHead, NoiseNeverGetsThroughAsMoreThanItIs) {
  Random random(42);
  const std::string_view alphabet = "aX:; \t\r\n\x01\x7f\xff\"0179,chunked";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = "HTTP/1.1 200 OK\r\n";
    for (std::uint64_t i = random.below(60); i > 0; --i)
      text += alphabet[random.below(alphabet.size())];
    ResponseHeadReader reader;
    reader.reset(1'000);
    if (feed(reader, text) != Event::Final) continue;
    for (const Field& field : reader.fields()) {
      ASSERT_EQ(field.name.find_first_of(": \t\r\n\x01\x7f\xff\"", 0), std::string_view::npos);
      ASSERT_EQ(field.value.find_first_of("\r\n\x01\x7f"), std::string_view::npos);
      ASSERT_EQ(field.value, trim_ows(field.value));
    }
  }
}

}  // namespace
}  // namespace brink::origin

// What HTTP/2 makes of fields, heads, rates and pieces to write, without a connection.

#include <gtest/gtest.h>

#include "edge/http2_guard.h"
#include "edge/http2_output.h"
#include "edge/http2_priority.h"
#include "edge/http2_request.h"
#include "edge/http2_response.h"
#include "edge/http2_rules.h"
#include "edge/http2_upgrade.h"

namespace brink::edge {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs request_with(std::string_view path, Pairs more = {}) {
  Pairs out = {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", std::string(path)}};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

struct Parsed {
  Http2Request request;
  RequestHead head;
  HeadFault fault;
};

std::unique_ptr<Parsed> parse(const Pairs& fields, const config::ClientLimits& limits = {}) {
  auto out = std::make_unique<Parsed>();
  for (const auto& [name, value] : fields) out->request.add(name, value, limits);
  out->fault = out->request.finish(limits, out->head);
  return out;
}

TEST(Http2Request, MakesTheHeadThatHttp1WouldMake) {
  const auto parsed = parse(request_with("/a?b", {{"accept", "text/html"}, {"content-length", "12"}}));
  EXPECT_EQ(parsed->fault.status, 0);
  EXPECT_EQ(parsed->head.method, "GET");
  EXPECT_EQ(parsed->head.target, "/a?b");
  EXPECT_EQ(parsed->head.host, "a.example");
  EXPECT_EQ(parsed->head.http_minor, 20);
  EXPECT_EQ(parsed->head.content_length, 12U);
  EXPECT_EQ(field_value(parsed->head.fields, "accept"), "text/html");
  EXPECT_EQ(parsed->head.fields.size(), 2U);
}

TEST(Http2Request, JoinsTheCrumbsOfACookie) {  // RFC 9113 §8.2.3
  const auto parsed = parse(request_with("/", {{"cookie", "a=1"}, {"accept", "*/*"}, {"cookie", "b=2"}, {"cookie", "c=3"}}));
  ASSERT_EQ(parsed->head.fields.size(), 2U);
  EXPECT_EQ(field_value(parsed->head.fields, "cookie"), "a=1; b=2; c=3");
  EXPECT_EQ(parsed->head.fields[0].name, "cookie");
}

TEST(Http2Request, RefusesWhatCouldBeReadInTwoWays) {
  struct Row {
    Pairs fields;
    int status;
  };
  const Row rows[] = {
      {request_with("/", {{"host", "a.example"}}), 0},
      {request_with("/", {{"host", "A.Example"}}), 0},
      {request_with("/", {{"host", "b.example"}}), 400},  // RFC 9113 §8.3.1
      {request_with("/", {{"host", "a.example"}, {"host", "a.example"}}), 400},
      {request_with("/", {{"content-length", "1"}, {"content-length", "1"}}), 400},
      {request_with("/", {{"transfer-encoding", "chunked"}}), 400},
      {request_with("/", {{"expect", "100-continue"}}), 0},
      {request_with("/", {{"expect", "more"}}), 417},
      {request_with("*"), 400},
      {request_with("a"), 400},
      {request_with(""), 400},
      {request_with("/a#b"), 400},
      {request_with("/a b"), 400},
      {{{":method", "OPTIONS"}, {":scheme", "http"}, {":authority", "a"}, {":path", "*"}}, 0},
      {{{":method", "GET"}, {":scheme", "ftp"}, {":authority", "a"}, {":path", "/"}}, 400},
      {{{":method", "GET"}, {":scheme", "http"}, {":authority", "u@a"}, {":path", "/"}}, 400},
      {{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}, 400},
      {{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a"}}, 0},
      {{{":method", std::string(33, 'A')}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}}, 501},
  };
  for (const Row& row : rows) {
    const auto parsed = parse(row.fields);
    EXPECT_EQ(parsed->fault.status, row.status) << row.fields.back().first << ": " << row.fields.back().second;
  }
}

TEST(Http2Request, KeepsNothingBeyondItsLimits) {
  config::ClientLimits limits;
  limits.header_bytes = 1024;
  limits.header_fields = 8;
  limits.uri_bytes = 64;
  const std::string big(600, 'x');
  EXPECT_EQ(parse(request_with("/", {{"a", big}}), limits)->fault.status, 0);
  const auto over = parse(request_with("/", {{"a", big}, {"b", big}}), limits);
  EXPECT_EQ(over->fault.status, 431);
  EXPECT_EQ(over->fault.limit, Limit::HeaderBytes);
  EXPECT_FALSE(over->request.is_bomb(limits));
  const auto bomb = parse(request_with("/", Pairs(30, {"a", big})), limits);
  EXPECT_TRUE(bomb->request.is_bomb(limits));
  const auto many = parse(request_with("/", Pairs(9, {"a", "b"})), limits);
  EXPECT_EQ(many->fault.limit, Limit::HeaderFields);
  EXPECT_EQ(parse(request_with("/" + std::string(64, 'p')), limits)->fault.status, 414);
}

TEST(Http2Request, IsCleanAgainForTheNextStream) {
  auto parsed = parse(request_with("/secret", {{"cookie", "a=1"}, {"cookie", "b=2"}, {"expect", "100-continue"}}));
  parsed->request.clear();
  for (const auto& [name, value] : request_with("/")) parsed->request.add(name, value, {});
  RequestHead head;
  EXPECT_EQ(parsed->request.finish({}, head).status, 0);
  EXPECT_EQ(head.target, "/");
  EXPECT_TRUE(head.fields.empty());
  EXPECT_FALSE(parsed->request.expects_continue());
}

std::string text_of(std::span<const nghttp2_nv> fields) {
  std::string out;
  for (const nghttp2_nv& f : fields) {
    out.append(reinterpret_cast<const char*>(f.name), f.namelen).append("=");
    out.append(reinterpret_cast<const char*>(f.value), f.valuelen).append((f.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0 ? "!" : "").append("\n");
  }
  return out;
}

TEST(Http2ResponseHead, LowersNamesAndDropsWhatIsHttp1s) {  // RFC 9113 §8.2, §8.2.2
  ResponsePlan plan;
  plan.status = 206;
  plan.head = "HTTP/1.1 206 Partial Content\r\nContent-Type: text/html\r\nConnection: close\r\nKeep-Alive: timeout=5\r\n"
              "Transfer-Encoding: chunked\r\nSet-Cookie:  a=b \r\n";
  plan.extra = "Age: 3\r\nCache-Status: brink-a; hit\r\n";
  plan.length = 12;
  Http2ResponseHead head;
  EXPECT_EQ(text_of(head.make(plan)),
            ":status=206\ncontent-type=text/html\nset-cookie=a=b!\nage=3\ncache-status=brink-a; hit!\ncontent-length=12\n");
  plan.announce_length = false;
  plan.head = "HTTP/1.1 304 Not Modified\r\n";
  plan.extra = "";
  plan.status = 304;
  EXPECT_EQ(text_of(head.make(plan)), ":status=304\n");
  EXPECT_EQ(head.priority(), "");
  plan.extra = "Priority: u=1, i\r\n";
  head.make(plan);
  EXPECT_EQ(head.priority(), "u=1, i");
}

TEST(Http2ResponseHead, PassesOnInterimResponses) {
  Http2ResponseHead head;
  EXPECT_EQ(text_of(head.make_interim("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n")),
            ":status=103\nlink=</a.css>; rel=preload\n");
  EXPECT_EQ(text_of(head.make_interim("HTTP/1.1 100 Continue\r\n")), ":status=100\n");
}

TEST(Http2Priority, TakesWhatIsSaidAndLeavesTheRest) {  // RFC 9218 §4
  struct Row {
    const char* field;
    Priority expected;
  };
  const Row rows[] = {{"", {5, true}},      {"u=1", {1, true}},    {"i=?0", {5, false}}, {"u=0, i", {0, true}}, {"u=8", {5, true}},
                      {"u=-1", {5, true}},  {"u=?1", {5, true}},   {"i=1", {5, true}},   {"u=(1)", {5, true}},  {"u=2, u=4", {4, true}},
                      {"u=1 i", {5, true}}, {"x=9, u=7", {7, true}}};
  for (const Row& row : rows) {
    Priority priority{5, true};
    merge_priority(row.field, priority);
    EXPECT_EQ(priority, row.expected) << row.field;
  }
}

TEST(Http2Guard, CountsWithinTenSeconds) {
  config::Http2Limits limits;
  limits.resets = 3;
  Http2Guard guard(limits);
  Ticks now{std::chrono::seconds(1)};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(guard.count(Http2Event::Reset, now), std::nullopt);
  EXPECT_EQ(guard.count(Http2Event::Ping, now), std::nullopt);
  EXPECT_EQ(guard.count(Http2Event::Reset, now), Limit::Http2Resets);
  now += Http2Guard::kWindow;
  EXPECT_EQ(guard.count(Http2Event::Reset, now), std::nullopt);
}

TEST(Http2Guard, WindowUpdatesAreFreeForWhoReadsALot) {
  config::Http2Limits limits;
  limits.window_updates = 1;
  Http2Guard guard(limits);
  const Ticks now{std::chrono::seconds(1)};
  guard.sent_data();
  for (std::uint32_t i = 0; i < Http2Guard::kWindowUpdatesPerFrame + 1; ++i) {
    EXPECT_EQ(guard.count(Http2Event::WindowUpdate, now), std::nullopt);
  }
  EXPECT_EQ(guard.count(Http2Event::WindowUpdate, now), Limit::Http2WindowUpdates);
}

TEST(Http2Output, KeepsTheOrderOfCopiesAndViews) {
  Http2Output output;
  const std::string big(Http2Output::kCopyBelow, 'b');
  output.append("one ");
  output.append("two ");
  output.refer(big);
  output.refer("small");
  output.append("!");
  std::string all;
  for (const iovec& part : output.parts()) all.append(static_cast<const char*>(part.iov_base), part.iov_len);
  EXPECT_EQ(all, "one two " + big + "small!");
  EXPECT_EQ(output.size(), all.size());
  EXPECT_EQ(output.parts().size(), 3U);
  EXPECT_EQ(output.parts()[1].iov_base, big.data());
  output.clear();
  EXPECT_TRUE(output.empty());
  EXPECT_TRUE(output.parts().empty());
}

TEST(Http2Rules, RemembersHowStreamsEnded) {  // RFC 9113 §5.1
  ClosedStreams closed;
  closed.add(1, StreamEnd::Whole);
  closed.add(3, StreamEnd::ResetByClient);
  closed.add(5, StreamEnd::ResetByUs);
  EXPECT_EQ(judge_late_frame(closed.how(1), true), LateFrame::StreamClosed);
  EXPECT_EQ(judge_late_frame(closed.how(3), false), LateFrame::ResetStream);
  EXPECT_EQ(judge_late_frame(closed.how(5), true), LateFrame::Ignore);
  EXPECT_EQ(judge_late_frame(closed.how(7), true), LateFrame::ProtocolError);
  EXPECT_EQ(judge_late_frame(closed.how(7), false), LateFrame::StreamClosed);
  for (std::int32_t id = 7; id < 7 + 2 * static_cast<std::int32_t>(ClosedStreams::kRemembered); id += 2) {
    closed.add(id, StreamEnd::Whole);
  }
  EXPECT_EQ(closed.how(5), StreamEnd::Forgotten);
  EXPECT_EQ(judge_late_frame(closed.how(5), false), LateFrame::Ignore);  // this node may have reset it
  EXPECT_EQ(judge_late_frame(closed.how(5), true), LateFrame::ProtocolError);
}

std::string frame(unsigned char type, unsigned char id, std::string_view payload) {
  std::string out = {0, 0, static_cast<char>(payload.size()), static_cast<char>(type), 0, 0, 0, 0, static_cast<char>(id)};
  return out.append(payload);
}

TEST(Http2Rules, FindsStreamsThatDependOnThemselvesHoweverTheBytesCome) {
  using namespace std::string_view_literals;
  const std::string preface(24, 'p');
  const std::string good = preface + frame(4, 0, "") + frame(2, 3, "\0\0\0\1\x10"sv) + frame(0, 3, "\0\0\0\3\x10"sv) + frame(2, 3, "ab") +
                           frame(6, 0, "12345678");
  const std::string bad = good + frame(2, 3, "\x80\0\0\3\x10"sv);
  using Seen = FrameScan::Seen;
  const auto scan_all = [](std::string_view bytes, std::size_t step, std::size_t& data) {
    FrameScan scan;
    std::size_t used = 0;
    for (std::size_t at = 0; at < bytes.size(); at += used) {
      const Seen seen = scan.pass(bytes.substr(at, step), used);
      if (seen == Seen::SelfDependency) return at + used;
      if (seen == Seen::DataHead) data = scan.id() == 3 ? at + used : 0;
    }
    return std::string_view::npos;
  };
  for (std::size_t step = 1; step <= bad.size(); ++step) {
    std::size_t data = 0;
    EXPECT_EQ(scan_all(bad, step, data), bad.size() - 1) << step;  // the weight is not waited for
    EXPECT_EQ(data, preface.size() + 9 + 14 + 9) << step;
    EXPECT_EQ(scan_all(good, step, data), std::string_view::npos) << step;
  }
}

TEST(Http2Upgrade, TakesOneAnnouncedSettingsField) {  // RFC 7540 §3.2.1
  const Field upgrade{"Upgrade", "websocket, h2c"};
  const Field connection{"Connection", "Upgrade, HTTP2-Settings"};
  const Field settings{"HTTP2-Settings", "AAMAAABkAAQAAP__"};
  const std::vector<Field> good = {upgrade, connection, settings};
  EXPECT_TRUE(asks_for_h2c(good));
  EXPECT_EQ(http2_settings_of(good), std::string("\0\3\0\0\0\x64\0\4\0\0\xff\xff", 12));
  const std::vector<Field> twice = {upgrade, connection, settings, settings};
  EXPECT_EQ(http2_settings_of(twice), std::nullopt);
  const std::vector<Field> unannounced = {upgrade, {"Connection", "Upgrade"}, settings};
  EXPECT_EQ(http2_settings_of(unannounced), std::nullopt);
  for (const char* bad : {"AAMAAABkA", "AAMA", "AAMAAA+k", "AAMAAABkAAQAAP__="}) {
    const std::vector<Field> fields = {upgrade, connection, {"HTTP2-Settings", bad}};
    EXPECT_EQ(http2_settings_of(fields), std::nullopt) << bad;
  }
  const std::vector<Field> empty = {upgrade, connection, {"HTTP2-Settings", ""}};
  EXPECT_EQ(http2_settings_of(empty), "");
}

}  // namespace
}  // namespace brink::edge

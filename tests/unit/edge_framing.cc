// The framing gate (RFC 9112 §2.2, §3.2, §5, §6.3): every ambiguous way to frame a request is refused, by name.

#include "edge/framing.h"

#include <gtest/gtest.h>

#include <vector>

namespace brink::edge {
namespace {

struct BlockRow {
  std::string_view block;
  FramingFault fault;
};

class HeadBlock : public testing::TestWithParam<BlockRow> {};

TEST_P(HeadBlock, IsJudged) { EXPECT_EQ(check_head_block(GetParam().block), GetParam().fault); }

using F = FramingFault;
INSTANTIATE_TEST_SUITE_P(
    Rows, HeadBlock,
    testing::Values(
        BlockRow{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", F::None},
        BlockRow{"GET / HTTP/1.1\r\n\r\n", F::None},
        BlockRow{"GET / HTTP/1.1\r\nX:\r\nY: \t a\tb \r\n\r\n", F::None},
        BlockRow{"GET / HTTP/1.1\r\nX: \x80\xff\r\n\r\n", F::None},  // obs-text
        // RFC 9112 §2.2: a bare CR or LF is no line end
        BlockRow{"GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", F::BareCarriageReturn},
        BlockRow{"GET / HTTP/1.1\r\nX: a\nY: b\r\n\r\n", F::BareLineFeed},
        BlockRow{"GET / HTTP/1.1\nHost: a\r\n\r\n", F::BareLineFeed},
        BlockRow{"GET /\r HTTP/1.1\r\n\r\n", F::BareCarriageReturn},
        // RFC 9110 §5.5: control characters
        BlockRow{{"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", 26}, F::ControlCharacter},
        BlockRow{"GET / HTTP/1.1\r\nX: a\x7f\r\n\r\n", F::ControlCharacter},
        BlockRow{"GET / HTTP/1.1\r\nX\x01: a\r\n\r\n", F::ControlCharacter},
        // RFC 9112 §5.2, §5.1
        BlockRow{"GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", F::ObsFold},
        BlockRow{"GET / HTTP/1.1\r\n\tX: a\r\n\r\n", F::ObsFold},
        BlockRow{"GET / HTTP/1.1\r\nX : a\r\n\r\n", F::SpaceBeforeColon},
        BlockRow{"GET / HTTP/1.1\r\nX\t: a\r\n\r\n", F::SpaceBeforeColon},
        BlockRow{"GET / HTTP/1.1\r\n: a\r\n\r\n", F::BadFieldName},
        BlockRow{"GET / HTTP/1.1\r\nX\r\n\r\n", F::BadFieldName},
        BlockRow{"GET / HTTP/1.1\r\nX(y: a\r\n\r\n", F::BadFieldName},
        // RFC 9112 §3
        BlockRow{"GET  / HTTP/1.1\r\n\r\n", F::BadRequestLine},
        BlockRow{"GET / x HTTP/1.1\r\n\r\n", F::BadRequestLine},
        BlockRow{" GET / HTTP/1.1\r\n\r\n", F::BadRequestLine},
        BlockRow{"GET\t/ HTTP/1.1\r\n\r\n", F::BadRequestLine},
        BlockRow{"GET /\r\n\r\n", F::BadRequestLine}));

struct FieldsRow {
  int minor;
  std::vector<Field> fields;
  FramingFault fault;
  bool has_body = false;
};

class FramingFields : public testing::TestWithParam<FieldsRow> {};

TEST_P(FramingFields, AreJudged) {
  const MessageFraming framing = check_fields(GetParam().minor, GetParam().fields);
  EXPECT_EQ(framing.fault, GetParam().fault) << to_string(framing.fault);
  if (framing.fault == F::None) {
    EXPECT_EQ(framing.has_body(), GetParam().has_body);
  }
}

const Field kHost{"Host", "a.test"};
INSTANTIATE_TEST_SUITE_P(
    Rows, FramingFields,
    testing::Values(
        FieldsRow{1, {kHost}, F::None},
        FieldsRow{1, {kHost, {"Content-Length", "5"}}, F::None, true},
        FieldsRow{1, {kHost, {"content-length", "0"}}, F::None, false},
        FieldsRow{1, {kHost, {"Transfer-Encoding", "chunked"}}, F::None, true},
        FieldsRow{1, {kHost, {"Transfer-Encoding", "ChunKed"}}, F::None, true},
        FieldsRow{0, {}, F::None},
        // RFC 9112 §3.2
        FieldsRow{1, {}, F::HostMissing},
        FieldsRow{1, {kHost, kHost}, F::HostRepeated},
        FieldsRow{0, {kHost, kHost}, F::HostRepeated},
        FieldsRow{1, {{"Host", ""}}, F::HostInvalid},
        FieldsRow{1, {{"Host", "a b"}}, F::HostInvalid},
        FieldsRow{1, {{"Host", "a/b"}}, F::HostInvalid},
        FieldsRow{1, {{"Host", "a@b"}}, F::HostInvalid},
        FieldsRow{1, {{"Host", "a.test:80x"}}, F::HostInvalid},
        // RFC 9112 §6.3
        FieldsRow{1, {kHost, {"Content-Length", "5"}, {"Content-Length", "5"}}, F::ContentLengthRepeated},
        FieldsRow{1, {kHost, {"Content-Length", "5, 5"}}, F::ContentLengthInvalid},
        FieldsRow{1, {kHost, {"Content-Length", "+5"}}, F::ContentLengthInvalid},
        FieldsRow{1, {kHost, {"Content-Length", "-1"}}, F::ContentLengthInvalid},
        FieldsRow{1, {kHost, {"Content-Length", "0x5"}}, F::ContentLengthInvalid},
        FieldsRow{1, {kHost, {"Content-Length", ""}}, F::ContentLengthInvalid},
        FieldsRow{1, {kHost, {"Content-Length", "99999999999999999999"}}, F::ContentLengthInvalid},
        FieldsRow{1, {kHost, {"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}},
                  F::ContentLengthWithTransferEncoding},
        FieldsRow{1, {kHost, {"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}},
                  F::ContentLengthWithTransferEncoding},
        FieldsRow{1, {kHost, {"Transfer-Encoding", "gzip, chunked"}}, F::TransferEncodingUnknown},
        FieldsRow{1, {kHost, {"Transfer-Encoding", "identity"}}, F::TransferEncodingUnknown},
        FieldsRow{1, {kHost, {"Transfer-Encoding", "xchunked"}}, F::TransferEncodingUnknown},
        FieldsRow{1, {kHost, {"Transfer-Encoding", ""}}, F::TransferEncodingUnknown},
        FieldsRow{1, {kHost, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
                  F::TransferEncodingUnknown},
        FieldsRow{0, {kHost, {"Transfer-Encoding", "chunked"}}, F::TransferEncodingOnHttp10}));

TEST(Host, Validity) {
  for (std::string_view good : {"a", "a.b-c_d", "127.0.0.1:80", "[::1]", "[2001:db8::1]:8080", "a:"}) {
    EXPECT_TRUE(valid_host(good)) << good;
  }
  for (std::string_view bad : {"", ":80", "[::1", "[::1]x", "[::1]x:80", "a:123456", "a:b", "a,b", "a\"b", "a:1:2"}) {
    EXPECT_FALSE(valid_host(bad)) << bad;
  }
}

TEST(Connection, OptionsAreRead) {
  const std::vector<Field> fields{kHost, {"Connection", "x, Close"}, {"Connection", "upgrade"}, {"Upgrade", "websocket"},
                                  {"Expect", "100-Continue"}};
  const MessageFraming framing = check_fields(1, fields);
  EXPECT_TRUE(framing.close);
  EXPECT_TRUE(framing.upgrade);
  EXPECT_TRUE(framing.expect_continue);
  EXPECT_FALSE(framing.expect_other);
}

TEST(Trailer, FramingNamesAreForbidden) {
  for (std::string_view name : {"Content-Length", "transfer-encoding", "HOST", "Connection", "Trailer"}) {
    EXPECT_TRUE(forbidden_in_trailer(name)) << name;
  }
  EXPECT_FALSE(forbidden_in_trailer("X-Checksum"));
}

}  // namespace
}  // namespace brink::edge

// Which cases are HTTP/1.1's own: what the rule sees, and what it leaves alone.

#include "tests/cases/protocol.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/cases/parse_case.h"

namespace brink::tests::cases {
namespace {

std::string reason(const std::string& steps, const std::string& head = "") {
  return http1_reason(
      parse_case("A case.\n# none\n" + head + "\nclient c1 {\n" + steps + "\n}\n", "x.case"));
}

TEST(Http1Reason, SeesBytesFramingAndConnections) {
  const char* const own[] = {
      "raw \"GET / HTTP/1.1\"",
      "write \"abc\"",
      "send GET /a ; half-close",
      "send GET /a ; expect closed",
      "send GET /a HTTP/1.0",
      "send GET /a { header Connection: close }",
      "send GET /a { header upgrade: x }",
      "send POST /a { header Content-Length: 3 ; body \"abc\" }",
      "send POST /a { raw \"abc\" }",
      "send GET /a { header Host: a ; header Host: b }",
      "send GET /a { header \"A : b\" }",
      "send GET http://a/b",
      "send CONNECT a:80",
      "send GET /a ; expect version == HTTP/1.1",
      "send GET /a ; expect header Connection == close",
      "repeat 2 { send GET /a { header TE: gzip } }",
  };
  for (const char* steps : own)
    EXPECT_NE(reason(steps), "") << steps;
  EXPECT_NE(reason("send GET /a", "only: http1"), "");
}

TEST(Http1Reason, LeavesTheRest) {
  const char* const any[] = {
      "send GET /a ; expect status == 200",
      "send POST /a { chunked ; body \"a\" ; sync b ; body \"b\" }",
      "send POST /a { length 10 ; body \"a\" ; close }",
      "send GET /a ; expect header Content-Length == 3",
      "send GET /a ; expect no header Connection",
      "send GET /a ; receive 1 ; reset",
      "pipeline GET /a ; pipeline GET /b ; receive ; receive",
      "send OPTIONS *",
  };
  for (const char* steps : any)
    EXPECT_EQ(reason(steps), "") << steps;
}

}  // namespace
}  // namespace brink::tests::cases

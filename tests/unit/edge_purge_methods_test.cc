// Who may send PURGE to the clients' listeners.

#include <gtest/gtest.h>

#include "edge/purge_methods.h"

namespace brink::edge {
namespace {

bool may(const PurgeMethods& methods, std::string_view address,
         std::initializer_list<Field> fields = {}) {
  const std::vector<Field> list(fields);
  RequestHead head;
  head.client_address = address;
  head.fields = list;
  return methods.refuse(head).empty();
}

TEST(PurgeMethods, WithoutNetworksThereAreNone) {
  EXPECT_EQ(make_purge_methods({}), nullptr);
  EXPECT_NE(make_purge_methods({.allow_from = {"127.0.0.0/8"}}), nullptr);
}

TEST(PurgeMethods, TheAddressCountsUnlessAProxyHasPassedTheRequestOn) {
  const PurgeMethods methods({.allow_from = {"10.0.0.0/8", "2001:db8::/32"}});
  EXPECT_TRUE(may(methods, "10.1.2.3"));
  EXPECT_TRUE(may(methods, "2001:db8::1"));
  EXPECT_FALSE(may(methods, "11.1.2.3"));
  EXPECT_FALSE(may(methods, ""));
  for (const std::string_view name : {"X-Forwarded-For", "Forwarded", "Via", "CDN-Loop"})
    EXPECT_FALSE(may(methods, "10.1.2.3", {{name, "10.1.2.3"}})) << name;
}

TEST(PurgeMethods, ASecretIsAskedForBesidesTheAddress) {
  const PurgeMethods methods(
      {.allow_from = {"10.0.0.0/8"}, .token_env = "X", .secret = "a-long-secret"});
  EXPECT_FALSE(may(methods, "10.1.2.3"));
  EXPECT_TRUE(may(methods, "10.1.2.3", {{"X-Purge-Token", "a-long-secret"}}));
  EXPECT_TRUE(may(methods, "10.1.2.3", {{"Authorization", "Bearer a-long-secret"}}));
  EXPECT_TRUE(may(methods, "10.1.2.3", {{"Via", "1.1 x"}, {"x-purge-token", "a-long-secret"}}));
  EXPECT_FALSE(may(methods, "11.1.2.3", {{"X-Purge-Token", "a-long-secret"}}));
  for (const std::string_view wrong : {"", "a-long-secre", "a-long-secreT", "a-long-secret2"}) {
    EXPECT_FALSE(may(methods, "10.1.2.3", {{"X-Purge-Token", wrong}})) << wrong;
    EXPECT_FALSE(may(methods, "10.1.2.3", {{"Authorization", wrong}})) << wrong;
  }
}

}  // namespace
}  // namespace brink::edge

#include "edge/connection_limits.h"

#include <gtest/gtest.h>

namespace brink::edge {
namespace {

using Verdict = ConnectionLimits::Verdict;

TEST(ConnectionLimits, NodeAndAddress) {
  ConnectionLimits limits;
  EXPECT_EQ(limits.admit("a", 3, 2), Verdict::Admitted);
  EXPECT_EQ(limits.admit("a", 3, 2), Verdict::Admitted);
  EXPECT_EQ(limits.admit("a", 3, 2), Verdict::AddressFull);
  EXPECT_EQ(limits.admit("b", 3, 2), Verdict::Admitted);
  EXPECT_EQ(limits.admit("c", 3, 2), Verdict::NodeFull);
  limits.leave("a");
  EXPECT_EQ(limits.admit("a", 3, 2), Verdict::Admitted);
  EXPECT_EQ(limits.total(), 3U);
}

TEST(ConnectionLimits, AConnectionThatIsNamedLater) {
  ConnectionLimits limits;
  EXPECT_TRUE(limits.admit_nameless(3));
  EXPECT_TRUE(limits.admit_nameless(3));
  EXPECT_EQ(limits.admit("a", 3, 1), Verdict::Admitted);
  EXPECT_FALSE(limits.admit_nameless(3));
  EXPECT_TRUE(limits.name("b", 1));
  EXPECT_FALSE(limits.name("b", 1));
  EXPECT_FALSE(limits.name("a", 1));
  limits.leave_nameless();
  limits.leave("b");
  EXPECT_EQ(limits.total(), 1U);
  EXPECT_TRUE(limits.admit_nameless(3));
  EXPECT_TRUE(limits.name("b", 1));  // nothing of the refusals was left behind
  limits.leave("a");
  limits.leave("b");
  EXPECT_EQ(limits.total(), 0U);
}

}  // namespace
}  // namespace brink::edge

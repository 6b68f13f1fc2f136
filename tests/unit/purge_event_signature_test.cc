// Webhooks' signatures, against the examples that their specifications give.

#include <gtest/gtest.h>

#include "purge/event_signature.h"

namespace brink::purge {
namespace {

using config::EventSignature;
using config::EventWebhookOptions;

EventWebhookOptions with(EventSignature signature, std::string secret) {
  EventWebhookOptions out;
  out.signature = signature;
  out.secret = std::move(secret);
  return out;
}

constexpr TimePoint kNow{Millis{1'614'265'330'000}};

// docs.github.com, "Validating webhook deliveries": secret, payload and signature of its example.
TEST(EventSignature, GitHubsExample) {
  const auto options = with(EventSignature::Github, "It's a Secret to Everybody");
  const std::string good =
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  const auto check = [&](const std::string& value, std::string_view body) {
    const Field fields[] = {{"x-hub-signature-256", value}};
    return check_signature(options, fields, body, kNow);
  };
  EXPECT_EQ(check(good, "Hello, World!"), SignatureCheck::Good);
  EXPECT_EQ(check(good, "Hello, World"), SignatureCheck::Wrong);
  EXPECT_EQ(check(good.substr(7), "Hello, World!"), SignatureCheck::Wrong);
  EXPECT_EQ(check("sha1=" + good.substr(7), "Hello, World!"), SignatureCheck::Wrong);
  EXPECT_EQ(check(good.substr(0, good.size() - 2), "Hello, World!"), SignatureCheck::Wrong);
  EXPECT_EQ(check(good + "00", "Hello, World!"), SignatureCheck::Wrong);
  EXPECT_EQ(check("sha256=", "Hello, World!"), SignatureCheck::Wrong);
  std::string upper = good;
  for (char& c : upper.replace(0, 7, "       "))
    c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  EXPECT_EQ(check("sha256=" + upper.substr(7), "Hello, World!"), SignatureCheck::Good);
  for (std::size_t i = 7; i < good.size(); ++i) {
    std::string other = good;
    other[i] = other[i] == '0' ? '1' : '0';
    EXPECT_EQ(check(other, "Hello, World!"), SignatureCheck::Wrong) << i;
  }
  EXPECT_EQ(check_signature(options, {}, "Hello, World!", kNow), SignatureCheck::Missing);
}

// RFC 4231 §4.3 (test case 2).
TEST(EventSignature, Rfc4231) {
  const Field fields[] = {
      {"X-Hub-Signature-256",
       "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}};
  EXPECT_EQ(check_signature(with(EventSignature::Github, "Jefe"), fields,
                            "what do ya want for nothing?", kNow),
            SignatureCheck::Good);
}

// The vector in Standard Webhooks' and Svix's own libraries' tests.
TEST(EventSignature, StandardWebhooksExample) {
  const auto options = with(EventSignature::Standard, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const std::string good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  const auto check = [&](std::string_view id, std::string_view time, std::string_view signature,
                         TimePoint now = kNow) {
    const Field fields[] = {
        {"webhook-id", id}, {"webhook-timestamp", time}, {"webhook-signature", signature}};
    return check_signature(options, fields, R"({"test": 2432232314})", now);
  };
  constexpr std::string_view kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
  constexpr std::string_view kTime = "1614265330";
  EXPECT_EQ(check(kId, kTime, good), SignatureCheck::Good);
  EXPECT_EQ(check(kId, kTime, "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,x " + good),
            SignatureCheck::Good);
  EXPECT_EQ(check(kId, kTime, "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="),
            SignatureCheck::Wrong);
  EXPECT_EQ(check(kId, kTime, good.substr(3)), SignatureCheck::Wrong);
  EXPECT_EQ(check(kId, kTime, "v1,"), SignatureCheck::Wrong);
  EXPECT_EQ(check(kId, kTime, "v1,AAAA"), SignatureCheck::Wrong);
  EXPECT_EQ(check("msg_2", kTime, good), SignatureCheck::Wrong);
  EXPECT_EQ(check(kId, "1614265331", good), SignatureCheck::Wrong);
  EXPECT_EQ(check(kId, "99999999999999999999", good), SignatureCheck::Wrong);
  EXPECT_EQ(check(kId, "18446744073709551615", good), SignatureCheck::Wrong);
  EXPECT_EQ(check(kId, "-1", good), SignatureCheck::Wrong);
  EXPECT_EQ(check("", kTime, good), SignatureCheck::Missing);
  EXPECT_EQ(check(kId, "", good), SignatureCheck::Missing);
  EXPECT_EQ(check(kId, kTime, ""), SignatureCheck::Missing);
  const Millis tolerance = options.tolerance;
  EXPECT_EQ(check(kId, kTime, good, kNow + tolerance), SignatureCheck::Good);
  EXPECT_EQ(check(kId, kTime, good, kNow - tolerance), SignatureCheck::Good);
  EXPECT_EQ(check(kId, kTime, good, kNow + tolerance + Millis{1}), SignatureCheck::TooOld);
  EXPECT_EQ(check(kId, kTime, good, kNow - tolerance - Millis{1}), SignatureCheck::TooOld);
}

TEST(EventSignature, AnEmptySecretSignsNothing) {
  const Field fields[] = {
      {"X-Hub-Signature-256",
       "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"}};
  EXPECT_EQ(check_signature(with(EventSignature::Github, ""), fields, "", kNow),
            SignatureCheck::Wrong);
}

TEST(EventSignature, DeliveryIds) {
  const auto github = with(EventSignature::Github, "s");
  const auto standard = with(EventSignature::Standard, "s");
  const Field all[] = {{"Idempotency-Key", "k"}, {"webhook-id", "w"}, {"x-github-delivery", "g"}};
  EXPECT_EQ(delivery_id(github, all), "g");
  EXPECT_EQ(delivery_id(github, Fields(all).first(2)), "w");
  EXPECT_EQ(delivery_id(github, Fields(all).first(1)), "k");
  EXPECT_EQ(delivery_id(github, {}), "");
  EXPECT_EQ(delivery_id(standard, all), "w");
}

}  // namespace
}  // namespace brink::purge

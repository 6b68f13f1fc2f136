// Other products' purge calls through the router and a real purge service. The requests are those
// that their published clients send: fastly/fastly-js src/api/PurgeApi.js,
// cloudflare/cloudflare-typescript src/resources/cache/cache.ts.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <future>
#include <mutex>

#include "edge/admin_compat.h"
#include "purge/embedded_log.h"
#include "tests/unit/purge_log_support.h"

namespace brink::edge {
namespace {

namespace json = boost::json;

class NoCache final : public purge::Target {
 public:
  purge::Matched apply(const purge::Record& record, bool) override {
    const std::lock_guard lock(mutex_);
    last_ = record;
    return {};
  }
  void lost_until(std::uint64_t) override {}
  purge::Record last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  mutable std::mutex mutex_;
  purge::Record last_;
};

config::AdminToken token(std::string secret, std::vector<std::string> sites) {
  return {.name = secret,
          .token_env = "X",
          .secret = secret,
          .may = {config::AdminRight::Purge},
          .sites = std::move(sites)};
}

class AdminCompat : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string message;
    log_ = purge::EmbeddedLog::open({}, clock_, message);
    ASSERT_TRUE(log_) << message;
    service_ = std::make_unique<purge::Service>(
        purge::ServiceOptions{.node = "fra-1", .pop = "fra", .role = "edge"},
        purge::Service::Parts{*log_, target_, position_, clock_, metrics_});
    service_->start();
    ASSERT_TRUE(service_->wait_joined(Millis{10'000}));
    purge::ApiSites sites;
    sites.has = [](std::string_view site) { return site == "shop" || site == "blog"; };
    sites.site_of = [](std::string_view host) {
      return host == "shop.test" ? "shop" : host == "blog.test" ? "blog" : "";
    };
    api_ = std::make_unique<purge::Api>(*service_, sites);
    add_compat_routes(router_, *api_, {});
  }

  // "STATUS BODY", with the newest purge's id as ID; what was purged is in purged().
  std::string post(std::string_view target, std::initializer_list<Field> fields,
                   std::string_view body = "") {
    const std::vector<Field> list(fields);
    const std::size_t mark = std::min(target.find('?'), target.size());
    AdminRequest request{};
    request.method = "POST";
    request.path = target.substr(0, mark);
    request.query = target.substr(std::min(mark + 1, target.size()));
    request.host = "127.0.0.1:9901";
    request.body = body;
    request.fields = list;
    request.authorization = field_value(list, "authorization");
    std::promise<AdminResponse> promise;
    router_.answer(request, access_,
                   [&](AdminResponse response) { promise.set_value(std::move(response)); });
    const AdminResponse response = promise.get_future().get();
    EXPECT_EQ(response.content_type, "application/json");
    std::string out = response.body;
    const std::string id = target_.last().id;
    for (std::size_t at = 0; !id.empty() && (at = out.find(id, at)) != std::string::npos;)
      out.replace(at, id.size(), "ID");
    return std::to_string(response.status) + " " + out.substr(0, out.find('\n'));
  }
  std::string purged() const {
    const purge::Record last = target_.last();
    std::string out = last.soft ? "soft " : "";
    out += std::string(to_string(last.selector.kind)) + " of '" + last.selector.site + "'";
    for (const std::string& value : last.selector.values)
      out += " " + value;
    return out;
  }
  static int error_number(std::string_view answer) {
    const auto body = json::parse(std::string(answer.substr(4))).as_object();
    EXPECT_EQ(body.at("success"), false);
    EXPECT_TRUE(body.at("result").is_null());
    EXPECT_TRUE(body.at("messages").as_array().empty());
    const auto& error = body.at("errors").as_array().at(0).as_object();
    EXPECT_FALSE(error.at("message").as_string().empty());
    return static_cast<int>(error.at("code").as_int64());
  }

  const SystemClock clock_;
  NoCache target_;
  purge::Position position_;
  MetricsRegistry metrics_;
  std::unique_ptr<purge::EmbeddedLog> log_;
  std::unique_ptr<purge::Service> service_;
  std::unique_ptr<purge::Api> api_;
  AdminRouter router_;
  const AdminAccess access_{{token("all", {"*"}), token("shop-only", {"shop"})}, true};
};

constexpr std::string_view kOk = R"(200 {"status":"ok","id":"ID"})";

TEST_F(AdminCompat, FastlyPurgesOneKey) {
  EXPECT_EQ(post("/service/shop/purge/product%2D7", {{"Fastly-Key", "all"}}), kOk);
  EXPECT_EQ(purged(), "tags of 'shop' product-7");
  EXPECT_EQ(post("/service/shop/purge/a/b", {{"fastly-key", "all"}, {"fastly-soft-purge", "1"}}),
            kOk);
  EXPECT_EQ(purged(), "soft tags of 'shop' a/b");
  EXPECT_EQ(post("/service/*/purge/a", {{"Fastly-Key", "all"}}), kOk);
  EXPECT_EQ(purged(), "tags of '' a");
  EXPECT_EQ(post("/service/shop/purge/a", {{"Authorization", "Bearer shop-only"}}), kOk);
}

TEST_F(AdminCompat, FastlyPurgesSeveralKeys) {
  EXPECT_EQ(post("/service/shop/purge", {{"Fastly-Key", "all"}, {"surrogate-key", "key_1 key_2"}}),
            R"(200 {"key_1":"ID","key_2":"ID"})");
  EXPECT_EQ(purged(), "tags of 'shop' key_1 key_2");
  EXPECT_EQ(post("/service/shop/purge", {{"Fastly-Key", "all"}, {"Fastly-Soft-Purge", "1"}},
                 R"({"surrogate_keys":["a\"b"]})"),
            R"(200 {"a\"b":"ID"})");
  EXPECT_EQ(purged(), "soft tags of 'shop' a\"b");
}

TEST_F(AdminCompat, FastlyPurgesEverythingOfTheService) {
  EXPECT_EQ(
      post("/service/shop/purge_all", {{"Fastly-Key", "shop-only"}, {"Fastly-Soft-Purge", "1"}}),
      kOk);
  EXPECT_EQ(purged(), "all of 'shop'");  // never soft
}

TEST_F(AdminCompat, FastlyPurgesAUrl) {
  EXPECT_EQ(post("/purge/shop.test/a/b?c=1", {{"Fastly-Key", "shop-only"}}), kOk);
  EXPECT_EQ(purged(), "urls of '' http://shop.test/a/b?c=1");
  EXPECT_EQ(post("/purge/https://shop.test/a", {{"Fastly-Key", "all"}}), kOk);
  EXPECT_EQ(purged(), "urls of '' https://shop.test/a");
  EXPECT_TRUE(post("/purge/blog.test/a", {{"Fastly-Key", "shop-only"}}).starts_with("403 {"));
}

TEST_F(AdminCompat, FastlysErrorsHaveMsgAndDetail) {
  const auto msg = [&](const std::string& answer) {
    const auto body = json::parse(answer.substr(4)).as_object();
    EXPECT_FALSE(body.at("detail").as_string().empty());
    return answer.substr(0, 4) + std::string(body.at("msg").as_string());
  };
  EXPECT_EQ(msg(post("/service/shop/purge_all", {})), "401 unauthorized");
  EXPECT_EQ(msg(post("/service/shop/purge_all", {{"Fastly-Key", "none"}})), "401 unauthorized");
  EXPECT_EQ(msg(post("/service/blog/purge_all", {{"Fastly-Key", "shop-only"}})),
            "403 site-not-allowed");
  EXPECT_EQ(msg(post("/service/*/purge_all", {{"Fastly-Key", "shop-only"}})),
            "403 site-not-allowed");
  EXPECT_EQ(msg(post("/service/SU1Z0isxPaozGVKXdv0eY/purge_all", {{"Fastly-Key", "all"}})),
            "422 unknown-site");
  EXPECT_EQ(msg(post("/service/shop/purge", {{"Fastly-Key", "all"}})), "422 one-selector");
  EXPECT_EQ(target_.last().id, "");
}

TEST_F(AdminCompat, CloudflareHasItsEnvelope) {
  const Field bearer{"Authorization", "Bearer all"};
  EXPECT_EQ(
      post("/client/v4/zones/shop/purge_cache", {bearer}, R"({"files":["https://shop.test/a"]})"),
      R"(200 {"success":true,"errors":[],"messages":[],"result":{"id":"ID"}})");
  EXPECT_EQ(purged(), "urls of 'shop' https://shop.test/a");
  const std::string two = post("/client/v4/zones/shop/purge_cache", {{"X-Auth-Key", "all"}},
                               R"({"tags":["a"],"hosts":["shop.test"]})");
  const auto result = json::parse(two.substr(4)).at("result").as_object();
  EXPECT_EQ(result.at("ids").as_array().size(), 2U);
  EXPECT_EQ(result.at("ids").as_array().at(0), result.at("id"));
  EXPECT_EQ(purged(), "host of 'shop' shop.test");
  post("/client/v4/zones/%2A/purge_cache", {bearer}, R"({"purge_everything":true})");
  EXPECT_EQ(purged(), "all of ''");
}

TEST_F(AdminCompat, CloudflaresErrorsHaveItsNumbers) {
  const auto number = [&](std::string_view zone, std::string_view secret, std::string_view body) {
    const std::string bearer = "Bearer " + std::string(secret);
    return error_number(post("/client/v4/zones/" + std::string(zone) + "/purge_cache",
                             {{"Authorization", bearer}}, body));
  };
  constexpr std::string_view kAll = R"({"purge_everything":true})";
  EXPECT_EQ(number("shop", "none", kAll), 10000);
  EXPECT_EQ(number("blog", "shop-only", kAll), 10000);
  EXPECT_EQ(number("023e105f4ecef8ad9ca31a8372d0c353", "all", kAll), 7003);
  EXPECT_EQ(number("shop", "all", "{}"), 1012);
  EXPECT_EQ(number("shop", "all", R"({"tags":"a"})"), 1014);
  EXPECT_EQ(number("shop", "all", "no JSON"), 6007);
  EXPECT_EQ(number("shop", "all", R"({"files":["https://blog.test/a"]})"), 20422);
  EXPECT_EQ(target_.last().id, "");
}

TEST_F(AdminCompat, OutstandingNodesMake202) {
  purge::append_and_wait(*log_, purge::join_record("nyc-1", "i", "nyc"));  // and is never heard of again
  EXPECT_EQ(post("/service/shop/purge/a", {{"Fastly-Key", "all"}, {"X-Purge-Wait", "none"}})
                .substr(0, 19),
            R"(202 {"status":"ok",)");
}

}  // namespace
}  // namespace brink::edge

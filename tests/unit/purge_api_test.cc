// The purge part of the REST API without sockets: answers, rights, problems.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <future>
#include <thread>

#include "purge/api.h"
#include "purge/embedded_log.h"
#include "tests/unit/purge_log_support.h"

namespace brink::purge {
namespace {

using ::testing::HasSubstr;

class CountingTarget final : public Target {
 public:
  Matched apply(const Record& record, bool) override {
    if (record.kind == Record::Kind::Count) {
      const Preview preview{.hits = 1, .hits_sampled = 3, .uris = {"http://shop.test/"}};
      return {5, 999, std::make_shared<const Preview>(preview)};
    }
    if (record.selector.kind == Selector::Kind::Tags) return {};
    return {2, 2048};
  }
  void lost_until(std::uint64_t) override {}
  bool has_room_for(const Record& record) const override {
    return record.selector.kind != Selector::Kind::Prefix;
  }
  std::size_t matchers() const override { return 1000; }
  bool has_room_for_count() const override { return has_room_for_dry_run; }
  std::atomic<bool> has_room_for_dry_run = true;
};

class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string message;
    log_ = EmbeddedLog::open({.path = folder_.file("purge.log")}, clock_, message);
    service_ = std::make_unique<Service>(
        ServiceOptions{.node = "fra-1", .pop = "fra", .role = "edge", .retain = 1000},
        Service::Parts{*log_, target_, position_, clock_, metrics_});
    service_->start();
    ASSERT_TRUE(service_->wait_joined(Millis{10'000}));
    ApiSites sites;
    sites.has = [](std::string_view site) { return site == "shop" || site == "blog"; };
    sites.site_of = [](std::string_view host) {
      return host == "shop.test" ? "shop" : host == "blog.test" ? "blog" : "";
    };
    api_ = std::make_unique<Api>(*service_, sites);
  }

  ApiAnswer wait(void (Api::*call)(const ApiRequest&, ApiDone), const ApiRequest& request) {
    std::promise<ApiAnswer> promise;
    (api_.get()->*call)(request, [&](ApiAnswer answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  }
  ApiAnswer purge(std::string_view body, std::vector<std::string> sites = {"*"},
                  std::string_view key = "") {
    return wait(&Api::purge, {.body = body,
                              .idempotency_key = key,
                              .client = "192.0.2.1",
                              .who = "ops",
                              .sites = std::move(sites)});
  }
  ApiAnswer put_version(std::string_view site, std::string_view body) {
    return wait(&Api::set_version,
                {.body = body, .capture = site, .who = "ops", .sites = {"shop"}});
  }
  static std::string code(const ApiAnswer& answer) {
    if (!answer.problem) return "none: " + answer.body;
    EXPECT_EQ(answer.problem->status, answer.status);
    return std::to_string(answer.status) + " " + answer.problem->code;
  }

  const TestFolder folder_;
  VirtualClock clock_{TimePoint{Millis{1'700'000'000'000}}};
  CountingTarget target_;
  Position position_;
  MetricsRegistry metrics_;
  std::unique_ptr<EmbeddedLog> log_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Api> api_;
};

boost::json::object object_of(const ApiAnswer& answer) {
  return boost::json::parse(answer.body).as_object();
}

TEST_F(ApiTest, APurgeIsAnsweredExactlyAsDocumented) {
  const ApiAnswer answer = purge(R"({"url":"http://shop.test/a","reason":"sale"})");
  EXPECT_EQ(answer.status, 200);
  auto body = object_of(answer);
  const std::string id(body.at("id").as_string());
  EXPECT_TRUE(id.starts_with("p-"));
  const auto ms = body.at("receipts").as_array().at(0).as_object().at("applied_ms");
  EXPECT_TRUE(ms.is_number());
  const auto expected = boost::json::parse(
      R"({"id":")" + id +
      R"(","sequence":2,"state":"done",)"
      R"("receipts":[{"node":"fra-1","pop":"fra","state":"applied","applied_ms":)" +
      boost::json::serialize(ms) + R"(,"objects":2,"bytes":2048}]})");
  EXPECT_EQ(boost::json::serialize(body), boost::json::serialize(expected));
}

TEST_F(ApiTest, WhatIsNotCountedYetIsNull) {
  const auto body = object_of(purge(R"({"tags":["a"]})"));
  const auto& receipt = body.at("receipts").as_array().at(0).as_object();
  EXPECT_TRUE(receipt.at("objects").is_null());
  EXPECT_TRUE(receipt.at("bytes").is_null());
}

TEST_F(ApiTest, OutstandingNodesMake202) {
  append_and_wait(*log_, join_record("nyc-1", "i", "nyc"));
  EXPECT_EQ(purge(R"({"all":true})").status, 200);  // this node was asked for, and has
  const ApiAnswer none = purge(R"({"all":true,"wait":"none"})");
  EXPECT_EQ(none.status, 202);
  EXPECT_EQ(object_of(none).at("state"), "outstanding");
  std::promise<ApiAnswer> promise;
  auto future = promise.get_future();
  api_->purge({.body = R"({"all":true,"wait":"all","timeout_ms":1})", .who = "ops", .sites = {"*"}},
              [&](ApiAnswer answer) { promise.set_value(std::move(answer)); });
  while (service_->list(std::nullopt, 10).size() < 3)
    std::this_thread::yield();
  append_and_wait(*log_, leave_record("nobody", "i"));  // by now the one before is acknowledged
  clock_.advance(Millis{1});
  service_->tick();
  EXPECT_EQ(future.get().status, 202);
}

TEST_F(ApiTest, PurgesCanBeLookedUpAndListed) {
  const std::string id(object_of(purge(R"({"tags":["a"],"reason":"why"})")).at("id").as_string());
  purge(R"({"host":"Shop.test"})");
  const ApiAnswer found = api_->find_purge({.capture = id});
  EXPECT_EQ(found.status, 200);
  const auto body = object_of(found);
  EXPECT_EQ(body.at("id").as_string(), id.c_str());
  const auto& request = body.at("request").as_object();
  EXPECT_EQ(request.at("by"), "ops");
  EXPECT_EQ(request.at("from"), "192.0.2.1 at fra-1");
  EXPECT_EQ(request.at("reason"), "why");
  EXPECT_EQ(request.at("selector").as_object().at("tags").as_array().size(), 1U);
  EXPECT_EQ(code(api_->find_purge({.capture = "p-none"})), "404 unknown-purge");

  const auto sequences = [&](std::string_view query) {
    std::string out;
    const auto body_of_list = object_of(api_->list_purges({.query = query}));
    for (const auto& each : body_of_list.at("purges").as_array())
      out += boost::json::serialize(each.as_object().at("sequence")) + " ";
    return out;
  };
  EXPECT_EQ(sequences(""), "2 3 ");
  EXPECT_EQ(sequences("after=2"), "3 ");
  EXPECT_EQ(sequences("limit=1"), "3 ");
  EXPECT_EQ(sequences("after=0&limit=1"), "2 ");
  EXPECT_EQ(sequences("after=3"), "");
  for (const char* query : {"after=x", "limit=0", "limit=1001", "before=3", "after=", "after=-1"})
    EXPECT_EQ(code(api_->list_purges({.query = query})), "422 invalid-query") << query;
}

TEST_F(ApiTest, ATokenPurgesItsSitesOnly) {
  const struct {
    const char* body;
    std::vector<std::string> sites;
    const char* expected;
  } kRows[] = {
      {R"({"url":"http://shop.test/a"})", {"shop"}, "ok"},
      {R"({"url":"http://SHOP.test:80/a"})", {"shop"}, "ok"},
      {R"({"url":"http://blog.test/a"})", {"shop"}, "may not purge site 'blog'"},
      {R"({"urls":["http://shop.test/","http://blog.test/"]})", {"shop"}, "'blog'"},
      {R"({"urls":["http://shop.test/","http://blog.test/"]})", {"shop", "blog"}, "ok"},
      {R"({"url":"http://other.test/"})", {"shop"}, "No site of this node answers"},
      {R"({"url":"http://other.test/"})", {"*"}, "ok"},
      {R"({"tags":["a"]})", {"shop"}, "reaches every site"},
      {R"({"tags":["a"],"site":"shop"})", {"shop"}, "ok"},
      {R"({"tags":["a"],"site":"blog"})", {"shop"}, "Add it to the token's"},
      {R"({"url":"http://blog.test/","site":"shop"})", {"shop"}, "ok"},  // within shop: nothing
      {R"({"all":true})", {"shop"}, "reaches every site"},
      {R"({"all":true,"site":"shop"})", {"shop"}, "ok"},
      {R"({"host":"shop.test"})", {"shop"}, "reaches every site"},
      {R"({"pattern":"*"})", {"shop"}, "reaches every site"},
      {R"({"regex":"a"})", {}, "reaches every site"},
  };
  for (const auto& row : kRows) {
    const ApiAnswer answer = purge(row.body, row.sites);
    if (std::string_view(row.expected) == "ok") {
      EXPECT_EQ(answer.status, 200) << row.body << code(answer);
    } else {
      EXPECT_EQ(code(answer), "403 site-not-allowed") << row.body;
      EXPECT_THAT(answer.problem.value_or(Problem{}).detail, HasSubstr(row.expected));
    }
  }
  EXPECT_EQ(code(purge(R"({"tags":["a"],"site":"none"})")), "422 unknown-site");
}

TEST_F(ApiTest, AnIdempotencyKeyIsTheSamePurge) {
  const auto first = object_of(purge(R"({"tags":["a"],"wait":"none"})", {"*"}, "key 1"));
  const auto again = object_of(purge(R"({"tags":["a"],"wait":"all"})", {"*"}, "key 1"));
  EXPECT_EQ(first.at("id"), again.at("id"));
  EXPECT_EQ(first.at("sequence"), again.at("sequence"));
  EXPECT_TRUE(first.at("id").as_string().starts_with("k-"));
  EXPECT_EQ(code(purge(R"({"tags":["b"]})", {"*"}, "key 1")), "422 idempotency-key-reused");
  EXPECT_NE(object_of(purge(R"({"tags":["a"]})", {"*"}, "key 2")).at("id"), first.at("id"));
  EXPECT_EQ(code(purge(R"({"tags":["b"]})", {"*"}, std::string(257, 'k'))), "422 limit-reached");
}

TEST_F(ApiTest, ADryRunCountsAndIsNoPurge) {
  const auto body = object_of(purge(R"({"prefix":"/a","dry_run":true})"));
  EXPECT_EQ(body.at("state"), "dry-run");
  const auto& receipt = body.at("receipts").as_array().at(0).as_object();
  EXPECT_EQ(receipt.at("objects"), 5);
  EXPECT_DOUBLE_EQ(receipt.at("hit_share").as_double(), 0.3333);
  EXPECT_EQ(receipt.at("samples").as_array().at(0), "http://shop.test/");
  const auto& pop = body.at("pops").as_array().at(0).as_object();
  EXPECT_EQ(pop.at("pop"), "fra");
  EXPECT_EQ(pop.at("bytes"), 999);
  EXPECT_DOUBLE_EQ(pop.at("hit_share").as_double(), 0.3333);
  EXPECT_TRUE(object_of(api_->list_purges({})).at("purges").as_array().empty());
  target_.has_room_for_dry_run = false;
  EXPECT_EQ(code(purge(R"({"all":true,"dry_run":true})")), "429 too-many-dry-runs");
}

TEST_F(ApiTest, TooManyMatchersAreRefusedInTime) {
  const ApiAnswer answer = purge(R"({"prefix":"/a"})");
  EXPECT_EQ(code(answer), "429 too-many-matchers");
  EXPECT_THAT(answer.problem->detail, HasSubstr("raise purge.matchers"));
}

TEST_F(ApiTest, ALogThatIsNotToBeHadIs503) {
  service_->stop();
  EXPECT_EQ(code(purge(R"({"all":true})")), "503 log-unavailable");
}

TEST_F(ApiTest, BadBodiesAreProblems) {
  EXPECT_EQ(code(purge("{")), "400 invalid-json");
  EXPECT_EQ(code(purge("{}")), "422 one-selector");
}

TEST_F(ApiTest, VersionsAreSetAndRead) {
  const auto unset = object_of(api_->version({.capture = "shop"}));
  EXPECT_EQ(unset.at("version"), "");
  EXPECT_TRUE(unset.at("sequence").is_null());
  const ApiAnswer set = put_version("shop", R"({"version":"1"})");
  EXPECT_EQ(set.status, 200) << code(set);
  put_version("shop", R"({"version":"2","percent":5})");
  const auto body = object_of(api_->version({.capture = "shop"}));
  EXPECT_EQ(body.at("site"), "shop");
  EXPECT_EQ(body.at("version"), "2");
  EXPECT_EQ(body.at("percent"), 5);
  EXPECT_EQ(body.at("previous"), "1");
  EXPECT_EQ(body.at("sequence"), 3);
  EXPECT_EQ(body.at("receipts").as_array().size(), 1U);
  EXPECT_EQ(code(put_version("blog", R"({"version":"1"})")), "403 site-not-allowed");
  EXPECT_EQ(code(put_version("none", R"({"version":"1"})")), "404 unknown-site");
  EXPECT_EQ(code(put_version("shop", R"({"version":"ä"})")), "422 invalid-member");
  EXPECT_EQ(code(api_->version({.capture = "none"})), "404 unknown-site");
}

EachAnswer each_of(Api& api, const std::vector<std::string>& bodies, std::string_view key = "",
                   std::vector<std::string> sites = {"*"}) {
  std::promise<EachAnswer> promise;
  api.purge_each(bodies, {.idempotency_key = key, .who = "ops", .sites = std::move(sites)},
                 [&](EachAnswer answer) { promise.set_value(std::move(answer)); });
  return promise.get_future().get();
}

TEST_F(ApiTest, SeveralPurgesOfOneRequestAreEachInTheLog) {
  const EachAnswer answer = each_of(*api_, {R"({"tags":["a"]})", R"({"host":"shop.test"})"});
  EXPECT_FALSE(answer.problem);
  EXPECT_TRUE(answer.is_done);
  ASSERT_EQ(answer.ids.size(), 2U);
  for (const std::string& id : answer.ids)
    EXPECT_EQ(api_->find_purge({.capture = id}).status, 200) << id;
  append_and_wait(*log_, join_record("nyc-1", "i", "nyc"));  // and is never heard of again
  EXPECT_FALSE(each_of(*api_, {R"({"all":true,"wait":"none"})"}).is_done);
}

TEST_F(ApiTest, SeveralPurgesAreAllCheckedBeforeTheFirstIsDone) {
  const auto code_of = [&](const std::vector<std::string>& bodies,
                           std::vector<std::string> sites = {"*"}) {
    const EachAnswer answer = each_of(*api_, bodies, "", std::move(sites));
    EXPECT_TRUE(answer.ids.empty());
    return answer.problem ? answer.problem->code : "none";
  };
  const std::string good = R"({"tags":["a"],"site":"shop"})";
  EXPECT_EQ(code_of({good, R"({"tags":[]})"}), "invalid-member");
  EXPECT_EQ(code_of({good, R"({"prefix":"shop.test/"})"}), "too-many-matchers");
  EXPECT_EQ(code_of({good, R"({"all":true,"site":"blog"})"}, {"shop"}), "site-not-allowed");
  EXPECT_EQ(code_of({good, R"({"all":true,"site":"none"})"}), "unknown-site");
  EXPECT_EQ(code_of({good, R"({"url":"http://blog.test/a","site":"shop"})"}), "other-site");
  EXPECT_EQ(code_of({good, R"({"host":"blog.test","site":"shop"})"}), "other-site");
  EXPECT_EQ(object_of(api_->list_purges({})).at("purges").as_array().size(), 0U);
}

TEST_F(ApiTest, ARepeatedRequestOfSeveralPurgesCountsOnce) {
  const std::vector<std::string> bodies = {R"({"tags":["a"]})", R"({"tags":["b"]})"};
  const EachAnswer first = each_of(*api_, bodies, "key");
  EXPECT_EQ(each_of(*api_, bodies, "key").ids, first.ids);
  EXPECT_EQ(object_of(api_->list_purges({})).at("purges").as_array().size(), 2U);
  EXPECT_EQ(each_of(*api_, {R"({"tags":["a"]})", R"({"tags":["c"]})"}, "key").problem->code,
            "idempotency-key-reused");
}

}  // namespace
}  // namespace brink::purge

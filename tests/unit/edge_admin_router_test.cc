// Who may call what, and what the answer is when it is no.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <stdexcept>

#include "edge/admin_router.h"

namespace brink::edge {
namespace {

using config::AdminRight;

config::AdminToken token(std::string name, std::string secret, std::vector<AdminRight> may) {
  return {.name = name, .token_env = "X", .secret = secret, .may = may, .sites = {"*"}};
}

AdminRouter router() {
  AdminRouter out;
  out.add({"GET", "/open", std::nullopt,
           [](const AdminRequest&) { return AdminResponse{.body = "open"}; }});
  out.add({"GET", "/v1/read", AdminRight::Read,
           [](const AdminRequest& r) { return AdminResponse{.body = r.who->name}; }});
  out.add({"POST", "/v1/operate", AdminRight::Operate,
           [](const AdminRequest&) { return AdminResponse{.body = "done"}; }});
  out.add({"GET", "/v1/sites/{site}/version", AdminRight::Read, [](const AdminRequest& r) {
             return AdminResponse{.body = std::string(r.captures.at(0))};
           }});
  out.add({"PUT", "/v1/sites/{site}/version", AdminRight::Purge,
           [](const AdminRequest&) { return AdminResponse{.body = "put"}; }});
  out.add({"GET", "/throws", std::nullopt, [](const AdminRequest&) -> AdminResponse {
             throw std::runtime_error("secret detail");
           }});
  return out;
}

AdminRequest request(std::string_view method, std::string_view path,
                     std::string_view authorization = {}) {
  AdminRequest out{};
  out.method = method;
  out.path = path;
  out.host = "127.0.0.1:9901";
  out.authorization = authorization;
  return out;
}

std::string field(const AdminResponse& response, std::string_view name) {
  for (const auto& [n, value] : response.fields) {
    if (n == name) return value;
  }
  return "";
}

std::string code(const AdminResponse& response) {
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto json = boost::json::parse(response.body).as_object();
  EXPECT_EQ(json.at("status"), response.status);
  EXPECT_FALSE(json.at("title").as_string().empty());
  EXPECT_FALSE(json.at("detail").as_string().empty());
  EXPECT_EQ(json.at("type").as_string(),
            "urn:brink:problem:" + std::string(json.at("code").as_string()));
  return std::string(json.at("code").as_string());
}

const AdminAccess kTokens({token("ops", "s3cret", {AdminRight::Read, AdminRight::Operate}),
                           token("ci", "other", {AdminRight::Purge}),
                           token("empty", "", {AdminRight::Read})},
                          true);
const AdminAccess kOpen({}, true);
const AdminAccess kClosed({}, false);

// Names of a certificate that was verified, an Origin, a token: what comes of them.
TEST(AdminAccess, ClientCertificates) {
  config::AdminClientCertificate deploy;
  deploy.name = "deploy";
  deploy.subject = "deploy.test";
  deploy.may = {AdminRight::Purge};
  deploy.rate = 2;
  const AdminAccess access({token("ops", "s3cret", {AdminRight::Read})}, true, {deploy});
  struct Row {
    std::vector<std::string> names;
    std::string_view origin, authorization;
    AdminRight right;
    int status;  // 0 = not refused
    std::string_view who;
  };
  const Row rows[] = {
      {{}, "", "", AdminRight::Purge, 401, ""},
      {{"other.test"}, "", "", AdminRight::Purge, 401, ""},
      {{"DEPLOY.test"}, "", "", AdminRight::Purge, 401, ""},
      {{"x", "deploy.test"}, "", "", AdminRight::Read, 403, "deploy"},
      {{"deploy.test"}, "https://evil.test", "", AdminRight::Purge, 403, ""},
      {{"deploy.test"}, "https://127.0.0.1:9901", "", AdminRight::Purge, 0, "deploy"},
      {{"deploy.test"}, "", "Bearer wrong", AdminRight::Purge, 401, ""},
      {{"deploy.test"}, "", "Bearer s3cret", AdminRight::Read, 0, "ops"},
      {{"deploy.test"}, "", "", AdminRight::Purge, 429, "deploy"},
  };
  for (const Row& row : rows) {
    AdminRequest asked = request("GET", "/", row.authorization);
    asked.certificate_names = row.names;
    asked.origin = row.origin;
    const AdminPrincipal* who = nullptr;
    const auto refusal = access.refuse(asked, row.right, who);
    EXPECT_EQ(refusal ? refusal->status : 0, row.status) << row.origin << row.authorization;
    EXPECT_EQ(who == nullptr ? "" : who->name, row.who);
  }
  const AdminAccess closed({}, true, {deploy});  // not open, even on loopback
  AdminRequest asked = request("GET", "/", "");
  const AdminPrincipal* who = nullptr;
  EXPECT_EQ(closed.refuse(asked, AdminRight::Read, who)->status, 401);
}

TEST(AdminRouter, AnswersByPathMethodAndToken) {
  struct Row {
    std::string_view method, path, authorization;
    int status;
    std::string_view body_or_code;
  };
  const Row rows[] = {
      {"GET", "/open", "", 200, "open"},
      {"HEAD", "/open", "", 200, "open"},
      {"GET", "/v1/read", "Bearer s3cret", 200, "ops"},
      {"GET", "/v1/read", "bearer  s3cret ", 200, "ops"},
      {"POST", "/v1/operate", "Bearer s3cret", 200, "done"},
      {"GET", "/v1/sites/shop/version", "Bearer s3cret", 200, "shop"},
      {"PUT", "/v1/sites/shop/version", "Bearer other", 200, "put"},
      {"GET", "/v1/read", "", 401, "unauthorized"},
      {"GET", "/v1/read", "Bearer", 401, "unauthorized"},
      {"GET", "/v1/read", "Bearer ", 401, "unauthorized"},
      {"GET", "/v1/read", "Bearer s3cre", 401, "unauthorized"},
      {"GET", "/v1/read", "Bearer s3cret2", 401, "unauthorized"},
      {"GET", "/v1/read", "Basic s3cret", 401, "unauthorized"},
      {"GET", "/v1/read", "Bearer other", 403, "right-missing"},
      {"POST", "/v1/operate", "Bearer other", 403, "right-missing"},
      {"GET", "/nothing", "", 404, "unknown-path"},
      {"GET", "/v1/sites//version", "Bearer s3cret", 404, "unknown-path"},
      {"GET", "/v1/sites/a/b/version", "Bearer s3cret", 404, "unknown-path"},
      {"GET", "/v1/read/", "Bearer s3cret", 404, "unknown-path"},
      {"GET", "", "", 404, "unknown-path"},
      {"GET", "*", "", 404, "unknown-path"},
      {"POST", "/v1/read", "Bearer s3cret", 405, "method-not-allowed"},
      {"get", "/open", "", 405, "method-not-allowed"},
      {"GET", "/throws", "", 500, "internal"},
  };
  const AdminRouter table = router();
  for (const Row& row : rows) {
    AdminRequest asked = request(row.method, row.path, row.authorization);
    const AdminResponse answer = table.answer(asked, kTokens);
    EXPECT_EQ(answer.status, row.status)
        << row.method << ' ' << row.path << ' ' << row.authorization;
    EXPECT_EQ(answer.status == 200 ? answer.body : code(answer), row.body_or_code) << row.path;
  }
}

TEST(AdminRouter, RefusalsSayWhatToDo) {
  const AdminRouter table = router();
  AdminRequest wrong_method = request("DELETE", "/v1/sites/shop/version");
  EXPECT_EQ(field(table.answer(wrong_method, kTokens), "Allow"), "GET, HEAD, PUT");
  AdminRequest no_token = request("GET", "/v1/read");
  EXPECT_EQ(field(table.answer(no_token, kTokens), "WWW-Authenticate"), "Bearer realm=\"brink\"");
  AdminRequest no_right = request("POST", "/v1/operate", "Bearer other");
  EXPECT_NE(table.answer(no_right, kTokens).body.find("admin.tokens[].may"), std::string::npos);
  AdminRequest fails = request("GET", "/throws");
  EXPECT_EQ(table.answer(fails, kTokens).body.find("secret detail"), std::string::npos);
}

TEST(AdminRouter, ATokenMayBeUsedAsOftenAsItsRateSays) {
  config::AdminToken often = token("ci", "other", {AdminRight::Purge});
  often.rate = 2;
  const AdminAccess access({often, token("ops", "s3cret", {AdminRight::Purge})}, true);
  const AdminRouter table = router();
  const auto put = [&](std::string_view bearer, Ticks now) {
    AdminRequest asked = request("PUT", "/v1/sites/shop/version", bearer);
    asked.now = now;
    return table.answer(asked, access);
  };
  const Ticks start{Seconds{100}};
  EXPECT_EQ(put("Bearer other", start).status, 200);
  EXPECT_EQ(put("Bearer other", start).status, 200);
  const AdminResponse refused = put("Bearer other", start);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(code(refused), "rate-limited");
  EXPECT_EQ(field(refused, "Retry-After"), "1");
  EXPECT_EQ(put("Bearer s3cret", start).status, 200);  // each has its own
  EXPECT_EQ(put("Bearer other", start + Millis{500}).status, 200);
}

TEST(AdminAccess, WithoutTokensTheApiIsOpenOnLoopbackToWhatIsNotABrowserTrick) {
  struct Row {
    std::string_view host, origin;
    int status;
  };
  const Row rows[] = {
      {"127.0.0.1:9901", "", 200},
      {"localhost:9901", "", 200},
      {"[::1]:9901", "", 200},
      {"[::1]", "", 200},
      {"127.0.0.1:9901", "http://127.0.0.1:9901", 200},
      {"127.0.0.1:9901", "http://evil.example", 403},
      {"127.0.0.1:9901", "null", 403},
      {"evil.example:9901", "", 403},
      {"127.0.0.1.evil.example", "", 403},
      {"", "", 403},
  };
  const AdminRouter table = router();
  for (const Row& row : rows) {
    AdminRequest asked = request("POST", "/v1/operate");
    asked.host = row.host;
    asked.origin = row.origin;
    EXPECT_EQ(table.answer(asked, kOpen).status, row.status) << row.host << ' ' << row.origin;
  }
}

TEST(AdminAccess, WithoutTokensAndNotOnLoopbackItIsClosed) {
  const AdminRouter table = router();
  AdminRequest asked = request("GET", "/v1/read", "Bearer ");
  EXPECT_EQ(table.answer(asked, kClosed).status, 401);
  AdminRequest open = request("GET", "/open");
  EXPECT_EQ(table.answer(open, kClosed).status, 200);
}

TEST(AdminPrincipal, KnowsItsSites) {
  const AdminPrincipal some{"a", {}, {"shop", "blog"}};
  EXPECT_TRUE(some.has_site("blog"));
  EXPECT_FALSE(some.has_site("other"));
  EXPECT_TRUE((AdminPrincipal{"b", {}, {"*"}}).has_site("other"));
}

TEST(AdminRouter, ARouteOfAnotherProductHasItsOwnTokenFieldAndErrors) {
  AdminRouter routes;
  routes.add({.method = "POST",
              .path = "/service/{site}/purge/{key*}",
              .right = AdminRight::Purge,
              .handle =
                  [](const AdminRequest& r) {
                    return AdminResponse{.body = std::string(r.captures.at(0)) + " " +
                                                 std::string(r.captures.at(1))};
                  },
              .token_field = "Fastly-Key",
              .dress =
                  [](AdminResponse problem) {
                    return AdminResponse{.status = problem.status,
                                         .body = "dressed " + problem.problem_code};
                  }});
  const auto ask = [&](std::string_view path, std::string_view token) {
    const Field fields[] = {{"fastly-key", token}};
    AdminRequest r = request("POST", path);
    r.fields = fields;
    return routes.answer(r, kTokens).body;
  };
  EXPECT_EQ(ask("/service/shop/purge/a", "other"), "shop a");
  EXPECT_EQ(ask("/service/shop/purge/a/b//c", "other"), "shop a/b//c");
  EXPECT_EQ(ask("/service/shop/purge/a", "s3cret"), "dressed right-missing");
  EXPECT_EQ(ask("/service/shop/purge/a", "wrong"), "dressed unauthorized");
  for (const std::string_view path : {"/service/shop/purge/", "/service/shop/purge"}) {
    AdminRequest r = request("POST", path, "Bearer other");
    EXPECT_EQ(code(routes.answer(r, kTokens)), "unknown-path") << path;
  }
  AdminRequest bearer = request("POST", "/service/shop/purge/a", "Bearer other");
  EXPECT_EQ(routes.answer(bearer, kTokens).body, "shop a");
}

}  // namespace
}  // namespace brink::edge

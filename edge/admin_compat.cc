#include "edge/admin_compat.h"

#include <utility>

#include "edge/json_text.h"
#include "purge/compat.h"

namespace brink::edge {

namespace {

using Strings = std::vector<std::string>;

// What a call comes to: the purges, or why not; and how its answer is written.
struct Plan {
  purge::Translation purges;
  std::function<std::string(const Strings& ids)> write;
};

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (!out.ends_with('{')) out.push_back(',');
  append_json_string(out, name);
  out.push_back(':');
  append_json_string(out, value);
}

purge::CompatScope scope_of(const AdminRequest& request, std::string_view product) {
  purge::CompatScope out;
  out.wait = field_value(request.fields, "x-purge-wait");
  out.reason = product;
  return out;
}

// A part of a path; a mistake in its percent-encoding leaves it as it is, which then names nothing.
std::string decoded(std::string_view text) {
  return purge::percent_decoded(text).value_or(std::string(text));
}

// Fastly: "If present … Typically set to 1, but the value is not important".
purge::CompatScope fastly_scope(const AdminRequest& request) {
  purge::CompatScope out = scope_of(request, "Fastly API");
  out.site = decoded(request.captures.front());
  out.soft = find_field(request.fields, "fastly-soft-purge") != nullptr;
  return out;
}

std::string fastly_ok(const Strings& ids) {
  std::string out = "{";
  append_member(out, "status", "ok");
  append_member(out, "id", ids.front());
  return out + "}\n";
}

AdminResponse fastly_error(AdminResponse problem) {
  std::string body = "{";
  append_member(body, "msg", problem.problem_code);
  append_member(body, "detail", problem.problem_detail);
  problem.body = body + "}\n";
  problem.content_type = "application/json";
  return problem;
}

Plan fastly_key(const AdminRequest& request) {
  const std::string key = decoded(request.captures.back());
  return {purge::Bodies{purge::tags_body({key}, fastly_scope(request))}, fastly_ok};
}

Plan fastly_bulk(const AdminRequest& request) {
  auto keys = purge::fastly_keys(field_value(request.fields, "surrogate-key"), request.body);
  if (auto* problem = std::get_if<purge::Problem>(&keys)) return {std::move(*problem), {}};
  const auto& list = std::get<Strings>(keys);
  const auto write = [list](const Strings& ids) {
    std::string out = "{";
    for (const std::string& key : list)
      append_member(out, key, ids.front());
    return out + "}\n";
  };
  return {purge::Bodies{purge::tags_body(list, fastly_scope(request))}, write};
}

// Never soft, as at Fastly.
Plan fastly_all(const AdminRequest& request) {
  purge::CompatScope scope = fastly_scope(request);
  scope.soft = false;
  return {purge::Bodies{purge::all_body(scope)}, fastly_ok};
}

// The URL is all that follows, its query too; without a scheme.
Plan fastly_url(const AdminRequest& request) {
  purge::CompatScope scope = fastly_scope(request);
  scope.site.assign(1, '*');
  const std::string_view path = request.captures.front();
  std::string url = path.find("://") == std::string_view::npos ? "http://" : "";
  url.append(path);
  if (!request.query.empty()) url.append("?").append(request.query);
  return {purge::Bodies{purge::urls_body({url}, scope)}, fastly_ok};
}

Plan cloudflare_purge(const AdminRequest& request) {
  purge::CompatScope scope = scope_of(request, "Cloudflare API");
  scope.site = decoded(request.captures.front());
  const auto write = [](const Strings& ids) {
    std::string result = "{";
    append_member(result, "id", ids.front());
    if (ids.size() > 1) {
      result += ",\"ids\":[";
      for (const std::string& id : ids) {
        if (!result.ends_with('[')) result.push_back(',');
        append_json_string(result, id);
      }
      result.push_back(']');
    }
    return "{\"success\":true,\"errors\":[],\"messages\":[],\"result\":" + result + "}}\n";
  };
  return {purge::cloudflare_purges(request.body, scope), write};
}

AdminResponse cloudflare_error(AdminResponse problem) {
  const int number = purge::cloudflare_code(problem.status, problem.problem_code);
  std::string error = "{\"code\":" + std::to_string(number);
  append_member(error, "message", problem.problem_detail);
  problem.body =
      "{\"success\":false,\"errors\":[" + error + "}],\"messages\":[],\"result\":null}\n";
  problem.content_type = "application/json";
  return problem;
}

AdminResponse response_of(const purge::Problem& p) {
  return problem(p.status, p.code, p.title, p.detail);
}

struct Product {
  std::string token_field;
  AdminResponse (*error)(AdminResponse);
};

void add_call(AdminRouter& router, std::string path, const Product& product, purge::Api& api,
              const PurgeCalls& calls, Plan (*plan_of)(const AdminRequest&)) {
  const auto handle = [&api, calls, plan_of](const AdminRequest& request, AdminDone done) {
    Plan plan = plan_of(request);
    if (const auto* p = std::get_if<purge::Problem>(&plan.purges)) return done(response_of(*p));
    if (!calls.enter(done)) return;
    api.purge_each(std::get<purge::Bodies>(plan.purges), api_request(request),
                   [calls, done = std::move(done),
                    write = std::move(plan.write)](const purge::EachAnswer& answer) {
                     calls.leave();
                     if (answer.problem) return done(response_of(*answer.problem));
                     done({.status = answer.is_done ? 200 : 202, .body = write(answer.ids)});
                   });
  };
  router.add({.method = "POST",
              .path = std::move(path),
              .right = config::AdminRight::Purge,
              .handle = {},
              .handle_later = handle,
              .token_field = product.token_field,
              .dress = product.error});
}

}  // namespace

void add_compat_routes(AdminRouter& router, purge::Api& api, const PurgeCalls& calls) {
  const Product fastly{"Fastly-Key", fastly_error};
  add_call(router, "/service/{site}/purge", fastly, api, calls, fastly_bulk);
  add_call(router, "/service/{site}/purge/{key*}", fastly, api, calls, fastly_key);
  add_call(router, "/service/{site}/purge_all", fastly, api, calls, fastly_all);
  add_call(router, "/purge/{url*}", fastly, api, calls, fastly_url);
  const Product cloudflare{"X-Auth-Key", cloudflare_error};
  add_call(router, "/client/v4/zones/{site}/purge_cache", cloudflare, api, calls, cloudflare_purge);
}

}  // namespace brink::edge

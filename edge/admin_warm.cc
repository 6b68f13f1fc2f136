#include "edge/admin_warm.h"

#include <boost/json.hpp>
#include <utility>

#include "purge/body_reader.h"

namespace brink::edge {

namespace json = boost::json;

namespace {

using config::AdminRight;

constexpr std::string_view kMembers[] = {"urls", "sitemap", "rate"};
constexpr std::size_t kUrlsMost = 1'000'000;  // the body's limit comes first

AdminResponse refused(const purge::Problem& p) {
  return problem(p.status, p.code, p.title, p.detail);
}

json::object object_of(const WarmStatus& job, Ticks now) {
  const Ticks until = job.ended == Ticks{} ? now : job.ended;
  json::object out{{"id", job.id}, {"state", to_string(job.state)}};
  if (!job.why.empty()) out["why"] = job.why;
  if (!job.sitemap.empty()) out["sitemap"] = job.sitemap;
  if (!job.purge.empty()) out["purge"] = job.purge;
  out["total"] = job.total;
  out["done"] = job.done();
  out["fresh"] = job.count(WarmResult::Fresh);
  out["stored"] = job.count(WarmResult::Stored);
  out["not_stored"] = job.count(WarmResult::NotStored);
  out["failed"] = job.count(WarmResult::Failed);
  out["skipped"] = job.skipped;
  out["truncated"] = job.truncated;
  json::object reasons;
  for (const auto& [reason, count] : job.reasons)
    reasons[reason] = count;
  out["reasons"] = std::move(reasons);
  json::array errors;
  for (const auto& each : job.errors)
    errors.push_back(json::object{{"url", each.url}, {"detail", each.detail}});
  out["errors"] = std::move(errors);
  out["rate"] = job.rate;
  out["by"] = job.by;
  out["elapsed_ms"] = std::chrono::duration_cast<Millis>(until - job.began).count();
  return out;
}

AdminResponse answer_of(const WarmStatus& job, Ticks now, int status = 200) {
  return {.status = status, .body = json::serialize(object_of(job, now)) + "\n"};
}

AdminResponse unknown(std::string_view id) {
  return problem(404, "unknown-job", "There is no such job",
                 "This node knows no job '" + std::string(id.substr(0, 80)) +
                     "'. Jobs belong to the node that was asked, which remembers the last 100 that "
                     "have ended; GET "
                     "/v1/warm lists them. The job of a purge with warm is there once the node has "
                     "looked through "
                     "its cache.");
}

std::variant<WarmWanted, purge::Problem> parse(const AdminRequest& request) {
  auto parsed = purge::object_of(request.body, R"({"urls":["https://shop.example.com/"]})");
  if (auto* problem = std::get_if<purge::Problem>(&parsed)) return std::move(*problem);
  purge::BodyReader in(std::get<json::object>(parsed));
  in.only(kMembers);
  WarmWanted out;
  out.by = request.who->name;
  out.sites = request.who->sites;
  if (in.has("urls") == in.has("sitemap")) {
    in.refuse("one-source",
              "Say what to fetch: either \"urls\", a list, or \"sitemap\", the URL of one");
  } else if (in.has("urls")) {
    out.urls = in.texts("urls", kUrlsMost, kWarmUrlBytes);
  } else {
    out.sitemap = in.text("sitemap", kWarmUrlBytes);
  }
  out.rate = static_cast<std::uint32_t>(in.number("rate", 1, UINT32_MAX, 0));
  if (in.mistake()) return *in.mistake();
  return out;
}

AdminResponse start(Warmer& warmer, const Clock& clock, const AdminRequest& request) {
  const auto wanted = parse(request);
  if (const auto* problem = std::get_if<purge::Problem>(&wanted)) return refused(*problem);
  const auto begun = warmer.start(std::get<WarmWanted>(wanted));
  if (const auto* problem = std::get_if<purge::Problem>(&begun)) return refused(*problem);
  const auto& job = std::get<WarmStatus>(begun);
  AdminResponse out = answer_of(job, clock.ticks(), 202);
  out.fields.emplace_back("Location", "/v1/warm/" + job.id);
  return out;
}

AdminResponse stop(Warmer& warmer, const Clock& clock, const AdminRequest& request) {
  bool allowed = true;
  const auto job = warmer.stop(request.captures.front(), request.who->sites, allowed);
  if (!job) return unknown(request.captures.front());
  if (allowed) return answer_of(*job, clock.ticks());
  return problem(403, "site-not-allowed", "The token may not stop this job",
                 "Token '" + request.who->name +
                     "' may warm some sites only, and this job may fetch others. Use the token "
                     "that began it, or one "
                     "with sites: [\"*\"].");
}

AdminResponse list(const Warmer& warmer, const Clock& clock) {
  json::array jobs;
  for (const WarmStatus& job : warmer.list())
    jobs.push_back(object_of(job, clock.ticks()));
  return {.body = json::serialize(json::object{{"jobs", std::move(jobs)}}) + "\n"};
}

}  // namespace

void add_warm_routes(AdminRouter& router, Warmer& warmer, const Clock& clock) {
  router.add({"POST", "/v1/warm", AdminRight::Purge,
              [&](const AdminRequest& request) { return start(warmer, clock, request); }});
  router.add({"GET", "/v1/warm", AdminRight::Read,
              [&](const AdminRequest&) { return list(warmer, clock); }});
  router.add({"GET", "/v1/warm/{id}", AdminRight::Read, [&](const AdminRequest& request) {
                const auto job = warmer.find(request.captures.front());
                return job ? answer_of(*job, clock.ticks()) : unknown(request.captures.front());
              }});
  router.add({"DELETE", "/v1/warm/{id}", AdminRight::Purge,
              [&](const AdminRequest& request) { return stop(warmer, clock, request); }});
}

}  // namespace brink::edge

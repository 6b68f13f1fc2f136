#include "purge/api.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <utility>

#include "purge/decimal.h"
#include "purge/iso_time.h"

namespace brink::purge {

namespace json = boost::json;

namespace {

constexpr std::string_view kAllSites = "*";

template <class T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::array receipts_array(const std::vector<NodeReceipt>& receipts) {
  json::array out;
  for (const NodeReceipt& each : receipts) {
    out.push_back(json::object{{"node", each.node},
                               {"pop", each.pop},
                               {"state", each.is_applied ? "applied" : "outstanding"},
                               {"applied_ms", or_null(each.applied_ms)},
                               {"objects", or_null(each.responses)},
                               {"bytes", or_null(each.bytes)}});
  }
  return out;
}

json::object purge_object(const std::string& id, std::uint64_t sequence, bool is_done,
                          const std::vector<NodeReceipt>& receipts) {
  return {{"id", id},
          {"sequence", sequence},
          {"state", is_done ? "done" : "outstanding"},
          {"receipts", receipts_array(receipts)}};
}

json::object version_object(const std::string& site, const SiteVersion& version,
                            const std::vector<NodeReceipt>& receipts) {
  const bool is_set = version.sequence > 0;
  return {{"site", site},
          {"version", version.version},
          {"percent", version.percent},
          {"previous", version.previous},
          {"sequence", is_set ? json::value(version.sequence) : json::value(nullptr)},
          {"receipts", receipts_array(receipts)}};
}

std::string text_of(const json::object& object) {
  return json::serialize(object) + "\n";
}

// What was asked for, who asked and why.
json::object record_object(const Record& record) {
  json::object out = json::parse(to_json(record)).as_object();
  out.erase("id");
  out["issued_at"] = iso_time(record.issued_at);
  return out;
}

json::object known_object(const Service::Known& known) {
  json::object out =
      purge_object(known.record.id, known.record.sequence, known.is_done, known.receipts);
  out["request"] = record_object(known.record);
  return out;
}

ApiAnswer refused(Problem problem) {
  const int status = problem.status;
  return {.status = status, .body = {}, .problem = std::move(problem)};
}

Problem log_problem(const Error& error) {
  if (error.code == ErrorCode::LimitReached) {
    return {
        503, "busy", "Too many purges at once",
        fmt::format("Nothing was purged: {}. Send it again in a second, or name several URLs or "
                    "tags in one request.",
                    error.what)};
  }
  return {503, "log-unavailable", "The purge is not acknowledged",
          fmt::format("{}. Send it again, with the same Idempotency-Key so that it counts once; "
                      "brink_purge_errors_total and the node's log say more.",
                      error.what)};
}

// "k-" and a hash: two tokens' keys never meet.
std::string id_of_key(std::string_view who, std::string_view key) {
  const std::string text = fmt::format("{}\n{}", who, key);
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("k-{:016x}{:016x}", hash.high64, hash.low64);
}

struct ListQuery {
  std::optional<std::uint64_t> after;
  std::uint64_t limit = kListedDefault;
};

// "after=7&limit=10". False when it is anything else.
bool parse_list_query(std::string_view query, ListQuery& out) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.starts_with("after=")) {
      out.after = parse_decimal(pair.substr(6));
      if (!out.after) return false;
    } else if (pair.starts_with("limit=")) {
      const auto limit = parse_decimal(pair.substr(6));
      if (!limit) return false;
      out.limit = *limit;
    } else {
      return false;
    }
  }
  return out.limit >= 1 && out.limit <= kListedMost;
}

Problem too_many_matchers(std::size_t in_force) {
  return {
      429, "too-many-matchers", "Too many patterns are in force",
      fmt::format("{} prefixes, patterns, regular expressions and tag combinations are in force, "
                  "as many as purge.matchers allows. They go once the cache has been looked "
                  "through, so try again in a while; name urls, tags, a host or all, which have "
                  "no such limit; or raise purge.matchers.",
                  in_force)};
}

}  // namespace

std::optional<Problem> Api::refuse_site(std::string_view site, std::string_view why,
                                        const ApiRequest& request) const {
  const auto may = [&](std::string_view name) {
    return std::find(request.sites.begin(), request.sites.end(), name) != request.sites.end();
  };
  if (may(kAllSites) || may(site)) return std::nullopt;
  const std::string detail =
      site == kAllSites
          ? fmt::format(
                "{} Token '{}' may purge some sites only. Name one of them in \"site\", or "
                "give the token sites: [\"*\"].",
                why, request.who)
          : fmt::format(
                "{}Token '{}' may not purge site '{}'. Add it to the token's "
                "admin.tokens[].sites, or use another token.",
                why, request.who, site);
  return Problem{403, "site-not-allowed", "The token may not purge this site", detail};
}

// Which sites a record reaches is the site it names, or else its URLs' hosts'; or else all.
std::optional<Problem> Api::refuse(const Record& record, const ApiRequest& request) const {
  const Selector& selector = record.selector;
  if (!selector.site.empty()) {
    if (!sites_.has(selector.site)) {
      return Problem{422, "unknown-site", "There is no such site",
                     fmt::format("This node has no site '{}'; sites[].name in its configuration "
                                 "lists them.",
                                 selector.site)};
    }
    return refuse_site(selector.site, "", request);
  }
  if (selector.kind != Selector::Kind::Urls) {
    return refuse_site(
        kAllSites,
        fmt::format("A purge by {} without \"site\" reaches every site.", to_string(selector.kind)),
        request);
  }
  for (const std::string& url : selector.values) {
    const std::string text = url_without_scheme(url);
    const std::string site = sites_.site_of(std::string_view(text).substr(0, text.find('/')));
    const std::string_view name = site.empty() ? kAllSites : std::string_view(site);
    const std::string why =
        site.empty() ? fmt::format("No site of this node answers for '{}'.", url) : "";
    if (auto problem = refuse_site(name, why, request)) return problem;
  }
  return std::nullopt;
}

std::optional<Problem> Api::refuse_purge(const Record& record, const ApiRequest& request) const {
  if (auto problem = refuse(record, request)) return problem;
  if (service_.target().has_room_for(record)) return std::nullopt;
  return too_many_matchers(service_.target().matchers());
}

void Api::purge(const ApiRequest& request, ApiDone done) {
  auto parsed = parse_purge(request.body);
  if (auto* problem = std::get_if<Problem>(&parsed)) return done(refused(std::move(*problem)));
  auto& wanted = std::get<PurgeRequest>(parsed);
  if (wanted.dry_run) {
    if (auto problem = refuse(wanted.record, request)) return done(refused(std::move(*problem)));
    return count(std::move(wanted.record), done);
  }
  if (auto problem = refuse_purge(wanted.record, request))
    return done(refused(std::move(*problem)));
  submit(std::move(wanted), request, std::move(done));
}

void Api::count(Record record, const ApiDone& done) {
  const ServiceOptions& own = service_.options();
  service_.target().count(record, [done, node = own.node, pop = own.pop](Matched matched) {
    const json::object receipt{{"node", node},
                               {"pop", pop},
                               {"state", "dry-run"},
                               {"applied_ms", nullptr},
                               {"objects", or_null(matched.responses)},
                               {"bytes", or_null(matched.bytes)}};
    done({.status = 200,
          .body = text_of({{"id", nullptr},
                           {"sequence", nullptr},
                           {"state", "dry-run"},
                           {"receipts", json::array{receipt}}})});
  });
}

std::optional<Problem> Api::stamp(Record& record, const ApiRequest& request,
                                  std::string_view part) const {
  if (request.idempotency_key.size() > kIdempotencyKeyBytes) {
    return Problem{422, "limit-reached", "The key is too long",
                   fmt::format("Idempotency-Key may have {} bytes.", kIdempotencyKeyBytes)};
  }
  record.id = request.idempotency_key.empty()
                  ? make_record_id()
                  : id_of_key(request.who, fmt::format("{}{}", request.idempotency_key, part));
  record.issued_at = service_.clock().now();
  record.by = request.who;
  record.from = fmt::format("{} at {}", request.client, service_.options().node);
  return std::nullopt;
}

void Api::submit(PurgeRequest wanted, const ApiRequest& request, ApiDone done) {
  Record& record = wanted.record;
  if (auto problem = stamp(record, request, "")) return done(refused(std::move(*problem)));
  service_.submit(record, wanted.wait, wanted.timeout,
                  [this, record, done = std::move(done)](const Outcome& outcome) {
                    done(answer(record, outcome));
                  });
}

ApiAnswer Api::answer(const Record& record, const Outcome& outcome) const {
  if (outcome.is == Outcome::Is::Refused) return refused(log_problem(*outcome.error));
  if (outcome.is == Outcome::Is::Conflict) {
    return refused({422, "idempotency-key-reused", "This key was used for another request",
                    "The first request with this Idempotency-Key asked for something else; it "
                    "stands. Use a new key for a new request."});
  }
  const bool is_done = outcome.is == Outcome::Is::Done;
  json::object body;
  if (record.kind == Record::Kind::Version) {
    body = version_object(record.selector.site, service_.version(record.selector.site),
                          outcome.receipts);
    body["sequence"] = outcome.sequence;
  } else {
    body = purge_object(record.id, outcome.sequence, is_done, outcome.receipts);
  }
  return {.status = is_done ? 200 : 202, .body = text_of(body)};
}

ApiAnswer Api::find_purge(const ApiRequest& request) const {
  const auto known = service_.find(request.capture);
  if (known) return {.status = 200, .body = text_of(known_object(*known))};
  return refused({404, "unknown-purge", "No such purge",
                  "No purge with this id is among those that purge.retain keeps. GET /v1/purges "
                  "lists them."});
}

ApiAnswer Api::list_purges(const ApiRequest& request) const {
  ListQuery query;
  if (!parse_list_query(request.query, query)) {
    return refused({422, "invalid-query", "The query is not right",
                    fmt::format("Take after=SEQUENCE and limit=1…{}, as in "
                                "/v1/purges?after=1000&limit=100.",
                                kListedMost)});
  }
  json::array out;
  for (const Service::Known& known : service_.list(query.after, query.limit))
    out.push_back(known_object(known));
  return {.status = 200, .body = text_of({{"purges", std::move(out)}})};
}

ApiAnswer Api::version(const ApiRequest& request) const {
  const std::string site(request.capture);
  if (!sites_.has(site)) {
    return refused({404, "unknown-site", "There is no such site",
                    "sites[].name in this node's configuration lists the sites."});
  }
  const SiteVersion version = service_.version(site);
  return {.status = 200,
          .body = text_of(version_object(site, version, service_.receipts(version.sequence)))};
}

void Api::set_version(const ApiRequest& request, ApiDone done) {
  if (!sites_.has(request.capture)) return done(version(request));  // the same problem
  if (auto problem = refuse_site(request.capture, "", request)) return done(refused(*problem));
  auto parsed = parse_version(request.body, request.capture);
  if (auto* problem = std::get_if<Problem>(&parsed)) return done(refused(std::move(*problem)));
  submit(std::move(std::get<PurgeRequest>(parsed)), request, std::move(done));
}

}  // namespace brink::purge

// Api, several purges that count as one request.

#include <fmt/format.h>

#include <memory>
#include <mutex>
#include <utility>

#include "purge/api.h"

namespace brink::purge {

namespace {

// Collects the outcomes of all purges of a request; the last one to come gives the answer.
class Collector {
 public:
  Collector(std::size_t purges, EachDone done) : outstanding_(purges), done_(std::move(done)) {}

  void expect(std::string id) { answer_.ids.push_back(std::move(id)); }

  void take(ApiAnswer answer) {
    {
      const std::lock_guard lock(mutex_);
      if (answer.problem && !answer_.problem) answer_.problem = std::move(answer.problem);
      if (answer.status == 202) answer_.is_done = false;
      if (--outstanding_ > 0) return;
    }
    if (answer_.problem && answer_.ids.size() > 1)
      answer_.problem->detail += " Some of the request's purges may have been done.";
    done_(std::move(answer_));
  }

 private:
  std::mutex mutex_;
  std::size_t outstanding_;
  EachAnswer answer_;  // ids: before the first outcome; the rest with mutex_ held
  const EachDone done_;
};

}  // namespace

// Within one site, a URL or host of another would match nothing, and nobody would notice.
std::optional<Problem> Api::refuse_foreign_host(const Selector& selector) const {
  const bool is_host = selector.kind == Selector::Kind::Host;
  if (selector.site.empty() || (!is_host && selector.kind != Selector::Kind::Urls))
    return std::nullopt;
  for (const std::string& value : selector.values) {
    const std::string text = is_host ? value : url_without_scheme(value);
    if (sites_.site_of(std::string_view(text).substr(0, text.find('/'))) == selector.site) continue;
    return Problem{
        422, "other-site", "The request names another site's content",
        fmt::format("'{}' is not answered by site '{}', whose sites[].hosts say what is. "
                    "Purge it in its own site.",
                    value.substr(0, 80), selector.site)};
  }
  return std::nullopt;
}

void Api::purge_each(const std::vector<std::string>& bodies, const ApiRequest& request,
                     EachDone done) {
  std::vector<PurgeRequest> wanted;
  for (const std::string& body : bodies) {
    auto parsed = parse_purge(body);
    if (auto* mistake = std::get_if<Problem>(&parsed)) return done({.problem = *mistake});
    wanted.push_back(std::move(std::get<PurgeRequest>(parsed)));
    const Record& record = wanted.back().record;
    auto problem = refuse_purge(record, request);
    if (!problem) problem = refuse_foreign_host(record.selector);
    if (problem) return done({.problem = std::move(problem)});
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    // The second and later purges of a repeated request have names of their own.
    const std::string part = i == 0 ? "" : fmt::format("\n{}", i);
    if (auto problem = stamp(wanted[i].record, request, part))
      return done({.problem = std::move(problem)});
  }
  const auto collector = std::make_shared<Collector>(wanted.size(), std::move(done));
  for (const PurgeRequest& each : wanted)
    collector->expect(each.record.id);
  for (PurgeRequest& each : wanted) {
    service_.submit(each.record, each.wait, each.timeout,
                    [this, record = each.record, collector](const Outcome& outcome) {
                      collector->take(answer(record, outcome));
                    });
  }
}

}  // namespace brink::purge

#include "edge/purge_target.h"

#include <algorithm>

#include "edge/cache/key.h"

namespace brink::edge {
namespace {

constexpr std::uint64_t kCountNow = 10'000;  // a store with more is counted by the reclaimer

// Takes hold of every variant of a key; chooses none.
class AllVariants final : public store::Selector {
 public:
  explicit AllVariants(std::vector<store::ResponsePtr>& out) : out_(out) {}
  std::int64_t score(const store::StoredResponse& candidate) const noexcept override {
    out_.emplace_back(&candidate);
    return 0;
  }

 private:
  std::vector<store::ResponsePtr>& out_;
};

}  // namespace

bool is_slice(const store::StoredResponse& response) { return response.meta().status == 206; }

purge::Subject subject_of(const store::StoredResponse& response, const SiteTable* sites) {
  const std::string_view uri = purge::uri_of_key(response.key());
  return {.uri = uri, .site = site_of_uri(sites, uri), .tags = response.tags().packed()};
}

std::string_view site_of_host(const SiteTable* sites, std::string_view host) {
  const Site* site = sites ? sites->find(host) : nullptr;
  return site ? std::string_view(site->name) : std::string_view{};
}

std::string_view site_of_uri(const SiteTable* sites, std::string_view uri) {
  const std::size_t begin = uri.find("://");
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = uri.substr(begin + 3);
  return site_of_host(sites, rest.substr(0, rest.find('/')));
}

PurgeTarget::PurgeTarget(PurgeState& state, store::Store& store, const Clock& clock)
    : state_(state), store_(store), clock_(clock) {}

// A site may leave the query out of its keys: then a URL with one is stored without.
purge::Record PurgeTarget::as_cache_keys(const purge::Record& record) const {
  purge::Record out = record;
  const auto sites = state_.sites();
  if (!sites || record.selector.kind != purge::Selector::Kind::Urls) return out;
  for (const std::string& value : record.selector.values) {
    const std::string url = purge::url_without_scheme(value);
    const std::size_t query = url.find('?');
    if (query == std::string::npos) continue;
    const std::size_t path = url.find('/');
    const Site* site = sites->find(std::string_view(url).substr(0, path));
    if (site && site->rules_for(std::string_view(url).substr(path)).ignore_query)
      out.selector.values.push_back("http://" + url.substr(0, query));
  }
  return out;
}

// Nothing but this record, above whatever is stored.
std::unique_ptr<const purge::Marks> PurgeTarget::marks_of(purge::Record keys) const {
  auto out = std::make_unique<purge::Marks>(1);
  keys.kind = purge::Record::Kind::Purge;
  keys.sequence = UINT64_MAX;
  out->apply(keys, clock_.now());
  return out;
}

purge::Matched PurgeTarget::apply(const purge::Record& record, bool replayed) {
  if (record.kind == purge::Record::Kind::Version) {
    state_.versions.apply(record);
    return {0, 0};
  }
  using Kind = purge::Record::Kind;
  if (record.kind == Kind::Count && !replayed) {
    state_.dry_runs.add(record.sequence, marks_of(as_cache_keys(record)));
    return {};  // the reclaimer counts
  }
  if (record.kind != Kind::Purge) return {0, 0};
  // Also of a replayed record: a fetch may have begun before this node heard from the log at all.
  const purge::Record keys = as_cache_keys(record);
  const purge::Matched matched = replayed ? purge::Matched{0, 0} : count_now(keys);
  if (record.warm && !replayed) state_.warming.expect(keys, clock_.now());  // before anybody can drop what it matches
  state_.marks.apply(keys, clock_.now());
  return matched;
}

void PurgeTarget::lost_until(std::uint64_t sequence) { state_.marks.lose(sequence); }

std::uint64_t PurgeTarget::count_url(const purge::Record& record, const std::string& url,
                                     std::uint64_t& bytes) const {
  const std::string rest = purge::url_without_scheme(url);
  if (rest.empty()) return 0;
  const auto sites = state_.sites();
  const std::string_view site = site_of_uri(sites.get(), "http://" + rest);
  if (!record.selector.site.empty() && record.selector.site != site) return 0;
  const SiteVersion version = state_.versions.get(site);
  std::vector<store::ResponsePtr> found;
  std::vector<std::string> prefixes = {""};
  for (const std::string& name : {version.version, version.previous}) {
    const std::string prefix = name.empty() ? std::string{} : name + " ";
    if (std::find(prefixes.begin(), prefixes.end(), prefix) == prefixes.end())
      prefixes.push_back(prefix);
  }
  for (const std::string& prefix : prefixes) {
    for (const char* scheme : {"http://", "https://"}) {
      const std::string text = prefix + scheme + rest;
      store_.lookup(cache::make_cache_key_of_text(text), AllVariants(found));
    }
  }
  for (const store::ResponsePtr& response : found) bytes += response->weight();
  return found.size();
}

// Where that costs nothing that grows with what is stored, or little is stored; otherwise the
// reclaimer counts.
purge::Matched PurgeTarget::count_now(const purge::Record& keys) const {
  const purge::Selector& selector = keys.selector;
  using Kind = purge::Selector::Kind;
  if (selector.kind == Kind::Urls && !selector.ignore_query) {
    std::uint64_t responses = 0;
    std::uint64_t bytes = 0;
    for (const std::string& url : selector.values) responses += count_url(keys, url, bytes);
    return {responses, bytes};
  }
  const bool everywhere = selector.site.empty();
  if (selector.kind == Kind::Tags && selector.values.size() == 1 && everywhere) {
    const auto tag = store_.tag_totals(purge::hash_tag(selector.values[0]));
    const auto group = store_.tag_totals(purge::hash_group(selector.values[0]));
    // A response that has both would count twice.
    if (tag.responses == 0 || group.responses == 0)
      return {tag.responses + group.responses, tag.bytes + group.bytes};
  }
  const store::StoreStats stats = store_.stats();
  if (stats.responses <= kCountNow) return count_all(keys);
  if (selector.kind == Kind::All && everywhere) return {stats.responses, stats.bytes_used};
  return {};
}

purge::Matched PurgeTarget::count_all(const purge::Record& keys) const {
  const auto alone = marks_of(keys);
  const auto sites = state_.sites();
  std::uint64_t responses = 0;
  std::uint64_t bytes = 0;
  store::WalkPosition at;
  std::vector<store::ResponsePtr> batch;
  for (bool more = true; more;) {
    batch.clear();
    more = store_.walk(at, kWalkBatch, batch);
    for (const store::ResponsePtr& response : batch) {
      if (is_slice(*response)) continue;
      using Is = purge::Verdict::Is;
      const purge::Subject subject = subject_of(*response, sites.get());
      if (alone->check(subject, response->as_of()).is == Is::Untouched) continue;
      // Gone already, only not freed yet.
      if (state_.marks.check(subject, response->as_of()).is == Is::Gone) continue;
      ++responses;
      bytes += response->weight();
    }
  }
  return {responses, bytes};
}

}  // namespace brink::edge

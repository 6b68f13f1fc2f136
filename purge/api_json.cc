#include "purge/api_json.h"

#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

#include "config/runtime/iso_time.h"

namespace brink::purge {

namespace json = boost::json;

namespace {

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

// Of the clients' latest hits, those that it would have matched; null without any hits.
json::value share(std::uint64_t hits, std::uint64_t sampled) {
  if (sampled == 0) return nullptr;
  return std::round(1e4 * static_cast<double>(hits) / static_cast<double>(sampled)) / 1e4;
}

json::array counts_array(const std::vector<NodeReceipt>& receipts) {
  json::array out;
  for (const NodeReceipt& each : receipts) {
    json::object count{{"node", each.node},
                       {"pop", each.pop},
                       {"state", each.is_applied ? "dry-run" : "outstanding"},
                       {"applied_ms", nullptr},
                       {"objects", or_null(each.responses)},
                       {"bytes", or_null(each.bytes)}};
    if (const auto& preview = each.preview) {
      count["hit_share"] = share(preview->hits, preview->hits_sampled);
      count["hits_sampled"] = preview->hits_sampled;
      count["samples"] = json::array(preview->uris.begin(), preview->uris.end());
    }
    out.push_back(std::move(count));
  }
  return out;
}

struct PopCount {
  std::uint64_t objects = 0, bytes = 0, hits = 0, sampled = 0, nodes = 0, outstanding = 0;
};

json::array pops_array(const std::vector<NodeReceipt>& receipts) {
  std::map<std::string_view, PopCount> pops;
  for (const NodeReceipt& each : receipts) {
    PopCount& pop = pops[each.pop];
    ++pop.nodes;
    if (!each.is_applied) ++pop.outstanding;
    pop.objects += each.responses.value_or(0);
    pop.bytes += each.bytes.value_or(0);
    if (!each.preview) continue;
    pop.hits += each.preview->hits;
    pop.sampled += each.preview->hits_sampled;
  }
  json::array out;
  for (const auto& [name, pop] : pops) {
    out.push_back(json::object{{"pop", name},
                               {"nodes", pop.nodes},
                               {"outstanding", pop.outstanding},
                               {"objects", pop.objects},
                               {"bytes", pop.bytes},
                               {"hit_share", share(pop.hits, pop.sampled)}});
  }
  return out;
}

// What was asked for, who asked and why.
json::object record_object(const Record& record) {
  json::object out = json::parse(to_json(record)).as_object();
  out.erase("id");
  out["issued_at"] = iso_time(record.issued_at);
  return out;
}

}  // namespace

json::object purge_object(const Record& record, std::uint64_t sequence, bool is_done,
                          const std::vector<NodeReceipt>& receipts) {
  const bool is_dry_run = record.kind == Record::Kind::Count;
  json::object out{{"id", record.id},
                   {"sequence", sequence},
                   {"state", !is_done ? "outstanding" : is_dry_run ? "dry-run" : "done"},
                   {"receipts", is_dry_run ? counts_array(receipts) : receipts_array(receipts)}};
  if (is_dry_run) out["pops"] = pops_array(receipts);
  return out;
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

json::object known_object(const Service::Known& known) {
  json::object out =
      purge_object(known.record, known.record.sequence, known.is_done, known.receipts);
  out["request"] = record_object(known.record);
  return out;
}

}  // namespace brink::purge

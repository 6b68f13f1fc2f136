// `brink purge`: asks a node for a purge and shows it arrive, PoP by PoP.

#include <fmt/core.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <set>

#include "config/runtime/clock.h"
#include "config/runtime/random.h"
#include "edge/commands/admin_client.h"
#include "edge/commands/commands.h"
#include "edge/commands/process.h"
#include "edge/commands/terminal.h"

namespace brink::edge {

namespace {

namespace json = boost::json;

constexpr double kPollSeconds = 0.1;
constexpr std::size_t kSamplesShown = 20;

json::array list_of(const std::vector<std::string>& values) {
  json::array out;
  for (const std::string& value : values) out.emplace_back(value);
  return out;
}

// The body of POST /v1/purges. Live output polls, everything else lets the node wait.
json::object body_of(const PurgeArguments& arguments, bool live) {
  json::object body;
  if (!arguments.urls.empty()) body["urls"] = list_of(arguments.urls);
  if (!arguments.tags.empty()) body["tags"] = list_of(arguments.tags);
  if (arguments.all_tags) body["match"] = "all";
  if (!arguments.prefix.empty()) body["prefix"] = arguments.prefix;
  if (!arguments.pattern.empty()) body["pattern"] = arguments.pattern;
  if (!arguments.regex.empty()) body["regex"] = arguments.regex;
  if (!arguments.host.empty()) body["host"] = arguments.host;
  if (arguments.all) body["all"] = true;
  if (!arguments.site.empty()) body["site"] = arguments.site;
  if (!arguments.reason.empty()) body["reason"] = arguments.reason;
  if (arguments.soft) body["soft"] = true;
  if (arguments.warm) body["warm"] = true;
  if (arguments.ignore_query) body["ignore_query"] = true;
  if (arguments.dry_run) body["dry_run"] = true;
  body["wait"] = live ? "none" : arguments.wait;
  body["timeout_ms"] = static_cast<std::int64_t>(arguments.timeout_s * 1000);
  return body;
}

const json::array& array_of(const json::value& value, std::string_view name) {
  static const json::array kNone;
  const json::value* member = member_of(value, name);
  return member && member->is_array() ? member->get_array() : kNone;
}

struct PopState {
  int nodes = 0, applied = 0;
  std::int64_t slowest_ms = 0, responses = 0;
};

std::map<std::string, PopState> by_pop(const json::value& purge) {
  std::map<std::string, PopState> out;
  for (const json::value& receipt : array_of(purge, "receipts")) {
    PopState& pop = out[text_of(receipt, "pop")];
    ++pop.nodes;
    if (text_of(receipt, "state") != "applied") continue;
    ++pop.applied;
    pop.slowest_ms = std::max(pop.slowest_ms, number_of(receipt, "applied_ms"));
    pop.responses += number_of(receipt, "objects");
  }
  return out;
}

bool is_done(const json::value& purge) {
  for (const auto& [name, pop] : by_pop(purge)) {
    if (pop.applied < pop.nodes) return false;
  }
  return true;
}

std::string line_of(const json::value& purge) {
  std::string out;
  for (const auto& [name, pop] : by_pop(purge)) {
    out += fmt::format("{}{} {}/{}", out.empty() ? "" : "  ", name, pop.applied, pop.nodes);
    if (pop.applied == pop.nodes) out += fmt::format(" ({} ms)", pop.slowest_ms);
  }
  return out;
}

std::string table_of(const json::value& purge) {
  std::string out = fmt::format("{}  sequence {}  {}\n", text_of(purge, "id"),
                                number_of(purge, "sequence"), text_of(purge, "state"));
  for (const json::value& receipt : array_of(purge, "receipts")) {
    const bool applied = text_of(receipt, "state") == "applied";
    out += fmt::format("  {:<16} {:<10} {:<12}", text_of(receipt, "node"), text_of(receipt, "pop"),
                       text_of(receipt, "state"));
    if (applied) {
      const json::value* objects = member_of(receipt, "objects");
      const bool counted = objects && objects->is_number();
      out += fmt::format(" {:>6} ms  {}", number_of(receipt, "applied_ms"),
                         counted ? fmt::format("{} responses, {} bytes", number_of(receipt, "objects"),
                                               number_of(receipt, "bytes"))
                                 : "counting");
    }
    out += "\n";
  }
  return out;
}

// What a dry run found, PoP by PoP.
std::string counts_of(const json::value& dry_run) {
  std::string out = "Nothing was purged. It would match:\n";
  for (const json::value& pop : array_of(dry_run, "pops")) {
    out += fmt::format("  {:<10} {} responses, {} bytes", text_of(pop, "pop"),
                       number_of(pop, "objects"), number_of(pop, "bytes"));
    const json::value* share = member_of(pop, "hit_share");
    if (share && share->is_number())
      out += fmt::format(", {:.1f} % of the latest hits", 100 * share->to_number<double>());
    if (const auto missing = number_of(pop, "outstanding"); missing > 0)
      out += fmt::format("; {} of {} nodes did not answer", missing, number_of(pop, "nodes"));
    out += "\n";
  }
  std::set<std::string> samples;
  for (const json::value& receipt : array_of(dry_run, "receipts")) {
    for (const json::value& uri : array_of(receipt, "samples"))
      if (uri.is_string() && samples.size() < kSamplesShown) samples.emplace(uri.get_string());
  }
  for (const std::string& uri : samples) out += "    " + uri + "\n";
  return out;
}

// Polls until all nodes have applied it or the time is over; a line that is rewritten on a terminal.
AdminReply watch(const AdminTarget& target, AdminReply reply, double timeout_s) {
  Signals signals;
  const SystemClock clock;
  const Ticks end = clock.ticks() + std::chrono::duration_cast<Ticks::duration>(
                                        std::chrono::duration<double>(timeout_s));
  const std::string path = "/v1/purges/" + text_of(reply.body, "id");
  while (!is_done(reply.body) && clock.ticks() < end) {
    print("\r" + line_of(reply.body) + "\x1b[K");
    if (signals.wait(kPollSeconds)) break;
    AdminReply next = call(target, "GET", path, {}, {});
    if (!next.ok()) break;
    reply = std::move(next);
  }
  print("\r\x1b[K");
  return reply;
}

}  // namespace

int run_purge(const PurgeArguments& arguments) {
  const bool live = !arguments.json && !arguments.dry_run && arguments.wait == "all" &&
                    isatty(STDOUT_FILENO) != 0;
  // A repeated try after a lost answer is not a second purge.
  const std::string key = arguments.idempotency_key.empty()
                              ? fmt::format("cli-{:016x}{:016x}", secure_random(), secure_random())
                              : arguments.idempotency_key;
  AdminReply reply = call(arguments.admin, "POST", "/v1/purges",
                          json::serialize(body_of(arguments, live)), key);
  if (!reply.ok()) {
    announce(reply.message);
    return reply.status == 400 || reply.status == 422 ? kUsage : kFailed;
  }
  if (live) reply = watch(arguments.admin, std::move(reply), arguments.timeout_s);
  const std::string text = arguments.json      ? reply.text
                           : arguments.dry_run ? counts_of(reply.body)
                                               : table_of(reply.body);
  if (!print(text + (text.ends_with('\n') ? "" : "\n"))) return kFailed;
  if (arguments.dry_run) return reply.status == 202 ? kFailed : kDone;
  if (arguments.warm && !arguments.json) {
    announce("each node fetches the most requested of it again; `brink warm --show " +
             text_of(reply.body, "id") + "` shows how far this one is");
  }
  if (arguments.wait == "none") return kDone;
  if (reply.status != 202 && (!live || is_done(reply.body))) return kDone;
  announce("not every node has applied it yet; `brink purge --show " + text_of(reply.body, "id") +
           "` shows how it goes on");
  return kFailed;
}

int run_show_purge(const PurgeArguments& arguments) {
  const AdminReply reply =
      call(arguments.admin, "GET", "/v1/purges/" + arguments.show, {}, {});
  if (!reply.ok()) {
    announce(reply.message);
    return kFailed;
  }
  if (!print(arguments.json ? reply.text : table_of(reply.body))) return kFailed;
  return is_done(reply.body) ? kDone : kFailed;
}

}  // namespace brink::edge

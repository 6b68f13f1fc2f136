// `brink warm`: has a node fetch URLs into its cache, and shows how far it is.

#include <fmt/core.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "config/runtime/clock.h"
#include "edge/commands/admin_client.h"
#include "edge/commands/commands.h"
#include "edge/commands/process.h"
#include "edge/commands/terminal.h"

namespace brink::edge {

namespace {

namespace json = boost::json;

constexpr double kPollSeconds = 0.2;
constexpr Seconds kLineEvery{5};  // where nobody looks at a terminal

std::string body_of(const WarmArguments& arguments) {
  json::object body;
  if (!arguments.sitemap.empty()) {
    body["sitemap"] = arguments.sitemap;
  } else {
    json::array urls;
    for (const std::string& url : arguments.urls)
      urls.emplace_back(url);
    body["urls"] = std::move(urls);
  }
  if (arguments.rate > 0) body["rate"] = arguments.rate;
  return json::serialize(body);
}

bool is_running(const json::value& job) {
  return text_of(job, "state") == "running";
}

std::string line_of(const json::value& job) {
  return fmt::format("{}/{}  stored {}  fresh {}  not stored {}  failed {}", number_of(job, "done"),
                     number_of(job, "total"), number_of(job, "stored"), number_of(job, "fresh"),
                     number_of(job, "not_stored"), number_of(job, "failed"));
}

bool flag_of(const json::value& job, std::string_view name) {
  const json::value* member = member_of(job, name);
  return member && member->is_bool() && member->get_bool();
}

// What is said in the end: the job, why URLs were not stored, the first that failed.
std::string summary_of(const json::value& job) {
  std::string out =
      fmt::format("{}  {}  {}\n", text_of(job, "id"), text_of(job, "state"), line_of(job));
  if (const std::string why = text_of(job, "why"); !why.empty()) out += "  " + why + "\n";
  if (const json::value* reasons = member_of(job, "reasons"); reasons && reasons->is_object()) {
    for (const auto& [reason, count] : reasons->get_object()) {
      out += fmt::format("  {:>6}  {}\n", number_of(*reasons, reason), std::string_view(reason));
    }
  }
  if (const json::value* errors = member_of(job, "errors"); errors && errors->is_array()) {
    for (const json::value& each : errors->get_array()) {
      out += fmt::format("  {}: {}\n", text_of(each, "url"), text_of(each, "detail"));
    }
  }
  if (const auto skipped = number_of(job, "skipped"); skipped > 0) {
    out += fmt::format("  {} URLs were skipped: of no site that this token may warm, or too long\n",
                       skipped);
  }
  if (flag_of(job, "truncated"))
    out += "  there are more URLs than cache.warm.urls and cache.warm.sitemaps allow\n";
  return out;
}

// Polls until the job has ended, or somebody interrupts.
AdminReply watch(const WarmArguments& arguments, AdminReply reply) {
  Signals signals;
  const SystemClock clock;
  const bool live = !arguments.json && isatty(STDOUT_FILENO) != 0;
  Ticks said_at = clock.ticks();
  const std::string path = "/v1/warm/" + text_of(reply.body, "id");
  while (is_running(reply.body)) {
    if (live) {
      print("\r" + line_of(reply.body) + "\x1b[K");
    } else if (!arguments.json && clock.ticks() - said_at >= kLineEvery) {
      said_at = clock.ticks();
      print(line_of(reply.body) + "\n");
    }
    if (signals.wait(kPollSeconds)) {
      announce("the job goes on; `brink warm --stop " + text_of(reply.body, "id") + "` ends it");
      break;
    }
    AdminReply next = call(arguments.admin, "GET", path, {}, {});
    if (!next.ok()) {
      announce(next.message);
      break;
    }
    reply = std::move(next);
  }
  if (live) print("\r\x1b[K");
  return reply;
}

AdminReply ask(const WarmArguments& arguments) {
  if (!arguments.show.empty())
    return call(arguments.admin, "GET", "/v1/warm/" + arguments.show, {}, {});
  if (!arguments.stop.empty())
    return call(arguments.admin, "DELETE", "/v1/warm/" + arguments.stop, {}, {});
  return call(arguments.admin, "POST", "/v1/warm", body_of(arguments), {});
}

}  // namespace

int run_warm(const WarmArguments& arguments) {
  AdminReply reply = ask(arguments);
  if (!reply.ok()) {
    announce(reply.message);
    return reply.status == 400 || reply.status == 422 ? kUsage : kFailed;
  }
  const bool stops = !arguments.stop.empty();
  if (!arguments.no_wait && !stops) reply = watch(arguments, std::move(reply));
  if (!print(arguments.json ? reply.text : summary_of(reply.body))) return kFailed;
  if (arguments.no_wait || stops) return kDone;
  return text_of(reply.body, "state") == "done" && number_of(reply.body, "failed") == 0 ? kDone
                                                                                        : kFailed;
}

}  // namespace brink::edge

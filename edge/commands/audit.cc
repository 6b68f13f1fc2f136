// `brink audit`: shows a node's audit log, or checks one that was kept.

#include <fmt/core.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <iostream>

#include "edge/audit_entry.h"
#include "edge/commands/admin_client.h"
#include "edge/commands/commands.h"
#include "edge/commands/terminal.h"

namespace brink::edge {

namespace {

namespace json = boost::json;

constexpr std::size_t kShownLast = 20;
constexpr std::size_t kPage = 1'000;

// "#7 2026-11-27T22:16:18.042Z ops from 10.0.0.7: POST /v1/purges {"tags":["a"]} -> 200 p-k3jq"
std::string shown(std::string_view line) {
  boost::system::error_code error;
  const json::value entry = json::parse(line, error);
  if (error || !entry.is_object()) return std::string(line) + "\n";
  const auto part = [&](std::string_view name) {
    const json::value* value = member_of(entry, name);
    if (!value || value->is_null()) return std::string();
    return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
  };
  const json::value* result = member_of(entry, "result");
  const std::string id = result ? text_of(*result, "id") : "";
  const std::string outcome = !id.empty() ? id : result ? text_of(*result, "code") : "";
  const std::string who = part("who").empty() ? "(unknown)" : part("who");
  return fmt::format("#{} {} {} from {}: {} {} -> {} {}\n", part("n"), part("at"), who,
                     part("from"), part("call"), part("request"), part("status"), outcome);
}

std::uint64_t last_number(std::string_view lines) {
  lines.remove_suffix(1);
  const std::size_t end = lines.rfind('\n');
  const auto link = read_audit_link(end == lines.npos ? lines : lines.substr(end + 1));
  return link ? link->number : UINT64_MAX;
}

bool print_lines(std::string_view lines, bool as_they_are) {
  if (as_they_are) return print(std::string(lines));
  std::string out;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    out += shown(line);
  }
  return print(out);
}

int check_files(const std::vector<std::string>& files) {
  AuditChain chain;
  std::uint64_t lines = 0;
  for (const std::string& name : files) {
    std::ifstream file(name);
    if (!file) {
      announce(fmt::format("{} cannot be read", name));
      return kFailed;
    }
    std::uint64_t at = 0;
    for (std::string line; std::getline(file, line); ++lines) {
      ++at;
      if (const std::string wrong = chain.check(line); !wrong.empty()) {
        announce(fmt::format("{}:{}: the chain is broken: {}", name, at, wrong));
        return kFailed;
      }
    }
  }
  if (!chain.last()) {
    announce("there is no line to check");
    return kFailed;
  }
  return print(fmt::format("{} lines, unbroken; the last is number {}, hash {}\n", lines,
                           chain.last()->number, chain.last()->hash))
             ? kDone
             : kFailed;
}

}  // namespace

int run_audit(const AuditArguments& arguments) {
  if (!arguments.check.empty()) return check_files(arguments.check);
  std::string path = fmt::format("/v1/audit?limit={}", kShownLast);
  std::uint64_t after = 0;
  do {
    if (arguments.all) path = fmt::format("/v1/audit?after={}&limit={}", after, kPage);
    const AdminReply reply = call(arguments.admin, "GET", path, {}, {});
    if (!reply.ok()) {
      announce(reply.message);
      return kFailed;
    }
    if (reply.text.empty()) break;
    if (!print_lines(reply.text, arguments.json)) return kFailed;
    after = last_number(reply.text);
  } while (arguments.all && after != UINT64_MAX);
  return kDone;
}

}  // namespace brink::edge

#pragma once
// The commands of `brink`: each takes its parsed arguments and returns the exit status.
//
// Announcements and logs go to standard error, what was asked for to standard output.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "edge/commands/admin_client.h"

namespace brink::edge {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;  // or the configuration

struct ServeArguments {
  std::string config;
};
// Runs a node until SIGTERM or SIGINT.
int run_serve(const ServeArguments& arguments);

struct DemoArguments {
  std::uint16_t port_base = 8300;
  std::optional<double> exit_after_s;  // for scripts and tests; otherwise until SIGTERM or SIGINT
};
int run_demo(const DemoArguments& arguments);

struct OriginArguments {
  std::string listen = "127.0.0.1:8000";
  std::string root;  // empty = the made-up shop
};
int run_origin(const OriginArguments& arguments);

struct PurgeArguments {
  AdminTarget admin;
  // Exactly one of these:
  std::vector<std::string> urls, tags;
  std::string prefix, pattern, regex, host;
  bool all = false;
  std::string show;  // or the id of an earlier purge

  bool all_tags = false, ignore_query = false;
  std::string site, reason, idempotency_key;
  bool soft = false, warm = false, dry_run = false, json = false;
  std::string wait = "all";  // none | node | pop | all
  double timeout_s = 10;
};
// 0 when everybody who was waited for has applied it, 1 while somebody has not.
int run_purge(const PurgeArguments& arguments);
int run_show_purge(const PurgeArguments& arguments);

struct WarmArguments {
  AdminTarget admin;
  // Exactly one of these:
  std::vector<std::string> urls;
  std::string sitemap;
  std::string show, stop;  // the id of a job

  unsigned rate = 0;  // requests per second; 0 = what the node allows
  bool no_wait = false, json = false;
};
// 0 when the job has ended and no URL failed (with no_wait: when it has begun).
int run_warm(const WarmArguments& arguments);

struct VersionsArguments {
  AdminTarget admin;
  std::string site;
  std::optional<std::string> set;  // the new version; empty text = none
  unsigned percent = 100;
  bool json = false;
};
int run_versions(const VersionsArguments& arguments);

struct AuditArguments {
  AdminTarget admin;
  bool all = false;   // from the oldest line on; otherwise the last ones
  bool json = false;  // the lines as they are
  std::vector<std::string> check;  // or check these files, oldest first
};
// Shows the audit log of a node; with `check`, 1 when the chain is broken.
int run_audit(const AuditArguments& arguments);

struct CheckArguments {
  std::string config;
  std::optional<std::string> explain;  // a key, or empty for all
  bool markdown = false;
};
int run_check(const CheckArguments& arguments);

}  // namespace brink::edge

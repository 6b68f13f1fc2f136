// The command line: parses it, runs one command, returns its exit status (edge/commands/).

#include <CLI/CLI.hpp>
#include <exception>
#include <sstream>

#include "edge/commands/commands.h"
#include "edge/commands/terminal.h"
#include "edge/commands/version.h"

namespace brink::edge {

namespace {

constexpr char kAbout[] =
    "Brink: a private CDN in one binary. A caching reverse proxy in front of your web origins.\n";

constexpr char kExamples[] = R"(
Examples:
  brink demo                             the whole story on this machine: an origin, a regional
                                         node, two edges; prints URLs and curl commands to try
  brink check --config shop.yaml         everything that is wrong with a file, all at once
  brink serve --config shop.yaml         run one node; SIGHUP reloads, SIGTERM drains and ends
  brink check --explain cache.memory     what a key means, its default and its range
  brink origin --listen 127.0.0.1:8000   a demo origin alone, with slow and failing routes
  brink purge --tag product-7            drop what carries the tag, on every node; waits for all
  brink versions shop --set 2026-11-27   switch a site to another version at once
  brink warm https://shop.example.com/   fetch it into the cache ahead of clients

The smallest configuration (shop.yaml):
  listen:
    - address: 0.0.0.0:8080
  sites:
    - name: shop
      hosts: ["*"]
      origin:
        servers: ["http://127.0.0.1:8000"]

Exit status: 0 done, 1 failed, 2 usage or configuration.
Logs go to standard error, output to standard output.)";

constexpr char kServeExamples[] = R"(
Examples:
  brink serve --config /etc/brink/shop.yaml
  kill -HUP PID       read the file again; a file with a mistake changes nothing
  kill -TERM PID      accept no more, finish what is under way, end; a second time: end at once)";

constexpr char kDemoExamples[] = R"(
Examples:
  brink demo                    ports from 8300 on; a port that is taken is replaced by a free one
  brink demo --port-base 9000   origin 9000, regional 9001, edges 9002 and 9003, admin 9011 to 9013)";

constexpr char kOriginExamples[] = R"(
Examples:
  brink origin --listen 127.0.0.1:8000              the made-up shop; GET /routes lists its routes
  brink origin --listen 127.0.0.1:8000 --root site  the files below site/
  curl -s http://127.0.0.1:8000/_requests           how often each URL was asked)";

constexpr char kPurgeExamples[] = R"(
Examples:
  brink purge --url https://shop.example.com/a --url https://shop.example.com/b
  brink purge --tag product-7 --tag sale     what carries any of them; --all-tags: all of them
  brink purge --prefix shop.example.com/img/ --soft   stale instead of gone
  brink purge --pattern '*.example.com/*.js' --dry-run
  brink purge --all --site shop --wait none --json
  brink purge --host shop.example.com --warm   and fetch the most requested of it again
  brink purge --show p-k3j…                  how an earlier purge has gone on

Exit status: 0 everybody who was waited for has applied it, 1 not yet or failed, 2 usage.
The token is read from the environment (BRINK_ADMIN_TOKEN); it needs the right `purge`.)";

constexpr char kWarmExamples[] = R"(
Examples:
  brink warm https://shop.example.com/ https://shop.example.com/new
  brink warm --sitemap https://shop.example.com/sitemap.xml --rate 20
  brink warm --sitemap https://shop.example.com/sitemap.xml --no-wait --json
  brink warm --show w-k3j…     how a job goes on; also the id of a purge with --warm
  brink warm --stop w-k3j…

The node that is asked fetches them as its clients would: one copy, the usual rules, no faster than
cache.warm.rate. What it has fresh already is left alone. Ctrl-C stops looking, not the job.

Exit status: 0 done and none failed, 1 some failed or the job did, 2 usage.
The token is read from the environment (BRINK_ADMIN_TOKEN); it needs the rights `purge` and `read`.)";

constexpr char kVersionsExamples[] = R"(
Examples:
  brink versions shop                            the version in force
  brink versions shop --set 2026-11-27 --percent 5   a canary for one client in twenty
  brink versions shop --set 2026-11-27           for all
  brink versions shop --set 2026-11-20           back: what is still stored is served again)";

constexpr char kAuditExamples[] = R"(
Examples:
  brink audit                             the last 20 calls
  brink audit --all --json >audit.jsonl   everything the node has kept
  brink audit --check audit.jsonl         whether a line was changed, left out or put in

Each line names the hash of the one before. Note the last hash somewhere else now and then: then
nobody can make all of them anew either.)";

constexpr char kCheckExamples[] = R"(
Examples:
  brink check --config shop.yaml
  brink check --explain                    every key with type, default, range and meaning
  brink check --explain sites[].origin     the keys below one
  brink check --markdown                   the same as a page (docs/configuration.md))";

// "host:port" with a port in range; what the origin does with it is its own matter.
std::string check_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
  const bool is_number = !port.empty() && port.size() <= 5 &&
                         port.find_first_not_of("0123456789") == std::string::npos;
  constexpr unsigned long kMaxPort = 65'535;
  if (colon == 0 || !is_number || std::stoul(port) > kMaxPort) {
    return "expected host:port, found '" + address + "'";
  }
  return {};
}

// The parsed arguments of every command; the one that was given is run.
class CommandLine {
 public:
  CommandLine() : app_(kAbout, "brink") {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", version_line(), "Print the version and exit");
    app_.footer(kExamples);
    add_serve();
    add_demo();
    add_origin();
    add_check();
    add_purge();
    add_versions();
    add_audit();
    add_warm();
  }

  int run(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      return finish(e);
    }
    if (*serve_) return run_serve(serve_arguments_);
    if (*demo_) return run_demo(demo_arguments_);
    if (*origin_) return run_origin(origin_arguments_);
    if (*purge_) {
      return purge_arguments_.show.empty() ? run_purge(purge_arguments_)
                                           : run_show_purge(purge_arguments_);
    }
    if (*versions_) return run_versions(versions_arguments_);
    if (*audit_) return run_audit(audit_arguments_);
    if (*warm_) return run_warm(warm_arguments_);
    return run_check(check_arguments_);
  }

 private:
  // Help and version go to standard output; a mistake goes to standard error.
  int finish(const CLI::ParseError& e) const {
    std::ostringstream out;
    std::ostringstream err;
    if (app_.exit(e, out, err) == 0) return print(out.str()) ? kDone : kFailed;
    announce(e.what());
    announce("try `brink --help`");
    return kUsage;
  }

  void add_serve() {
    serve_ = app_.add_subcommand("serve", "Run one node (edge or regional)");
    serve_->add_option("-c,--config", serve_arguments_.config, "The node's configuration (YAML)")
        ->required()
        ->type_name("FILE");
    serve_->footer(kServeExamples);
  }

  void add_demo() {
    demo_ = app_.add_subcommand("demo", "Show it all on this machine, with nothing else installed");
    constexpr int kMaxPortBase = 65'000;
    demo_->add_option("--port-base", demo_arguments_.port_base, "First of the ports used (8300)")
        ->check(CLI::Range(1, kMaxPortBase))
        ->type_name("PORT");
    demo_->add_option("--exit-after", demo_arguments_.exit_after_s, "End by itself, for scripts")
        ->check(CLI::PositiveNumber)
        ->type_name("SECONDS");
    demo_->footer(kDemoExamples);
  }

  void add_origin() {
    origin_ = app_.add_subcommand("origin", "Run the demo origin alone");
    origin_
        ->add_option("-l,--listen", origin_arguments_.listen,
                     "Where to listen; port 0 = a free one")
        ->check(CLI::Validator(check_address, "HOST:PORT"))
        ->required()
        ->type_name("");
    origin_->add_option("--root", origin_arguments_.root, "Serve this folder, not the made-up shop")
        ->check(CLI::ExistingDirectory)
        ->type_name("");
    origin_->footer(kOriginExamples);
  }

  void add_check() {
    check_ = app_.add_subcommand("check", "Check a configuration, or explain its keys");
    CLI::Option* config =
        check_->add_option("-c,--config", check_arguments_.config, "The file to check")
            ->type_name("FILE");
    CLI::Option* explain =
        check_->add_option("--explain", explain_key_, "Explain this key, or all of them")
            ->expected(0, 1)
            ->type_name("[KEY]");
    CLI::Option* markdown =
        check_->add_flag("--markdown", check_arguments_.markdown, "Print the reference page");
    explain->excludes(markdown);
    check_->footer(kCheckExamples);
    check_->callback([this, config, explain] {
      if (*explain) check_arguments_.explain = explain_key_;
      const bool has_work = *config || *explain || check_arguments_.markdown;
      if (!has_work)
        throw CLI::ValidationError("check", "say --config FILE, --explain or --markdown");
    });
  }

  static void add_admin(CLI::App* command, AdminTarget& admin) {
    command->add_option("--admin,--server", admin.url, "The node's admin address (http://127.0.0.1:9901)")
        ->envname("BRINK_ADMIN")
        ->type_name("URL");
    command->add_option("--token", admin.token, "The token; better left to the environment")
        ->envname("BRINK_ADMIN_TOKEN")
        ->type_name("SECRET");
    command->add_option("--ca", admin.ca, "Who signed the node's certificate (PEM)")
        ->envname("BRINK_ADMIN_CA")
        ->type_name("FILE");
    command->add_option("--cert", admin.certificate, "A client certificate to show (PEM)")
        ->envname("BRINK_ADMIN_CERT")
        ->type_name("FILE");
    command->add_option("--key", admin.key, "Its private key, if not in the same file")
        ->envname("BRINK_ADMIN_KEY")
        ->type_name("FILE");
  }

  void add_purge() {
    purge_ = app_.add_subcommand("purge", "Drop what is stored, on every node");
    PurgeArguments& to = purge_arguments_;
    add_admin(purge_, to.admin);
    CLI::Option_group* what = purge_->add_option_group("What", "exactly one of");
    what->add_option("-u,--url", to.urls, "This URL; may be given again")->type_name("URL");
    what->add_option("-t,--tag", to.tags, "What carries this tag; may be given again")
        ->type_name("TAG");
    what->add_option("--prefix", to.prefix, "URLs that begin so, or paths (/…)")->type_name("TEXT");
    what->add_option("--pattern", to.pattern, "URLs or paths by glob: * and ?")->type_name("GLOB");
    what->add_option("--regex", to.regex, "URLs in which this is found (RE2)")->type_name("RE");
    what->add_option("--host", to.host, "Everything of this host")->type_name("HOST");
    what->add_flag("--all", to.all, "Everything (of --site)");
    what->add_option("--show", to.show, "No purge: how an earlier one has gone on")
        ->type_name("ID");
    what->require_option(1);
    purge_->add_flag("--all-tags", to.all_tags, "Only what carries all the tags");
    purge_->add_flag("--ignore-query", to.ignore_query, "URLs whatever their query");
    purge_->add_option("--site", to.site, "Only within this site")->type_name("SITE");
    purge_->add_flag("--soft", to.soft, "Make stale instead of gone");
    purge_->add_flag("--dry-run", to.dry_run, "Change nothing; each PoP says how much it would match, and of how many of its hits");
    purge_->add_flag("--warm", to.warm, "Then fetch the most requested of it again, on each node");
    purge_->add_option("--wait", to.wait, "For whom (all)")
        ->check(CLI::IsMember({"none", "node", "pop", "all"}))
        ->type_name("none|node|pop|all");
    purge_->add_option("--timeout", to.timeout_s, "How long to wait for them (10)")
        ->check(CLI::Range(0.0, 60.0))
        ->type_name("SECONDS");
    purge_->add_option("--reason", to.reason, "Why, for the audit log")->type_name("TEXT");
    purge_->add_option("--idempotency-key", to.idempotency_key, "The same key counts once")
        ->type_name("KEY");
    purge_->add_flag("--json", to.json, "The API's answer, for scripts");
    purge_->footer(kPurgeExamples);
  }

  void add_versions() {
    versions_ = app_.add_subcommand("versions", "Show or set a site's version");
    VersionsArguments& to = versions_arguments_;
    add_admin(versions_, to.admin);
    versions_->add_option("site", to.site, "The site's name")->required()->type_name("SITE");
    versions_->add_option("--set", to.set, "The new version; \"\" for none")->type_name("VERSION");
    versions_
        ->add_option("--percent", to.percent, "Of clients; the others keep the one before (100)")
        ->check(CLI::Range(1, 100))
        ->type_name("N");
    versions_->add_flag("--json", to.json, "The API's answer, for scripts");
    versions_->footer(kVersionsExamples);
  }

  void add_audit() {
    audit_ = app_.add_subcommand("audit", "Show who did what through a node's API, or check a log");
    AuditArguments& to = audit_arguments_;
    add_admin(audit_, to.admin);
    audit_->add_flag("--all", to.all, "From the oldest line on (otherwise the last 20)");
    audit_->add_flag("--json", to.json, "The lines as they are, to keep elsewhere");
    audit_->add_option("--check", to.check, "No node: check the hash chain of these files, oldest first")
        ->type_name("FILE…");
    audit_->footer(kAuditExamples);
  }

  void add_warm() {
    warm_ = app_.add_subcommand("warm", "Fetch URLs into the cache ahead of clients");
    WarmArguments& to = warm_arguments_;
    add_admin(warm_, to.admin);
    CLI::Option_group* what = warm_->add_option_group("What", "exactly one of");
    what->add_option("urls", to.urls, "The URLs")->type_name("URL");
    what->add_option("--sitemap", to.sitemap, "What this sitemap, or sitemap index, lists")
        ->type_name("URL");
    what->add_option("--show", to.show, "No new job: how this one goes on")->type_name("ID");
    what->add_option("--stop", to.stop, "No new job: this one ends")->type_name("ID");
    what->require_option(1);
    warm_
        ->add_option("--rate", to.rate,
                     "Requests per second, at most cache.warm.rate (as much as that)")
        ->check(CLI::Range(1U, 100'000U))
        ->type_name("N");
    warm_->add_flag("--no-wait", to.no_wait, "Do not wait for its end");
    warm_->add_flag("--json", to.json, "The API's answer, for scripts");
    warm_->footer(kWarmExamples);
  }

  CLI::App app_;
  CLI::App* audit_ = nullptr;
  AuditArguments audit_arguments_;
  CLI::App* warm_ = nullptr;
  WarmArguments warm_arguments_;
  CLI::App* purge_ = nullptr;
  CLI::App* versions_ = nullptr;
  PurgeArguments purge_arguments_;
  VersionsArguments versions_arguments_;
  CLI::App* serve_ = nullptr;
  CLI::App* demo_ = nullptr;
  CLI::App* origin_ = nullptr;
  CLI::App* check_ = nullptr;
  ServeArguments serve_arguments_;
  DemoArguments demo_arguments_;
  OriginArguments origin_arguments_;
  CheckArguments check_arguments_;
  std::string explain_key_;
};

}  // namespace

}  // namespace brink::edge

int main(int argc, char** argv) {
  try {
    return brink::edge::CommandLine().run(argc, argv);
  } catch (const std::exception& e) {
    brink::edge::announce(e.what());
    return brink::edge::kFailed;
  }
}

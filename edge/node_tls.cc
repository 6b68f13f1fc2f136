#include "edge/node_tls.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "config/runtime/log.h"

namespace brink::edge {

namespace {

constexpr Seconds kDay{24LL * 3600};
constexpr Millis kFirstLifetime{kDay};

std::vector<std::string> files_of(const config::TlsOptions& options) {
  std::vector<std::string> out = {options.client_ca};
  for (const config::CertificateFiles& each : config::all_certificates(options)) {
    out.insert(out.end(), {each.certificate, each.key, each.ocsp});
  }
  return out;
}

}  // namespace

NodeTls::NodeTls(const Clock& clock, MetricsRegistry& metrics, net::io_context& control)
    : clock_(clock),
      control_(control),
      tickets_(clock, kFirstLifetime),
      metrics_(metrics),
      shared_{clock, tickets_, metrics_},
      timer_(control) {}

NodeTls::~NodeTls() = default;

std::optional<NodeTls::Use> NodeTls::prepare(TlsListener listener, std::string& message) const {
  FileWatch files(files_of(listener.options), clock_.now());
  TlsReport report;
  Context context = make_tls_context(listener, shared_, report);
  if (!context) {
    message = "cannot speak TLS on " + listener.scope + ": " + report.problem;
    return std::nullopt;
  }
  return Use{.listener = std::move(listener),
             .context = std::move(context),
             .files = std::move(files),
             .install = {},
             .ends = std::move(report.ends)};
}

void NodeTls::commit(std::vector<Use> uses) {
  publish_ends(uses);
  net::post(control_, [this, uses = std::make_shared<std::vector<Use>>(std::move(uses))] {
    start(std::move(*uses));
  });
}

// Installs them even if the caller has done so: a change of the files may have come in between.
void NodeTls::start(std::vector<Use> uses) {
  uses_ = std::move(uses);
  Millis lifetime{0};
  for (Use& use : uses_) {
    lifetime = std::max(lifetime, use.listener.options.ticket_lifetime);
    use.due = clock_.ticks() + use.listener.options.reload_every;
    use.install(use.context);
  }
  tickets_.set_lifetime(lifetime);
  warn_due_ = clock_.ticks() + kDay;  // the configuration's loader has just warned
  publish_ends(uses_);
  wait();
}

void NodeTls::wait() {
  timer_.expires_after(step() - clock_.ticks());
  timer_.async_wait([this](error_code error) {
    if (!error) wait();
  });
}

Ticks NodeTls::step() {
  const Ticks now = clock_.ticks();
  if (now >= warn_due_) {
    for (const Use& use : uses_)
      warn_of_ends(use);
    warn_due_ = now + kDay;
  }
  Ticks next = warn_due_;
  for (Use& use : uses_) {
    const Millis every = use.listener.options.reload_every;
    if (every <= Millis{0}) continue;
    if (now >= use.due) {
      if (use.files.changed(clock_.now())) renew(use);
      use.due = now + every;
    }
    next = std::min(next, use.due);
  }
  return next;
}

void NodeTls::renew(Use& use) {
  TlsReport report;
  Context context = make_tls_context(use.listener, shared_, report, certificates_of(*use.context));
  if (!context) report.kept = {report.problem};
  metrics_.count_reload(report.kept.empty());
  for (const std::string& problem : report.kept) {
    log(LogLevel::Error, "tls",
        use.listener.scope + " keeps what it had, changed files cannot be used: " + problem);
  }
  if (!context) return;
  use.context = std::move(context);
  use.ends = std::move(report.ends);
  use.install(use.context);
  if (report.kept.empty())
    log(LogLevel::Info, "tls", use.listener.scope + " has taken over changed certificate files");
  warn(use, report.warnings);
  publish_ends(uses_);
}

void NodeTls::warn(const Use& use, const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings)
    log(LogLevel::Warning, "tls", use.listener.scope + ": " + warning);
}

// Files that nobody changes grow old too.
void NodeTls::warn_of_ends(const Use& use) const {
  const LoadedCertificates loaded =
      load_certificates(use.listener.options, clock_.now(), certificates_of(*use.context));
  warn(use, loaded.warnings);
  warn(use, loaded.kept);
}

void NodeTls::publish_ends(const std::vector<Use>& uses) {
  std::map<std::string, TimePoint> all;
  for (const Use& use : uses)
    all.insert(use.ends.begin(), use.ends.end());
  metrics_.set_certificates(all);
}

}  // namespace brink::edge

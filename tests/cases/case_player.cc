#include "tests/cases/case_player.h"

#include <fmt/core.h>

#include <algorithm>
#include <thread>

#include "tests/cases/admin_calls.h"
#include "tests/cases/client_player.h"
#include "tests/cases/config_text.h"
#include "tests/cases/judge.h"

namespace brink::tests::cases {
namespace {

using Kind = Action::Kind;

}  // namespace

bool Setting::is(const std::string& word) const {
  if (word == "single" || word == "tier") return (word == "tier") == tier;
  if (word == "clear" || word == "tls") return (word == "tls") == is_tls(protocol);
  if (word == "http1" || word == "http2") return (word == "http2") == is_http2(protocol);
  return (word == "binary") == binary;
}

bool belongs(const CaseFile& file, const Setting& setting) {
  return std::all_of(file.only.begin(), file.only.end(),
                     [&](const auto& word) { return setting.is(word); });
}

CasePlayer::CasePlayer(const CaseFile& file, Testbed& testbed, const Setting& setting)
    : file_(file), testbed_(testbed), setting_(setting), stage_(file, testbed) {}

bool CasePlayer::play() {
  for (const UpstreamScript& script : file_.upstreams) {
    upstreams_.push_back(std::make_unique<UpstreamServer>(script, stage_));
    const std::string authority = fmt::format("127.0.0.1:{}", upstreams_.back()->port());
    stage_.define(script.name, "http://" + authority);
    stage_.define(script.name + ".authority", authority);
  }
  const bool tls = is_tls(setting_.protocol);
  stage_.define("scheme", tls ? "https" : "http");
  stage_.define("other-scheme", tls ? "http" : "https");
  stage_.define("default-port", tls ? "443" : "80");
  stage_.define("via", is_http2(setting_.protocol) ? "2" : "1.1");
  if (start_nodes()) {
    for (const Action& action : file_.actions) {
      if (!stage_.failed()) carry_out(action);
    }
  }
  if (!stage_.failed()) {
    for (const auto& server : upstreams_)
      server->expect_finished();
  }
  stop_nodes();
  stage_.close();
  upstreams_.clear();
  return !stage_.failed();
}

std::string CasePlayer::report() const {
  std::string text =
      fmt::format("{}\n  {}\n{}", stage_.failure(), file_.title, stage_.transcript.text());
  if (!logs_.empty()) text += "    --- log of the nodes\n" + logs_;
  return text;
}

bool CasePlayer::start_nodes() {
  if (setting_.tier) regional_ = start_node("regional");
  if (setting_.tier && !regional_) return false;
  if (regional_) stage_.define("regional", fmt::format("http://127.0.0.1:{}", regional_->port()));
  edge_ = start_node("edge");
  if (edge_) stage_.define("edge.authority", fmt::format("127.0.0.1:{}", edge_->port()));
  return edge_ != nullptr;
}

std::unique_ptr<RunningNode> CasePlayer::start_node(const std::string& role) {
  std::string message;
  const std::string yaml = config_of(role, file_.config);
  auto node = testbed_.start(yaml, message);
  if (!node) stage_.fail(1, fmt::format("the {} node does not start: {}\n{}", role, message, yaml));
  return node;
}

std::string CasePlayer::config_of(const std::string& role, const std::vector<ConfigPart>& parts) {
  ConfigInput input;
  input.role = role;
  for (const auto& server : upstreams_) {
    input.upstreams.push_back(fmt::format("http://127.0.0.1:{}", server->port()));
  }
  if (role == "edge" && regional_)
    input.regional = fmt::format("http://127.0.0.1:{}", regional_->port());
  if (role == "edge" && setting_.certificate != nullptr) {
    input.certificate = setting_.certificate->certificate();
    input.key = setting_.certificate->key();
  }
  return stage_.expand({compose_config(input, parts)}, 1);
}

void CasePlayer::carry_out(const Action& action) {
  if (!action.only_in.empty() && !setting_.is(action.only_in)) return;
  switch (action.kind) {
    case Kind::RunClients:
      return run_clients(action);
    case Kind::Advance:
      testbed_.advance(action.by);
      return stage_.transcript.add("clock", fmt::format("+{} ms", action.by.count()));
    case Kind::Expect:
      return check(action.check, false);
    case Kind::Await:
      return check(action.check, true);
    case Kind::Reload:
    case Kind::ReloadRefused:
    case Kind::SignalReload:
      return reload(action);
    case Kind::StopUpstream:
    case Kind::StartUpstream:
      if (UpstreamServer* server = upstream(action.name, action.line)) {
        action.kind == Kind::StopUpstream ? server->stop() : server->start();
      }
      return;
    case Kind::Sync:
      static_cast<void>(stage_.sync(action.name, action.line));
      return;
    case Kind::Purge:
    case Kind::Version:
      return call(action);
  }
}

void CasePlayer::run_clients(const Action& action) {
  const bool tls = is_tls(setting_.protocol);
  const Door door{setting_.protocol, tls ? edge_->tls_port() : edge_->port()};
  const auto play_one = [&](const Client& client) {
    ClientPlayer(client, door, stage_, [&](const Action& inner) {
      carry_out(inner);
    }).play();
  };
  if (action.clients.size() == 1) return play_one(action.clients.front());
  std::vector<std::thread> threads;
  for (const Client& client : action.clients)
    threads.emplace_back([&] { play_one(client); });
  for (std::thread& thread : threads)
    thread.join();
}

void CasePlayer::reload(const Action& action) {
  for (RunningNode* node : {regional_.get(), edge_.get()}) {
    if (node == nullptr) continue;
    const std::string yaml = config_of(node == edge_.get() ? "edge" : "regional", action.config);
    std::string message;
    const bool done = action.kind == Kind::SignalReload ? node->signal_reload(yaml, message)
                                                        : node->reload(yaml, message);
    stage_.transcript.add("reload", done ? "done" : "refused: " + message);
    if (done != (action.kind != Kind::ReloadRefused)) {
      stage_.fail(action.line, done ? "the new configuration was accepted" : "refused: " + message);
    }
  }
}

// A purge is over when the node says so.
void CasePlayer::call(const Action& action) {
  const RunningNode* node = action.name == "regional" ? regional_.get() : edge_.get();
  if (node == nullptr) return stage_.fail(action.line, "there is no such node here");
  std::vector<std::string> words;
  for (const Template& word : action.words) words.push_back(stage_.expand(word, action.line));
  AdminAnswer answer;
  std::string message;
  if (action.kind == Kind::Purge) {
    const std::string body = purge_body(words, message);
    if (body.empty()) return stage_.fail(action.line, message);
    answer = call_admin(node->admin_port(), "POST", "/v1/purges", body);
  } else {
    if (words.size() < 2) return stage_.fail(action.line, "expected SITE VERSION [PERCENT]");
    const std::string body = fmt::format("{{\"version\":\"{}\",\"percent\":{}}}", words[1],
                                         words.size() > 2 ? words[2] : "100");
    answer = call_admin(node->admin_port(), "PUT", "/v1/sites/" + words[0] + "/version", body);
  }
  stage_.transcript.add(action.name, fmt::format("{} {}", answer.status, answer.body));
  if (answer.status != 200)
    stage_.fail(action.line, fmt::format("answered {}: {}", answer.status, answer.body));
}

void CasePlayer::check(const Check& check, bool patiently) {
  const Ticks end = SystemClock().ticks() + kWaitLimit;
  std::string wrong = look(check);
  while (patiently && !wrong.empty() && SystemClock().ticks() < end && stage_.wait_a_moment()) {
    wrong = look(check);
  }
  if (!wrong.empty())
    stage_.fail(check.line, fmt::format("{} {} {}", check.source, check.name, wrong));
}

// Empty when it holds.
std::string CasePlayer::look(const Check& check) {
  const std::string expected = stage_.expand(check.value, check.line);
  if (check.subject == Subject::Metric) return look_at_metric(check);
  const UpstreamServer* server = upstream(check.source, check.line);
  if (server == nullptr) return {};
  const std::size_t seen = check.subject == Subject::Requests
                               ? server->requests(check.method, check.name)
                               : server->connections();
  return judge(check, std::to_string(seen), expected);
}

std::string CasePlayer::look_at_metric(const Check& check) {
  const RunningNode* node = check.source == "regional" ? regional_.get() : edge_.get();
  if (node == nullptr || node->admin_port() == 0) return "no admin listener to read metrics from";
  const auto seen = metric_total(call_admin(node->admin_port(), "GET", "/metrics").body, check.name);
  return judge(check, seen, stage_.expand(check.value, check.line));
}

UpstreamServer* CasePlayer::upstream(const std::string& name, int line) {
  for (std::size_t i = 0; i < file_.upstreams.size(); ++i) {
    if (file_.upstreams[i].name == name) return upstreams_[i].get();
  }
  stage_.fail(line, fmt::format("no upstream '{}'", name));
  return nullptr;
}

void CasePlayer::stop_nodes() {
  for (auto* node : {&edge_, &regional_}) {
    if (!*node) continue;
    const std::string wrong = (*node)->stop();
    if (!wrong.empty()) stage_.fail(1, "at the end of the node: " + wrong);
    logs_ += (*node)->log();
    node->reset();
  }
}

}  // namespace brink::tests::cases

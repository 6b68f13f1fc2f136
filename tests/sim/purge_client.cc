#include "tests/sim/purge_client.h"

#include "tests/sim/purge_checker.h"

namespace brink::purgesim {
namespace {

std::string some_range(World& world, const Page& page) {
  Random& random = world.random;
  const std::size_t stamps = page.length(page.version) / kStampBytes;
  const std::size_t first = random.below(stamps);
  if (random.chance(0.15)) return "bytes=-" + std::to_string((1 + first) * kStampBytes);
  std::string out = "bytes=" + std::to_string(first * kStampBytes) + "-";
  if (random.chance(0.3)) return out;
  const std::size_t last = first + 1 + random.below(stamps - first);
  return out + std::to_string(last * kStampBytes - 1);
}

}  // namespace

Question PurgeClient::ask(World& world, const Page& page, bool plain) {
  Random& random = world.random;
  Question question;
  question.host = page.host;
  question.target = page.target;
  question.client = "192.0.2." + std::to_string(random.below(200));
  if (plain) return question;
  if (page.varied && random.chance(0.5)) question.fields.emplace_back("X-Flavour", "b");
  if (random.chance(0.06)) question.method = "HEAD";
  if (random.chance(page.large ? 0.06 : 0.04))
    question.fields.emplace_back("Cache-Control", "no-cache");
  if (random.chance(page.large ? 0.6 : 0.06))
    question.fields.emplace_back("Range", some_range(world, page));
  if (page.has_tag && random.chance(0.1)) {
    const std::uint32_t version =
        page.version - static_cast<std::uint32_t>(page.version > 1 && random.chance(0.5));
    question.fields.emplace_back("If-None-Match", page.etag(version, 0));
  }
  return question;
}

PurgeClient::PurgeClient(Node& node, std::uint64_t id, Page& page, Question question, bool plain)
    : Session(node, id, std::move(question)),
      page_(page),
      acknowledged_(world_.log->acknowledged().size()),
      began_(world_.clock.now()),
      fenced_at_once_(node.is_fenced()),
      plain_(plain),
      leaves_(!plain && world_.settings.faults && world_.random.chance(0.06)) {}

PurgeClient& PurgeClient::start(Node& node, Page& page, bool plain) {
  World& world = node.world_;
  const std::uint64_t id = world.next_id();
  std::unique_ptr<PurgeClient> client(
      new PurgeClient(node, id, page, ask(world, page, plain), plain));
  PurgeClient& out = *client;
  node.process().sessions.emplace(id, std::move(client));
  return out;
}

void PurgeClient::on_head(const edge::ResponsePlan& plan) {
  status_ = plan.status;
  head_text_.assign(plan.head).append(plan.extra);
}

bool PurgeClient::on_bytes(std::string_view bytes) {
  body_.append(bytes);
  if (leaves_ && world_.random.chance(0.3)) {
    world_.post(node_.now_running(), id(), [&node = node_, id = id()] {
      const auto it = node.process().sessions.find(id);
      if (it != node.process().sessions.end()) it->second->leave();
    });
    return false;
  }
  if (plain_ || !world_.settings.faults || !world_.random.chance(0.1)) return true;
  world_.after(Millis(world_.random.below(1500)), node_.now_running(), [&node = node_, id = id()] {
    const auto it = node.process().sessions.find(id);
    if (it != node.process().sessions.end()) static_cast<PurgeClient&>(*it->second).resumed();
  });
  return false;
}

std::size_t PurgeClient::bytes_at_once() {
  return plain_ ? 1U << 20U : 16 + world_.random.below(8000);
}

void PurgeClient::on_end(bool whole) {
  ++world_.answered;
  if (!responded_) return;
  Answer answer;
  answer.page = &page_;
  answer.client = question_.client;
  answer.acknowledged = acknowledged_;
  answer.appended = world_.log->last();
  answer.began = began_;
  answer.fenced = was_fenced_;
  answer.fenced_at_once = fenced_at_once_;
  answer.whole = whole;
  answer.is_head = question_.method == "HEAD";
  for (const auto& [name, value] : question_.fields)
    answer.flavour = answer.flavour || (name == "X-Flavour" && value == "b");
  answer.status = status_;
  answer.head = head_text_;
  answer.body = body_;
  const std::string broken = Checker(world_, answer).check();
  if (outcome_) {
    const std::string own = node_.name() + "; hit";
    *outcome_ = {true, status_, head_text_.find(own) != std::string::npos, head_text_};
  }
  if (broken.empty()) return;
  std::string text = broken + "\nclient " + std::to_string(id()) + " at " + node_.name() + ": " +
                     question_.method + " " + page_.url();
  for (const auto& [name, value] : question_.fields)
    text += "\n" + name + ": " + value;
  world_.fail(text + "\n" + head_text_);
}

}  // namespace brink::purgesim

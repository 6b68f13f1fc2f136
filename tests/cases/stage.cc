#include "tests/cases/stage.h"

#include <fmt/core.h>

#include "tests/cases/parse_case.h"
#include "tests/support/http_message.h"

namespace brink::tests::cases {
namespace {

constexpr Millis kMoment{2};

// The seconds that "+10s" or "-1h" means; throws CaseError.
std::int64_t offset_seconds(const std::string& text, int line) {
  if (text.empty()) return 0;
  Statement where;
  where.line = line;
  const std::int64_t amount = parse_duration(where, text.substr(1)).count() / 1000;
  return text.front() == '-' ? -amount : amount;
}

}  // namespace

Stage::Stage(const CaseFile& file, Testbed& testbed) : path_(file.path), testbed_(testbed) {
  for (const auto& [name, participants] : file.barriers)
    barriers_[name].participants = participants;
}

void Stage::fail(int line, const std::string& message) {
  const std::lock_guard lock(mutex_);
  if (closed_ || !failure_.empty()) return;
  failure_ = fmt::format("{}:{}: {}", path_, line, message);
  transcript.add("FAILED", failure_);
  changed_.notify_all();
}

bool Stage::failed() const {
  const std::lock_guard lock(mutex_);
  return !failure_.empty();
}

std::string Stage::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Stage::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

bool Stage::sync(const std::string& name, int line) {
  std::unique_lock lock(mutex_);
  const auto found = barriers_.find(name);
  if (found == barriers_.end()) {
    lock.unlock();
    fail(line, fmt::format("no barrier '{}' was declared", name));
    return false;
  }
  Barrier& barrier = found->second;
  const std::size_t round = barrier.round;
  if (++barrier.waiting == barrier.participants) {
    barrier.waiting = 0;
    ++barrier.round;
    changed_.notify_all();
    return true;
  }
  const bool released = changed_.wait_for(
      lock, kWaitLimit, [&] { return closed_ || !failure_.empty() || barrier.round != round; });
  const bool ok = barrier.round != round;
  const std::string state = fmt::format("{} of {} came", barrier.waiting, barrier.participants);
  lock.unlock();
  if (!released) fail(line, fmt::format("barrier '{}': {} within the limit", name, state));
  return ok;
}

bool Stage::wait_a_moment() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kMoment);
  return !closed_ && failure_.empty();
}

void Stage::note() {
  changed_.notify_all();
}

void Stage::define(const std::string& name, const std::string& value) {
  const std::lock_guard lock(mutex_);
  variables_[name] = value;
}

std::string Stage::variable(const std::string& name, int line) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = variables_.find(name);
    if (found != variables_.end()) return found->second;
  }
  const std::size_t sign = name.find_first_of("+-");
  const std::string base = name.substr(0, sign);
  DateForm form = DateForm::Imf;
  if (base == "rfc850") form = DateForm::Rfc850;
  if (base == "asctime") form = DateForm::Asctime;
  if (form == DateForm::Imf && base != "now") {
    fail(line, fmt::format("unknown variable '${{{}}}'", name));
    return {};
  }
  try {
    const std::int64_t now = testbed_.now().time_since_epoch().count() / 1000;
    const std::string offset = sign == std::string::npos ? "" : name.substr(sign);
    return http_date(now + offset_seconds(offset, line), form);
  } catch (const CaseError& error) {
    fail(line, error.what());
    return {};
  }
}

std::string Stage::expand(const Template& text, int line) {
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const std::size_t open = text.text.find("${", at);
    const std::size_t end = open == std::string::npos ? open : text.text.find('}', open);
    if (end == std::string::npos) return out + text.text.substr(at);
    out += text.text.substr(at, open - at);
    out += variable(text.text.substr(open + 2, end - open - 2), line);
    at = end + 1;
  }
}

}  // namespace brink::tests::cases

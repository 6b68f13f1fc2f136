#include "purge/dead_letters.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "config/runtime/iso_time.h"
#include "config/runtime/log.h"
#include "config/runtime/log_format.h"
#include "purge/event.h"

namespace brink::purge {

namespace json = boost::json;

namespace {

constexpr std::uint64_t kSlack = 1024 * 1024;  // the file is never rewritten for less

// The event as it was if that is JSON of a moderate size; otherwise its beginning as text.
json::value event_value(std::string_view text) {
  std::string ignored;
  if (text.size() <= DeadLetters::kEventBytes) {
    if (const auto event = Event::parse(text, ignored)) return event->json();
  }
  constexpr std::size_t kShown = DeadLetters::kEventBytes / 4;  // escaping may make it longer
  std::string out = escape_log_text(text.substr(0, kShown));
  if (text.size() > kShown) out += fmt::format("… ({} bytes)", text.size());
  return json::value(out);
}

}  // namespace

DeadLetterLine make_line(const DeadLetter& letter) {
  const json::object object{{"at", iso_time(letter.at)},
                            {"subscription", letter.subscription},
                            {"reason", escape_log_text(letter.reason)},
                            {"source", escape_log_text(letter.source)},
                            {"key", letter.key},
                            {"event", event_value(letter.event)}};
  return {letter.subscription, letter.key, json::serialize(object)};
}

std::unique_ptr<DeadLetters> DeadLetters::open(const config::DeadLetterOptions& options,
                                               std::string& message) {
  DeadLetterFile file(options.path);
  std::deque<DeadLetterLine> lines;
  if (!file.open(2 * options.bytes + kSlack, lines, message)) return nullptr;
  std::unique_ptr<DeadLetters> out(new DeadLetters(options, std::move(file)));
  for (DeadLetterLine& line : lines)
    out->remember(std::move(line));
  out->dropped_ = 0;  // by an earlier process
  out->thread_ = std::thread([self = out.get()] { self->run(); });
  return out;
}

DeadLetters::DeadLetters(const config::DeadLetterOptions& options, DeadLetterFile file)
    : keep_(options.keep), keep_bytes_(options.bytes), file_(std::move(file)) {}

DeadLetters::~DeadLetters() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void DeadLetters::add(DeadLetter letter, Kept kept) {
  DeadLetterLine line = make_line(letter);
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() < kQueue && !is_stopping_) {
      queue_.push_back({std::move(line), std::move(kept)});
      changed_.notify_all();
      return;
    }
  }
  kept(false);
}

void DeadLetters::set_bounds(std::uint32_t keep, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  keep_ = keep;
  keep_bytes_ = bytes;
  while (lines_.size() > keep_ || bytes_ > keep_bytes_)
    drop_oldest();
}

void DeadLetters::run() {
  for (;;) {
    std::deque<Waiting> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      batch.swap(queue_);
    }
    write(batch);
  }
}

// What is kept already counts as written.
void DeadLetters::write(std::deque<Waiting>& batch) {
  std::string text;
  std::vector<bool> is_new;
  {
    const std::lock_guard lock(mutex_);
    std::unordered_set<std::string> in_batch;
    for (const Waiting& each : batch) {
      const std::string& key = each.line.key;
      is_new.push_back(key.empty() || (!keys_.contains(key) && in_batch.insert(key).second));
      if (is_new.back()) text.append(each.line.text).append("\n");
    }
  }
  std::string why;
  const bool is_written = text.empty() || file_.append(text, why);
  if (!is_written) {
    log_limited(LogLevel::Error, "dead_letters", "purge",
                "dead letters cannot be written: " + why + "; their events will be sent again");
  }
  std::deque<DeadLetterLine> kept;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (is_written && is_new[i]) remember(std::move(batch[i].line));
    }
    if (file_.size() > 2 * bytes_ + kSlack) kept = lines_;
  }
  if (!kept.empty() && !file_.rewrite(kept, why)) {
    log_limited(LogLevel::Warning, "dead_letters_rewrite", "purge",
                "the file of dead letters cannot be made smaller: " + why);
  }
  for (Waiting& each : batch)
    each.kept(is_written);
}

void DeadLetters::remember(DeadLetterLine line) {
  bytes_ += line.text.size() + 1;
  ++counts_[line.subscription];
  if (!line.key.empty()) keys_.insert(line.key);
  lines_.push_back(std::move(line));
  while (lines_.size() > keep_ || (bytes_ > keep_bytes_ && lines_.size() > 1))
    drop_oldest();
}

void DeadLetters::drop_oldest() {
  const DeadLetterLine& oldest = lines_.front();
  bytes_ -= oldest.text.size() + 1;
  keys_.erase(oldest.key);
  const auto count = counts_.find(oldest.subscription);
  if (--count->second == 0) counts_.erase(count);
  lines_.pop_front();
  ++dropped_;
}

std::size_t DeadLetters::count(std::string_view subscription) const {
  const std::lock_guard lock(mutex_);
  const auto it = counts_.find(subscription);
  return it == counts_.end() ? 0 : it->second;
}

std::uint64_t DeadLetters::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

std::vector<std::string> DeadLetters::list(std::string_view subscription, std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (auto it = lines_.rbegin(); it != lines_.rend() && out.size() < most; ++it) {
    if (it->subscription == subscription) out.push_back(it->text);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace brink::purge

#pragma once
// Events that could not become purges, kept for people to look at: in a file of JSON lines, the
// oldest dropped and counted when there are too many.
//
//   {"at":"2026-11-27T10:00:00.000Z","subscription":"catalogue","reason":"…","source":"SHOP 17",
//    "key":"…","event":{…}}
//
// An event that is no JSON, or a long one, stands there as the beginning of its text. A letter with
// a key that is kept already is the same event once more, and is not kept twice.
//
// add() hands over; a thread of its own writes, syncs and says so. Bounds: kQueue letters on their
// way, DeadLetterOptions for what is kept (which is in memory too).

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

#include "config/event_options.h"
#include "config/runtime/clock.h"
#include "purge/dead_letter_file.h"

namespace brink::purge {

struct DeadLetter {
  TimePoint at{};
  std::string subscription, reason, source, key;
  std::string event;  // its text
};

class DeadLetters {
 public:
  static constexpr std::size_t kQueue = 1'000;
  static constexpr std::size_t kEventBytes = 64 * 1024;  // of an event; longer ones are cut
  using Kept = std::function<void(bool)>;

  // Null, with a sentence in `message`, when the file cannot be used. Without a path: in memory.
  static std::unique_ptr<DeadLetters> open(const config::DeadLetterOptions& options,
                                           std::string& message);
  ~DeadLetters();  // once all that was added is written
  DeadLetters(const DeadLetters&) = delete;
  DeadLetters& operator=(const DeadLetters&) = delete;

  // Any thread. `kept` is called once: true when the letter is on disk; false when it could not be
  // written, or too many are on their way.
  void add(DeadLetter letter, Kept kept);
  void set_bounds(std::uint32_t keep, std::uint64_t bytes);

  std::size_t count(std::string_view subscription) const;
  std::uint64_t dropped() const;  // since the process began
  // The newest `most` of a subscription as JSON, oldest first.
  std::vector<std::string> list(std::string_view subscription, std::size_t most) const;

 private:
  struct Waiting {
    DeadLetterLine line;
    Kept kept;
  };
  DeadLetters(const config::DeadLetterOptions& options, DeadLetterFile file);
  void run();
  void write(std::deque<Waiting>& batch);
  void remember(DeadLetterLine line);
  void drop_oldest();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> queue_;
  std::deque<DeadLetterLine> lines_;  // oldest first
  std::uint64_t bytes_ = 0;           // of lines_
  std::map<std::string, std::size_t, std::less<>> counts_;
  std::unordered_set<std::string> keys_;
  std::uint64_t dropped_ = 0;
  std::uint32_t keep_;
  std::uint64_t keep_bytes_;
  bool is_stopping_ = false;

  DeadLetterFile file_;  // the thread's
  std::thread thread_;
};

// One line for a letter, without its end.
DeadLetterLine make_line(const DeadLetter& letter);

}  // namespace brink::purge

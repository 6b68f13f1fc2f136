#pragma once
// What everybody who takes part in one case shares: its time, names, barriers, transcript and first
// failure. Safe from any thread.

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "tests/cases/case_model.h"
#include "tests/cases/testbed.h"
#include "tests/support/transcript.h"

namespace brink::tests::cases {

// No wait in a case is longer than this.
inline constexpr Millis kWaitLimit{5'000};

class Stage {
 public:
  Stage(const CaseFile& file, Testbed& testbed);

  Transcript transcript;

  // Only the first one counts; whoever waits is released.
  void fail(int line, const std::string& message);
  bool failed() const;
  // "tests/cases/c01.case:12: …", or empty.
  std::string failure() const;
  // The case is over: nobody waits any longer, and failing counts no more.
  void close();

  // Waits until as many have come as the barrier was declared for. False when the case has failed
  // or ended.
  bool sync(const std::string& name, int line);
  // Gives up the lock and waits a moment, at most until something was noted; false when the case is
  // over.
  bool wait_a_moment();
  // Wakes wait_a_moment().
  void note();

  void define(const std::string& name, const std::string& value);
  // With ${…} replaced. An unknown name is a failure.
  std::string expand(const Template& text, int line);

  const Testbed& testbed() const { return testbed_; }

 private:
  struct Barrier {
    std::size_t participants = 0;
    std::size_t waiting = 0;
    std::size_t round = 0;
  };
  std::string variable(const std::string& name, int line);

  const std::string path_;
  Testbed& testbed_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Barrier> barriers_;
  std::map<std::string, std::string> variables_;
  std::string failure_;
  bool closed_ = false;
};

}  // namespace brink::tests::cases

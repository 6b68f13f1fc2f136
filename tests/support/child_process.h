#pragma once
// A program that a test starts and ends, and what it writes to standard error meanwhile.

#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/runtime/clock.h"

namespace brink::tests {

class ChildProcess {
 public:
  // `environment` ("NAME=value") is added to ours. Standard output goes nowhere.
  ChildProcess(std::vector<std::string> arguments, std::vector<std::string> environment);
  // Kills it when it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Waits for the `nth` line (from 1) that contains `text`; empty when the program ended or time
  // ran out.
  std::string wait_for_line(const std::string& text, Millis limit, std::size_t nth = 1);
  std::size_t count_lines(const std::string& text) const;
  void signal(int number);
  // SIGSTOP, and waits until it has stopped.
  void suspend();
  // Waits for its end: empty when it exited with 0, else how it ended.
  std::string wait_for_exit(Millis limit);
  std::string standard_error() const;

 private:
  void read_standard_error(int fd);

  pid_t pid_ = -1;
  std::thread reader_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  bool ended_ = false;  // standard error was closed
};

}  // namespace brink::tests

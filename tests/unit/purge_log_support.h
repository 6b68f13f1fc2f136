#pragma once
// What tests of logs share: a folder of their own, a listener that writes down what it is told.

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "config/runtime/random.h"
#include "purge/log.h"

namespace brink::purge {

class TestFolder {
 public:
  TestFolder()
      : path_(std::filesystem::temp_directory_path() /
              ("brink-purge-" + std::to_string(secure_random()))) {
    std::filesystem::create_directory(path_);
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

inline Record tag_purge(const std::string& id, const std::string& tag = "t") {
  Record out;
  out.id = id;
  out.selector.kind = Selector::Kind::Tags;
  out.selector.values = {tag};
  return out;
}

inline Record version_record(const std::string& id, const std::string& site,
                             const std::string& version, std::uint32_t percent = 100) {
  Record out;
  out.kind = Record::Kind::Version;
  out.id = id;
  out.selector.site = site;
  out.version = version;
  out.percent = percent;
  return out;
}

inline Record join_record(const std::string& node, const std::string& instance,
                          const std::string& pop = "fra") {
  Record out;
  out.kind = Record::Kind::Join;
  out.id = "j-" + node + "-" + instance;
  out.node = node;
  out.pop = pop;
  out.role = "edge";
  out.instance = instance;
  return out;
}

inline Record leave_record(const std::string& node, const std::string& instance) {
  Record out = join_record(node, instance);
  out.kind = Record::Kind::Leave;
  out.id = "l-" + node + "-" + instance;
  return out;
}

// Lines such as "7 p-1", "7 p-1 replayed", "lost 5", "report fra-1 7".
class NoteTaker final : public LogListener {
 public:
  void on_record(const Record& record, bool replayed) override {
    note(std::to_string(record.sequence) + " " + record.id + (replayed ? " replayed" : ""));
  }
  void on_lost(std::uint64_t sequence) override { note("lost " + std::to_string(sequence)); }
  void on_current(Ticks) override {
    const std::lock_guard lock(mutex_);
    ++currents_;
    changed_.notify_all();
  }
  void on_report(const Report& report) override {
    note("report " + report.node + " " + std::to_string(report.applied));
  }
  // Once it has been current `times` times.
  std::vector<std::string> notes(int times = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return currents_ >= times; });
    return notes_;
  }

 private:
  void note(std::string text) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(text));
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> notes_;
  int currents_ = 0;
};

inline Result<std::uint64_t> append_and_wait(Log& log, Record record) {
  std::promise<Result<std::uint64_t>> promise;
  auto future = promise.get_future();
  log.append(std::move(record), [&](Result<std::uint64_t> result) { promise.set_value(result); });
  return future.get();
}

}  // namespace brink::purge

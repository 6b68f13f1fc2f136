#include "edge/tls_watch.h"

#include <openssl/sha.h>

#include "config/file_text.h"

namespace brink::edge {

namespace {

constexpr Seconds kSettled{2};

bool is_same(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         is_same(a.st_mtim, b.st_mtim) && is_same(a.st_ctim, b.st_ctim);
}

}  // namespace

FileWatch::FileWatch(std::vector<std::string> paths, TimePoint now) {
  for (std::string& path : paths) {
    if (path.empty()) continue;
    files_.push_back({});
    files_.back().path = std::move(path);
    look(files_.back(), now);
  }
}

bool FileWatch::look(File& file, TimePoint now) {
  struct stat status {};
  const bool is_there = ::stat(file.path.c_str(), &status) == 0;
  if (is_there && file.is_there && file.is_settled && is_same(status, file.status)) return false;
  Digest digest{};
  if (is_there) {
    // One that cannot be read counts as the text that says so.
    const config::FileText text = config::read_file(file.path, /*only_regular=*/true);
    const std::string& seen = text.problem.empty() ? text.text : text.problem;
    SHA256(reinterpret_cast<const unsigned char*>(seen.data()), seen.size(), digest.data());
  }
  const bool has_changed = is_there != file.is_there || digest != file.digest;
  file.is_there = is_there;
  file.status = status;
  file.digest = digest;
  file.is_settled = TimePoint{Seconds{status.st_ctim.tv_sec}} + kSettled < now;
  return has_changed;
}

bool FileWatch::changed(TimePoint now) {
  bool out = false;
  for (File& file : files_)
    out = look(file, now) || out;
  return out;
}

}  // namespace brink::edge

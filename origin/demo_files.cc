#include "origin/demo_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <optional>

#include "origin/demo_http.h"
#include "origin/demo_trials.h"

namespace brink::origin {
namespace {

DemoReply not_found() {
  DemoReply reply = demo_text("There is no such file.\n", "public, max-age=5");
  reply.status = 404;
  return reply;
}

// "/a/b.txt" → "a/b.txt". Empty when a segment is empty (but the last), hidden, "." or "..".
std::optional<std::string> relative_path(std::string_view encoded) {
  const auto decoded = demo_percent_decode(encoded);
  if (!decoded || !decoded->starts_with('/')) return std::nullopt;
  std::string_view rest = std::string_view(*decoded).substr(1);
  const std::string relative(rest);
  bool first = true;
  while (!rest.empty()) {
    const std::string_view segment = rest.substr(0, rest.find('/'));
    const bool hidden = segment.starts_with('.') && !(first && segment == ".well-known");
    if (segment.empty() || hidden) return std::nullopt;
    rest.remove_prefix(std::min(rest.size(), segment.size() + 1));
    first = false;
  }
  return relative;
}

// Where the kernel says that an open descriptor is.
std::string path_of(int descriptor) {
  char path[PATH_MAX];
  const std::string link = fmt::format("/proc/self/fd/{}", descriptor);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : std::string();
}

}  // namespace

Result<std::unique_ptr<DemoFolder>> DemoFolder::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return Error{ErrorCode::Invalid, Side::Internal, Retry::Never,
                 "the root is no readable folder"};
  }
  std::string real_path = path_of(descriptor);
  if (real_path == "/") real_path.clear();
  return std::unique_ptr<DemoFolder>(new DemoFolder(descriptor, std::move(real_path)));
}

DemoFolder::DemoFolder(int descriptor, std::string real_path)
    : descriptor_(descriptor), real_path_(std::move(real_path)) {}

DemoFolder::~DemoFolder() {
  ::close(descriptor_);
}

// O_PATH touches nothing (no FIFO blocks, no device wakes), and what was opened is then known by
// the kernel's own path for it: no link, however it is renamed meanwhile, leads outside.
int DemoFolder::find(const std::string& relative) const {
  const char* name = relative.empty() ? "." : relative.c_str();
  const int found = ::openat(descriptor_, name, O_PATH | O_CLOEXEC);
  if (found < 0) return -1;
  const std::string path = path_of(found);
  const bool inside = path == real_path_ || path.starts_with(real_path_ + "/");
  if (inside) return found;
  ::close(found);
  return -1;
}

DemoReply DemoFolder::answer(const DemoRequest& request) const {
  if (request.method == "OPTIONS" || (request.method != "GET" && request.method != "HEAD")) {
    DemoReply reply = demo_text("Files are for GET and HEAD.\n", "no-store");
    reply.status = request.method == "OPTIONS" ? 204 : 405;
    reply.add("Allow", "GET, HEAD, OPTIONS");
    return reply;
  }
  const auto relative = relative_path(request.path);
  return relative ? answer_file(request, *relative) : not_found();
}

DemoReply DemoFolder::answer_file(const DemoRequest& request, const std::string& relative) const {
  const bool names_folder = relative.empty() || relative.ends_with('/');
  const DemoFile found(find(names_folder ? relative + "index.html" : relative));
  struct stat status {};
  if (found.descriptor() < 0 || ::fstat(found.descriptor(), &status) != 0) return not_found();
  if (S_ISDIR(status.st_mode)) {
    DemoReply reply = demo_text("The folder is over there.\n", "public, max-age=60");
    reply.status = 301;
    reply.add("Location", request.path + "/" + (request.query.empty() ? "" : "?" + request.query));
    return reply;
  }
  if (!S_ISREG(status.st_mode)) return not_found();
  const std::string same = fmt::format("/proc/self/fd/{}", found.descriptor());
  const int readable = ::open(same.c_str(), O_RDONLY | O_CLOEXEC);
  if (readable < 0) return not_found();
  DemoReply reply;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  reply.body = DemoBody::file(std::make_shared<DemoFile>(readable), size);
  reply.etag =
      fmt::format("\"{:x}-{:x}-{:x}\"", status.st_mtim.tv_sec, status.st_mtim.tv_nsec, size);
  reply.last_modified = TimePoint{std::chrono::seconds{status.st_mtim.tv_sec}};
  reply.add("Content-Type", std::string(demo_content_type(names_folder ? "index.html" : relative)));
  reply.add("Cache-Control", "public, max-age=60");
  return reply;
}

}  // namespace brink::origin

#pragma once
// A folder as a web site: `brink origin --root DIR`.

#include <memory>
#include <string>

#include "config/runtime/error.h"
#include "origin/demo_message.h"

namespace brink::origin {

// Serves regular files below one folder, and index.html for folders. Hidden files (a name that
// starts with a dot, but /.well-known/) and whatever a symbolic link outside the folder points to
// do not exist for clients. Blocks on the disk: this is an origin for trying things.
class DemoFolder {
 public:
  // Error (Invalid): no readable folder.
  static Result<std::unique_ptr<DemoFolder>> open(const std::string& path);
  ~DemoFolder();
  DemoFolder(const DemoFolder&) = delete;
  DemoFolder& operator=(const DemoFolder&) = delete;

  // GET and HEAD; 405 for others, 404 for what is not there.
  DemoReply answer(const DemoRequest& request) const;

 private:
  DemoFolder(int descriptor, std::string real_path);
  // A descriptor opened with O_PATH, or -1: absent, or outside of the folder.
  int find(const std::string& relative) const;
  DemoReply answer_file(const DemoRequest& request, const std::string& relative) const;

  int descriptor_;
  std::string real_path_;  // without a slash at the end
};

}  // namespace brink::origin

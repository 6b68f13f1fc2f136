#pragma once
// Which handler answers which URL. One table (demo_routes.cc) drives dispatch, Allow, /routes and
// the list on the home page.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/runtime/error.h"
#include "origin/demo_files.h"
#include "origin/demo_message.h"
#include "origin/demo_state.h"

namespace brink::origin {

enum class DemoGroup : std::uint8_t { Shop, Api, Cacheability, Trouble, Control };
std::string_view demo_group_title(DemoGroup group);

struct DemoRoute {
  DemoGroup group;
  std::string_view methods;  // "GET POST"; GET brings HEAD, all bring OPTIONS
  std::string_view pattern;  // a segment may hold one {…} that stands for one or more characters
  DemoReply (*handler)(const DemoRequest& request, DemoState& state);
  std::string_view example;  // a URL to try; empty = the pattern itself
  std::string_view summary;
};
std::span<const DemoRoute> demo_routes();

// Decodes and keeps what {…} stands for; false when the path is another one.
bool demo_match(std::string_view pattern, std::string_view path,
                std::vector<std::string>& captures);

// The whole site: the shop with its routes, or a folder.
class DemoSite {
 public:
  // Error (Invalid): the root is no readable folder.
  static Result<std::unique_ptr<DemoSite>> create(const std::string& root);
  // Counts the request (its `asked`), finds its handler and lets it describe the answer.
  DemoReply answer(DemoRequest& request);
  // Whether the answer needs the request's body to be complete first.
  bool streams_body(const DemoRequest& request) const;
  const DemoCounts& counts() const { return state_.counts; }

 private:
  DemoReply dispatch(DemoRequest& request);
  DemoReply answer_from_table(DemoRequest& request);
  DemoState state_;
  std::unique_ptr<DemoFolder> folder_;  // null = the shop
};

}  // namespace brink::origin

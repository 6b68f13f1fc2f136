#pragma once
// A response's head as HTTP/2 sends it: the plan's lines, with names in lower case and without what is HTTP/1.1's only (RFC 9113 §8.2).

#include <nghttp2/nghttp2.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "edge/respond.h"

namespace brink::edge {

// Reusable: what was made stays valid until the next make(), as long as the plan's own views do.
class Http2ResponseHead {
 public:
  // A final response, Content-Length included where the plan announces it.
  std::span<const nghttp2_nv> make(const ResponsePlan& plan);
  // Copied by the library, since the next make() does not wait for it: "HTTP/1.1 103 Early Hints\r\nLink: …\r\n"
  std::span<const nghttp2_nv> make_interim(std::string_view head);
  // The value of the Priority field of what was made last; empty = none.
  std::string_view priority() const { return priority_; }

 private:
  void begin(std::string_view status);
  void add_lines(std::string_view lines);
  void add_line(std::string_view line);
  void finish();

  struct Line {
    std::size_t name_at;
    std::string_view name, value;
  };
  std::string names_;
  std::string length_;
  std::string_view priority_;
  char status_[4] = {};
  std::vector<Line> lines_;
  std::vector<nghttp2_nv> fields_;
};

}  // namespace brink::edge

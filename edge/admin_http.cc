#include "edge/admin_http.h"

#include "edge/json_text.h"

namespace brink::edge {

namespace {

void append_member(std::string& out, std::string_view name, std::string_view value) {
  append_json_string(out, name);
  out.push_back(':');
  append_json_string(out, value);
  out.push_back(',');
}

}  // namespace

AdminResponse problem(int status, std::string_view code, std::string_view title,
                      std::string_view detail) {
  AdminResponse out{.status = status,
                    .content_type = "application/problem+json",
                    .body = "{",
                    .problem_code = std::string(code),
                    .problem_detail = std::string(detail)};
  append_member(out.body, "type", "urn:brink:problem:" + std::string(code));
  append_member(out.body, "title", title);
  append_member(out.body, "detail", detail);
  append_member(out.body, "code", code);
  out.body.append("\"status\":").append(std::to_string(status)).append("}\n");
  return out;
}

}  // namespace brink::edge

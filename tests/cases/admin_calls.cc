#include "tests/cases/admin_calls.h"

#include <fmt/core.h>

#include "tests/cases/stage.h"
#include "tests/support/http_reader.h"
#include "tests/support/socket.h"

namespace brink::tests::cases {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

}  // namespace

AdminAnswer call_admin(std::uint16_t port, const std::string& method, const std::string& path,
                       const std::string& body) {
  Socket socket = Socket::connect(port);
  HttpReader reader(socket, kWaitLimit);
  const std::string request = fmt::format(
      "{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
      method, path, body.size(), body);
  HttpMessage response;
  if (socket.write_all(request, kWaitLimit) != Io::Ok) return {};
  if (reader.response_head(response, method) != Read::Ok) return {};
  if (reader.body(response) != Read::Ok) return {};
  return {response.status(), response.body};
}

std::string purge_body(const std::vector<std::string>& words, std::string& message) {
  std::string options = "\"wait\":\"node\"";
  std::size_t at = 0;
  for (; at < words.size(); ++at) {
    if (words[at] == "soft") {
      options += ",\"soft\":true";
    } else if (words[at] == "ignore-query") {
      options += ",\"ignore_query\":true";
    } else if (words[at] == "all-of") {
      options += ",\"match\":\"all\"";
    } else {
      break;
    }
  }
  const std::string kind = at < words.size() ? words[at++] : "";
  std::string values;
  for (std::size_t i = at; i < words.size(); ++i) {
    values += (values.empty() ? "" : ",") + quoted(words[i]);
  }
  if (kind == "all") return fmt::format("{{\"all\":true,{}}}", options);
  if (kind == "tags" || kind == "urls") return fmt::format("{{\"{}\":[{}],{}}}", kind, values, options);
  if (kind == "url" || kind == "prefix" || kind == "pattern" || kind == "regex" || kind == "host")
    return fmt::format("{{\"{}\":{},{}}}", kind, values, options);
  message = "expected url, urls, tags, prefix, pattern, regex, host or all";
  return {};
}

}  // namespace brink::tests::cases

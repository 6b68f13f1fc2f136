#pragma once
// A node's REST API as the command line uses it.

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace brink::edge {

// Where the API is and who calls: shared by every command that talks to a node.
struct AdminTarget {
  std::string url = "http://127.0.0.1:9901";  // --admin, or BRINK_ADMIN
  std::string ca;                             // --ca: PEM file; empty = the system's authorities
  std::string certificate;                    // --cert: PEM file, shown to the node
  std::string key;                            // --key: its private key; empty = in the same file
  std::string token;                          // from BRINK_ADMIN_TOKEN, or --token-file; never printed
};

struct AdminReply {
  int status = 0;        // 0: there was no answer; `message` says why
  boost::json::value body;
  std::string text;      // the body as it came
  std::string message;   // of a problem: its title and detail, for a person
  bool ok() const { return status >= 200 && status < 300; }
};

// An object's member; empty when it is not there, is something else, or `value` is no object.
const boost::json::value* member_of(const boost::json::value& value, std::string_view name);
std::string text_of(const boost::json::value& value, std::string_view name);
std::int64_t number_of(const boost::json::value& value, std::string_view name);  // 0: there is none

inline constexpr long kCallSeconds = 75;  // the API itself waits for a minute at most

// One request, waited for at most kCallSeconds. Bodies of up to 16 MiB.
AdminReply call(const AdminTarget& target, const std::string& method, const std::string& path,
                const std::string& body, const std::string& idempotency_key);

}  // namespace brink::edge

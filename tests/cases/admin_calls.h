#pragma once
// What a case asks of a node's REST API: purges and versions.

#include <cstdint>
#include <string>
#include <vector>

namespace brink::tests::cases {

// "status" 0 when there was no answer in time.
struct AdminAnswer {
  int status = 0;
  std::string body;
};
AdminAnswer call_admin(std::uint16_t port, const std::string& method, const std::string& path,
                       const std::string& body = {});

// The JSON of `purge [soft] [all-of] [ignore-query] KIND VALUE…`, from `words`; empty, and why.
std::string purge_body(const std::vector<std::string>& words, std::string& message);

}  // namespace brink::tests::cases

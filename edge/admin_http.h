#pragma once
// Requests and answers of the admin listener as plain values: handlers know nothing of sockets.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/runtime/clock.h"
#include "config/runtime/fields.h"

namespace brink::edge {

struct AdminPrincipal;  // admin_access.h

// Views into the session's parser; good until the handler returns.
struct AdminRequest {
  std::string_view method;
  std::string_view path;
  std::string_view query;  // without '?'
  std::string_view body;   // at most kAdminBodyBytes
  std::string_view host;
  std::string_view origin;  // the field a browser sends
  std::string_view authorization;
  std::string_view idempotency_key = {};
  std::string_view client = {};  // its address
  // What its certificate is called (subject_names_of()), which was verified; empty = it showed none.
  std::span<const std::string> certificate_names = {};
  Ticks now = {};
  Fields fields = {};            // all of them, for what only one product's clients send
  std::vector<std::string_view> captures = {};  // what stands for each "{…}" of the route's path
  const AdminPrincipal* who = nullptr;          // null on routes that need no right
};

struct AdminResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields = {};
  // Of a problem: what AdminRoute::dress makes another product's error of.
  std::string problem_code = {};
  std::string problem_detail = {};
};

// Takes an answer: once, from any thread, also when the client or the listener has gone.
using AdminDone = std::function<void(AdminResponse)>;

// An answer as RFC 9457 problem details. `code` is the stable word for programs ("unauthorized"),
// `title` names the kind of problem, `detail` this occurrence and what to do about it.
AdminResponse problem(int status, std::string_view code, std::string_view title,
                      std::string_view detail);

}  // namespace brink::edge

#include "edge/admin_router.h"

#include <exception>

#include "config/runtime/error.h"
#include "config/runtime/log.h"

namespace brink::edge {

namespace {

constexpr int kUnauthorized = 401;
constexpr int kNotFound = 404;  // of a webhook: no such subscription

std::string_view take_segment(std::string_view& path) {
  const std::size_t slash = path.find('/', 1);
  const std::string_view segment = path.substr(0, slash);
  path.remove_prefix(segment.size());
  return segment;
}

// Segment by segment; fills `captures` with what stands for "{…}".
bool matches(std::string_view pattern, std::string_view path,
             std::vector<std::string_view>& captures) {
  captures.clear();
  while (!pattern.empty() && !path.empty()) {
    if (pattern.starts_with("/{") && pattern.ends_with("*}") && pattern.find('/', 1) == pattern.npos) {
      captures.push_back(path.substr(1));
      return path.size() > 1;
    }
    const std::string_view wanted = take_segment(pattern);
    const std::string_view found = take_segment(path);
    if (wanted.starts_with("/{") && found.size() > 1) {
      captures.push_back(found.substr(1));
    } else if (wanted != found) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

bool is_method_of(const AdminRoute& route, std::string_view method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

}  // namespace

AdminResponse AdminRouter::answer(AdminRequest& request, const AdminAccess& access) const {
  std::optional<AdminResponse> out;
  answer(request, access, [&](AdminResponse response) { out = std::move(response); });
  CHECK(out.has_value());
  return std::move(*out);
}

void AdminRouter::answer(AdminRequest& request, const AdminAccess& access,
                         const AdminDone& done) const {
  std::string allow;
  for (const AdminRoute& route : routes_) {
    if (!matches(route.path, request.path, request.captures)) continue;
    if (is_method_of(route, request.method)) return run(route, request, access, done);
    if (!allow.empty()) allow += ", ";
    allow += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  if (allow.empty()) {
    return done(problem(404, "unknown-path", "No such path",
                        "The admin API has no path '" + std::string(request.path.substr(0, 256)) +
                            "'. docs/admin-api.md lists all of them."));
  }
  AdminResponse out =
      problem(405, "method-not-allowed", "Method not allowed", "This path answers " + allow + ".");
  out.fields.emplace_back("Allow", allow);
  done(std::move(out));
}

AdminDone AdminRouter::audited(const AdminRoute& route, const AdminRequest& request,
                               AdminDone done) const {
  const bool is_signed = !route.signed_as.empty();
  const bool is_action = is_signed || (route.right && *route.right != config::AdminRight::Read);
  if (audit_ == nullptr || !is_action || route.method == "GET") return done;
  AuditEntry entry;
  entry.at = clock_->now();
  if (request.who != nullptr) entry.who = request.who->name;
  if (is_signed) entry.who = route.signed_as + std::string(request.captures.front());
  entry.from = request.client;
  entry.call = std::string(request.method) + " " + std::string(request.path);
  entry.request = request.body;
  return [audit = audit_, entry = std::move(entry),
          done = std::move(done)](AdminResponse response) mutable {  // called once
    entry.status = response.status;
    if (entry.status == kUnauthorized || entry.status == kNotFound) entry.who.clear();
    entry.answer = response.body;
    audit->add(std::move(entry));
    done(std::move(response));
  };
}

void AdminRouter::run(const AdminRoute& route, AdminRequest& request, const AdminAccess& access,
                      const AdminDone& answered) const {
  AdminDone done = answered;
  if (route.dress) {
    done = [answered, dress = route.dress](AdminResponse response) {
      answered(response.problem_code.empty() ? std::move(response) : dress(std::move(response)));
    };
  }
  std::string bearer;
  if (const Field* token = find_field(request.fields, route.token_field); token != nullptr) {
    bearer = "Bearer " + std::string(token->value);
    request.authorization = bearer;
  }
  std::optional<AdminResponse> refusal;
  if (route.right) refusal = access.refuse(request, *route.right, request.who);
  done = audited(route, request, std::move(done));
  if (refusal) return done(std::move(*refusal));
  try {
    if (route.handle_later) return route.handle_later(request, done);
    done(route.handle(request));
  } catch (const std::exception& e) {
    log_limited(LogLevel::Error, "admin-handler", "admin", route.path + " failed: " + e.what());
    done(problem(500, "internal", "The call failed inside Brink",
                 "The reason is in the node's log on standard error."));
  }
}

}  // namespace brink::edge

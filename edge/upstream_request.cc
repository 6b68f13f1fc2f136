#include "edge/upstream_request.h"

#include <array>
#include <string>

#include "edge/cache/vary.h"

namespace brink::edge {
namespace {

constexpr std::size_t kMaxHops = 16;

// Field names of a request's Connection lines, to be left out.
bool named_in_connection(Fields fields, std::string_view name) {
  bool named = false;
  for (const Field& field : fields) {
    if (!iequals(field.name, "connection")) continue;
    for_each_list_element(field.value, [&](std::string_view option) {
      named = named || iequals(option, name);
      return !named;
    });
  }
  return named;
}

// Fields that make_upstream_request() writes itself.
bool is_written_anew(std::string_view name) {
  for (std::string_view own : {"host", "content-length", "expect", "via", "cdn-loop", "x-forwarded-for",
                               "x-forwarded-proto", "x-forwarded-host", "forwarded", "accept-encoding"}) {
    if (iequals(name, own)) return true;
  }
  return false;
}

bool is_internal(std::string_view name) {
  return name.size() > 6 && iequals(name.substr(0, 6), "brink-");
}

bool goes_along(const Field& field, UpstreamPurpose purpose) {
  if (is_hop_by_hop(field.name) || is_written_anew(field.name) || is_internal(field.name)) return false;
  if (purpose == UpstreamPurpose::Forward) return true;
  return !cache::is_condition_field(field.name) && !iequals(field.name, "range");
}

std::string joined(Fields fields, std::string_view name) {
  std::string out;
  for (const Field& field : fields) {
    if (!iequals(field.name, name) || field.value.empty()) continue;
    if (!out.empty()) out += ", ";
    out += field.value;
  }
  return out;
}

std::string appended(Fields fields, std::string_view name, std::string_view more) {
  std::string out = joined(fields, name);
  if (!out.empty()) out += ", ";
  out += more;
  return out;
}

// RFC 7239 §4, §6: a quoted node identifier for IPv6.
std::string forwarded_element(const RequestHead& request) {
  std::string out = "for=";
  if (request.client_address.find(':') != std::string_view::npos) {
    out.append("\"[").append(request.client_address).append("]\"");
  } else {
    out.append(request.client_address);
  }
  out.append(";proto=").append(request.scheme);
  out.append(";host=\"").append(request.host).append("\"");
  return out;
}

void add_forwarding_fields(const RequestHead& request, std::string_view node_name, origin::Request& out) {
  std::string version = request.http_minor >= 20 ? "2" : (request.http_minor == 0 ? "1.0" : "1.1");
  out.fields.emplace_back("Via", appended(request.fields, "via", version + " " + std::string(node_name)));
  out.fields.emplace_back("CDN-Loop", appended(request.fields, "cdn-loop", node_name));
  out.fields.emplace_back("X-Forwarded-For",
                          appended(request.fields, "x-forwarded-for", request.client_address));
  const std::string_view host = field_value(request.fields, "x-forwarded-host");
  out.fields.emplace_back("X-Forwarded-Host", request.from_peer && !host.empty() ? host : request.host);
  out.fields.emplace_back("X-Forwarded-Proto", request.scheme);
  out.fields.emplace_back("Forwarded", appended(request.fields, "forwarded", forwarded_element(request)));
}

void add_accept_encoding(const RequestHead& request, UpstreamPurpose purpose, origin::Request& out) {
  if (purpose == UpstreamPurpose::Store) {
    std::string codings;
    cache::normalise_accept_encoding(request.fields, codings);
    out.fields.emplace_back("Accept-Encoding", std::move(codings));
  } else if (find_field(request.fields, "accept-encoding")) {
    out.fields.emplace_back("Accept-Encoding", joined(request.fields, "accept-encoding"));
  }
}

bool is_idempotent(std::string_view method) {
  for (std::string_view m : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"}) {
    if (method == m) return true;
  }
  return false;
}

}  // namespace

bool is_hop_by_hop(std::string_view name) {
  static constexpr std::array<std::string_view, 10> kNames = {
      "connection",    "keep-alive", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization",
      "proxy-connection", "te",      "trailer",            "transfer-encoding",         "upgrade"};
  for (std::string_view hop : kNames) {
    if (iequals(name, hop)) return true;
  }
  return false;
}

bool is_loop(Fields request, std::string_view node_name) {
  std::size_t hops = 0;
  bool loop = false;
  for (const Field& field : request) {
    if (!iequals(field.name, "cdn-loop")) continue;
    for_each_list_element(field.value, [&](std::string_view member) {
      ++hops;
      loop = loop || iequals(trim_ows(member.substr(0, member.find(';'))), node_name);
      return !loop;
    });
  }
  return loop || hops >= kMaxHops;
}

origin::Request make_upstream_request(const RequestHead& request, const Site& site, UpstreamPurpose purpose,
                                      const cache::ValidationFields& conditions, std::string_view node_name) {
  origin::Request out;
  out.method = request.method;
  out.scheme = request.scheme;
  out.authority = request.host;
  out.target = request.target;
  out.origin = site.origin;
  out.may_retry = is_idempotent(request.method) && !request.has_body;
  out.fields.reserve(request.fields.size() + 9);
  const bool has_connection = find_field(request.fields, "connection") != nullptr;
  for (const Field& field : request.fields) {
    if (!goes_along(field, purpose)) continue;
    if (has_connection && named_in_connection(request.fields, field.name)) continue;
    out.fields.emplace_back(field.name, field.value);
  }
  add_accept_encoding(request, purpose, out);
  add_forwarding_fields(request, node_name, out);
  if (!conditions.if_none_match.empty()) out.fields.emplace_back("If-None-Match", conditions.if_none_match);
  if (!conditions.if_modified_since.empty()) {
    out.fields.emplace_back("If-Modified-Since", conditions.if_modified_since);
  }
  return out;
}

}  // namespace brink::edge

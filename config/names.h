#pragma once
// The syntax of the texts in a configuration: addresses, URLs, hosts, globs, names.
//
// Each problem_in_…() gives an empty string when `text` is well-formed; otherwise one sentence that
// says what was expected, what was found and how to mend it. Pure; no name is looked up.

#include <optional>
#include <string>
#include <string_view>

namespace brink::config {

struct HostPort {
  std::string_view host;  // without brackets
  std::string_view port;  // digits; empty = none was given
};

// "host:port", "host", "[v6]:port", "[v6]". Empty when brackets or port are malformed.
std::optional<HostPort> split_host_port(std::string_view text);

// "http://10.0.0.5:8000" → the host and port it leads to (80, 443 when it names none).
// REQUIRES: problem_in_server_url() found none.
HostPort server_host_port(std::string_view url);

std::string problem_in_name(std::string_view text);            // [A-Za-z0-9._-]{1,63}
std::string problem_in_listen_address(std::string_view text);  // 0.0.0.0:8080, [::1]:8080
std::string problem_in_admin_address(std::string_view text);   // the same, or "none"
std::string problem_in_cidr(std::string_view text);            // 10.0.0.0/8
std::string problem_in_server_url(std::string_view text);    // http | https | http+h2c ://host:port
std::string problem_in_nats_url(std::string_view text);      // nats | tls ://host:port,…
std::string problem_in_host_pattern(std::string_view text);  // shop.example.com, *.example.com, *
std::string problem_in_host(std::string_view text);       // shop.example.com, shop.example.com:8080
std::string problem_in_host_name(std::string_view text);  // shop.example.com, 10.0.0.5
std::string problem_in_path_glob(std::string_view text);  // /images/*, *.css
std::string problem_in_url_path(std::string_view text);   // /healthz
std::string problem_in_key_pin(std::string_view text);    // sha256//BASE64, as curl writes it
std::string problem_in_variable(std::string_view text);   // BRINK_ADMIN_TOKEN
std::string problem_in_log_target(std::string_view text);    // none | stdout | stderr | /path
std::string problem_in_query_name(std::string_view text);    // token, *
std::string problem_in_nats_subject(std::string_view text);  // shop.public.products, shop.*, shop.>
std::string problem_in_event_value(std::string_view text);   // what a field is compared with
std::string problem_in_file_name(std::string_view text);
std::string problem_in_absolute_file_name(std::string_view text);

// Whether `glob` matches everything that `other` matches; errs on the side of no.
bool glob_covers(std::string_view glob, std::string_view other);

// Whether `address` (host:port) is reachable from this machine only. An empty address is.
bool is_loopback(std::string_view address);

}  // namespace brink::config

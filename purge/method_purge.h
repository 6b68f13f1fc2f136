#pragma once
// Purges that come as requests on the data port, as Varnish's users send them: PURGE, BAN and
// PURGEKEYS, as bodies that Api::purge() takes (docs/purging.md, "Clients you already have").
//
// There is no standard for them: each Varnish configuration makes its own. These are the forms that
// published clients send: WordPress (Proxy Cache Purge, WP Rocket: X-Purge-Method), Magento
// (X-Magento-Tags-Pattern), FOSHttpCache (BAN with X-Host, X-Url, X-Cache-Tags; PURGEKEYS with xkey
// fields), Drupal's purgers (BAN with Cache-Tags). Pure; all input is the network's.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/fields.h"
#include "purge/compat.h"

namespace brink::purge {

struct MethodRequest {
  std::string_view method;
  std::string_view target;  // origin-form
  std::string_view host;    // with port
  std::string_view site;    // that answers for this host: nothing outside it is purged
  Fields fields;
};

bool is_purge_method(std::string_view method);

// One purge, or what is wrong with the request.
Translation method_purge(const MethodRequest& request);

// The tags in a regular expression that clients build of tags:
// "((^|,)cat_p_1(,|$))|((^|,)cat_c(,|$))",
// "(^|,)(a|b)(,|$)", "(a|b)(,.+)?$", "node:1|node:2". Nothing when it is any other expression:
// tags are compared byte for byte.
std::optional<std::vector<std::string>> tags_of_pattern(std::string_view pattern);

// RE2 for URLs with scheme, of two expressions as a Varnish configuration would search them in host
// and path; empty = any. Where an expression's anchors cannot be kept, it finds more, never less.
std::string url_regex(std::string_view host, std::string_view path);
// An expression that finds this host only, as URLs have it: in lower case, without a default port.
std::string host_literal(std::string_view host);

}  // namespace brink::purge

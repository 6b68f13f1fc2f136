#pragma once
// What clients of other products send, as bodies that Api::purge() takes: so limits, checks and
// messages are those of POST /v1/purges (docs/purging.md, "Clients you already have").
//
// Sources: Fastly's purge API as its generated clients call it (fastly/fastly-js
// src/api/PurgeApi.js), Cloudflare's purge_cache as its clients call it
// (cloudflare/cloudflare-typescript src/resources/cache/cache.ts). Pure; all input is the
// network's.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "purge/parse_purge.h"

namespace brink::purge {

inline constexpr std::size_t kPurgesPerRequest = 100;  // one request of another product's

// What holds for all purges of a request. Texts are put into the bodies as they are; parse_purge()
// judges them.
struct CompatScope {
  std::string site = {};  // a site's name; "*" = all
  bool soft = false;
  std::string wait = {};    // X-Purge-Wait; empty = the default
  std::string reason = {};  // for the audit log
};

using Bodies = std::vector<std::string>;  // each for one purge; at least one
using Translation = std::variant<Bodies, Problem>;

// "%2F" → "/"; nothing when a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

// POST /service/{id}/purge/{key}, and any other list of tags.
std::string tags_body(const std::vector<std::string>& tags, const CompatScope& scope);
std::string urls_body(const std::vector<std::string>& urls, const CompatScope& scope);
// POST /service/{id}/purge_all: everything of the site.
std::string all_body(const CompatScope& scope);

// POST /service/{id}/purge: the keys, each once, of its field Surrogate-Key (separated by white
// space) and of its body {"surrogate_keys":[…]}; either may be missing, not both.
std::variant<std::vector<std::string>, Problem> fastly_keys(std::string_view field,
                                                            std::string_view body);

// POST /client/v4/zones/{id}/purge_cache: one purge for all "files", one for all "tags", one for
// each of "hosts" and "prefixes"; "purge_everything" makes the rest unnecessary. The "headers" of a
// file are not looked at: every variant of its URL goes.
Translation cloudflare_purges(std::string_view body, const CompatScope& scope);
// Cloudflare's number for one of our problems, as far as it has one; otherwise 20000 + the status.
int cloudflare_code(int status, std::string_view code);

// Words between spaces and tabs (and commas too, where asked).
std::vector<std::string> split_words(std::string_view text, bool at_commas);

}  // namespace brink::purge

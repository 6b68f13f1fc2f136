#pragma once
// The tags that an origin gives a response, for purges: Surrogate-Key and xkey (separated by white
// space), Cache-Tag (by commas), the fields that applications write for Varnish: X-Magento-Tags (by
// commas), Cache-Tags and Purge-Cache-Tags (Drupal's purgers, by white space), X-Cache-Tags
// (FOSHttpCache, by either); and the names in Cache-Groups (RFC 9875), which are tags of the same
// origin.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/fields.h"

namespace brink::edge::cache {

struct ResponseTag {
  std::string text;
  bool is_group = false;
};

struct TagLimits {
  std::uint32_t tags = 1000;       // config purge.tags_per_response
  std::uint32_t bytes = 64 * 1024;  // purge.tag_bytes, of all texts together
};

struct ResponseTags {
  std::vector<ResponseTag> list;  // each once
  bool over_limit = false;  // then the list is not complete: a response that lost a tag would escape
                            // a purge, so it is not stored
};

// Pure.
ResponseTags tags_of(Fields fields, const TagLimits& limits);

// All of these but Cache-Groups: kept beside the stored head, not in it (stored_head.cc).
bool is_tag_field(std::string_view name);
// Any of them, or Cache-Groups, is there.
bool names_tags(Fields fields);

}  // namespace brink::edge::cache

#pragma once
// The part of the conformance suite that is about tags: what puts tagged responses, and looks.

#include <set>
#include <string>
#include <vector>

#include "tests/store/conformance.h"

namespace brink::edge::store {

// Views of `names`.
inline std::vector<Tag> tags_named(const std::vector<std::string>& names) {
  std::vector<Tag> out;
  for (const std::string& name : names) out.push_back({cache::hash_key(name), name, false});
  return out;
}

class StoreTags : public StoreTest {
 public:
  std::unique_ptr<Writer> begin_tagged(const cache::CacheKey& key,
                                       const std::vector<std::string>& names,
                                       std::uint64_t as_of = 0, bool store = true) {
    const std::vector<Tag> tags = tags_named(names);
    auto writer = store_->begin({.key = key,
                                 .variant_key = {},
                                 .head = kHead,
                                 .meta = {},
                                 .announced_length = 3,
                                 .as_of = as_of,
                                 .tags = tags,
                                 .store = store});
    EXPECT_TRUE(writer.has_value());
    return writer ? std::move(*writer) : nullptr;
  }
  ResponsePtr put_tagged(const cache::CacheKey& key, const std::vector<std::string>& names,
                         std::uint64_t as_of = 0) {
    const auto writer = begin_tagged(key, names, as_of);
    writer->append("abc");
    EXPECT_TRUE(writer->commit());
    return writer->response();
  }
  std::string names_of(const StoredResponse& response) const {
    std::string out;
    bool is_group = false;
    for (std::size_t i = 0; i < response.tags().size(); ++i) {
      EXPECT_TRUE(store_->tag_text(response.tags()[i], out, is_group));
      out += " ";
    }
    return out;
  }
  std::uint64_t responses_with(const std::string& name) const {
    return store_->tag_totals(cache::hash_key(name)).responses;
  }
  std::multiset<std::string> walk_all(std::size_t at_once) const {
    std::multiset<std::string> keys;
    WalkPosition at;
    std::vector<ResponsePtr> batch;
    for (bool more = true; more;) {
      batch.clear();
      more = store_->walk(at, at_once, batch);
      for (const ResponsePtr& response : batch) keys.emplace(response->key());
    }
    return keys;
  }
};

}  // namespace brink::edge::store

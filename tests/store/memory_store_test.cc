// The memory store passes the conformance suite: with its stripes, and with a single one.

#include "tests/store/conformance_tags.h"

namespace brink::edge::store {
namespace {

std::unique_ptr<Store> single_stripe(MemoryStoreOptions options) {
  options.stripes = 1;
  return make_memory_store(options);
}

const auto kMemoryStores = ::testing::Values(StoreFactory{"memory", make_memory_store},
                                             StoreFactory{"memory_single_stripe", single_stripe});

INSTANTIATE_TEST_SUITE_P(Memory, StoreTest, kMemoryStores,
                         [](const auto& instance) { return instance.param.name; });
INSTANTIATE_TEST_SUITE_P(Memory, StoreTags, kMemoryStores,
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace brink::edge::store

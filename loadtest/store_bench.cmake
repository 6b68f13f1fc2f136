# Needs jemalloc: the ceiling's arithmetic is that of its size classes, and so is the product's memory.
add_executable(store_bench store_bench.cc)
target_link_libraries(store_bench PRIVATE brink_store brink_cache brink_config fmt::fmt Threads::Threads PkgConfig::JEMALLOC)

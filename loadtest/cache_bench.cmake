add_executable(cache_bench cache_bench.cc)
target_link_libraries(cache_bench PRIVATE brink_cache benchmark::benchmark)

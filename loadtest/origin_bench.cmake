add_executable(origin_bench origin_bench.cc)
target_link_libraries(origin_bench PRIVATE brink_origin benchmark::benchmark)

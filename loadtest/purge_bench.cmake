add_executable(purge_bench ${CMAKE_CURRENT_LIST_DIR}/purge_bench.cc)
target_link_libraries(purge_bench PRIVATE brink_flow fmt::fmt PkgConfig::JEMALLOC)

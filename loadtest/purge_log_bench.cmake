add_executable(purge_log_bench purge_log_bench.cc)
target_link_libraries(purge_log_bench PRIVATE brink_purge test_nats fmt::fmt Threads::Threads)

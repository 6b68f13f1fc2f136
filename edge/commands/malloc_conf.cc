// How jemalloc is set up in the released binary; it reads this name at start (jemalloc(3), TUNING).
//
// slab_sizes: sixteen pages for the class of 1 KiB bodies, so that 500,000 stored responses cost about 225 bytes each beyond head and
// body instead of 255 (loadtest/store_bench). dirty_decay_ms: what eviction frees goes back to the system within a second,
// so that resident memory follows the ceiling of the cache.

extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "slab_sizes:1024-1024:16,dirty_decay_ms:1000,muzzy_decay_ms:0";
}

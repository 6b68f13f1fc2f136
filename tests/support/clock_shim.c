/* Preloaded into the real binary by the case runner: the wall clock is the number of nanoseconds since 1970 that
 * stands in the file named by BRINK_TEST_CLOCK, so that a case can say `advance 3s` to an unmodified program.
 * Every other clock (monotonic above all) is the machine's: time-outs stay real. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS 1000000000LL

static _Atomic(const _Atomic(int64_t)*) shared_clock;

__attribute__((constructor)) static void map_clock(void) {
  const char* path = getenv("BRINK_TEST_CLOCK");
  if (path == NULL) return;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void* page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED) atomic_store(&shared_clock, (const _Atomic(int64_t)*)page);
}

static int is_wall_clock(clockid_t id) { return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE; }

int clock_gettime(clockid_t id, struct timespec* out) {
  const _Atomic(int64_t)* page = atomic_load(&shared_clock);
  if (page == NULL || !is_wall_clock(id)) return (int)syscall(SYS_clock_gettime, id, out);
  const int64_t now = atomic_load(page);
  out->tv_sec = (time_t)(now / NANOSECONDS);
  out->tv_nsec = (long)(now % NANOSECONDS);
  return 0;
}

int gettimeofday(struct timeval* restrict out, void* restrict zone) {
  (void)zone;
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

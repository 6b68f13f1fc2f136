#include "config/runtime/random.h"

#include <sys/random.h>

#include <cerrno>

#include "config/runtime/error.h"

namespace brink {

std::uint64_t secure_random() {
  std::uint64_t value = 0;
  // Requests of at most 256 bytes are never short once the kernel's pool is ready (getrandom(2));
  // only a signal before that can interrupt one.
  ssize_t n = -1;
  do {
    n = ::getrandom(&value, sizeof value, 0);
  } while (n < 0 && errno == EINTR);
  CHECK(n == static_cast<ssize_t>(sizeof value));
  return value;
}

}  // namespace brink

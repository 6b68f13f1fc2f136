#include "edge/store/stored_body.h"

#include <memory>
#include <new>

#include "edge/store/size_class.h"

namespace brink::edge::store {

std::uint64_t SharedBody::footprint(std::size_t chunks) noexcept {
  return allocation_bytes(sizeof(SharedBody) + chunks * sizeof(BodyChunk));
}

SharedBody* SharedBody::create(std::span<const BodyChunk> chunks, std::uint64_t charge) {
  static_assert(alignof(BodyChunk) <= alignof(SharedBody));
  void* memory = ::operator new(sizeof(SharedBody) + chunks.size_bytes());
  auto* body = new (memory) SharedBody(static_cast<std::uint32_t>(chunks.size()), charge);
  std::uninitialized_copy(chunks.begin(), chunks.end(), reinterpret_cast<BodyChunk*>(body + 1));
  return body;
}

void SharedBody::discard(SharedBody* body) noexcept {
  body->~SharedBody();
  ::operator delete(body);
}

std::uint64_t SharedBody::release() noexcept {
  if (refs_.fetch_sub(1, std::memory_order_acq_rel) != 1) return 0;
  for (const BodyChunk& chunk : chunks())
    ::operator delete(chunk.data);
  const std::uint64_t charge = charge_;
  discard(this);
  return charge;
}

}  // namespace brink::edge::store

#include "edge/store/stored_response.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "config/runtime/error.h"
#include "edge/store/size_class.h"
#include "edge/store/stored_body.h"

namespace brink::edge::store {
namespace {

constexpr std::uintptr_t kSharedBit = 1;
constexpr std::size_t kTagCountBytes = sizeof(std::uint16_t);
// What a kept body of no bytes points at: never freed, never read.
alignas(16) char no_bytes[16];

SharedBody* shared(std::uintptr_t word) {
  return reinterpret_cast<SharedBody*>(word & ~kSharedBit);
}
char* bytes(std::uintptr_t word) {
  return reinterpret_cast<char*>(word);
}
std::uintptr_t word_of(SharedBody* body) {
  return reinterpret_cast<std::uintptr_t>(body) | kSharedBit;
}

}  // namespace

static_assert(sizeof(StoredResponse) <= 80 + sizeof(cache::StoredMeta),
              "all metadata of a response, index and rounding included, has 256 bytes");

std::size_t StoredResponse::size_with(std::size_t texts, std::size_t tags) noexcept {
  const std::size_t tag_bytes = tags == 0 ? 0 : kTagCountBytes + tags * sizeof(std::uint64_t);
  return std::max(sizeof(StoredResponse), text_offset() + texts + tag_bytes);
}

std::size_t StoredResponse::size_of(const Parts& parts) noexcept {
  return size_with(parts.key.text.size() + parts.variant_key.size() + parts.head.size(),
                   parts.tags.size());
}

bool StoredResponse::fits(const Parts& parts) noexcept {
  return parts.key.text.size() >> kTextBits == 0 && parts.head.size() >> kTextBits == 0 &&
         parts.variant_key.size() >> kVariantBits == 0 && parts.stripe < kStripesMax &&
         parts.tags.size() <= kTagsMax;
}

StoredResponse::StoredResponse(const Parts& parts, ResponseSlab* slab) noexcept
    : hash_(static_cast<std::uint32_t>(parts.key.hash)),
      key_length_(parts.key.text.size() & ((1U << kTextBits) - 1)),
      head_length_(parts.head.size() & ((1U << kTextBits) - 1)),
      variant_length_(parts.variant_key.size() & ((1U << kVariantBits) - 1)),
      stripe_(parts.stripe & (kStripesMax - 1)),
      has_tags_(parts.tags.empty() ? 0 : 1),
      as_of_(parts.as_of),
      meta_(parts.meta),
      slab_(slab) {}

boost::intrusive_ptr<StoredResponse> StoredResponse::create(const Parts& parts,
                                                            ResponseMemory::Slot slot) {
  CHECK(fits(parts));
  auto* response = new (slot.memory) StoredResponse(parts, slot.slab);
  char* out = static_cast<char*>(slot.memory) + text_offset();
  for (std::string_view part : {parts.key.text, parts.variant_key, parts.head}) {
    out = std::copy(part.begin(), part.end(), out);
  }
  if (parts.tags.empty()) return {response};
  const auto count = static_cast<std::uint16_t>(parts.tags.size());
  std::memcpy(out, &count, kTagCountBytes);
  out += kTagCountBytes;
  for (const Tag& tag : parts.tags) {
    std::memcpy(out, &tag.hash, sizeof(tag.hash));
    out += sizeof(tag.hash);
  }
  return {response};
}

TagHashes StoredResponse::tags() const noexcept {
  if (has_tags_ == 0) return {};
  const char* at = text() + texts();
  std::uint16_t count = 0;
  std::memcpy(&count, at, kTagCountBytes);
  return {at + kTagCountBytes, count};
}

void StoredResponse::raise_as_of(std::uint64_t sequence) const noexcept {
  std::uint64_t seen = as_of();
  while (seen < sequence && !as_of_.compare_exchange_weak(seen, sequence, std::memory_order_relaxed)) {
  }
}

void StoredResponse::adopt_body(char* data, std::uint64_t length) noexcept {
  CHECK(!has_body());
  CHECK((data == nullptr) == (length == 0));
  body_length_.store(length, std::memory_order_relaxed);
  char* kept = data != nullptr ? data : no_bytes;
  body_.store(reinterpret_cast<std::uintptr_t>(kept), std::memory_order_release);
}

void StoredResponse::adopt_body(SharedBody* body, std::uint64_t length) noexcept {
  CHECK(!has_body());
  body_length_.store(length, std::memory_order_relaxed);
  body_.store(word_of(body), std::memory_order_release);
}

std::uint64_t StoredResponse::sharing_cost() const noexcept {
  const std::uintptr_t word = body_.load(std::memory_order_acquire);
  const bool alone = word != 0 && (word & kSharedBit) == 0 && body_length() > 0;
  return alone ? SharedBody::footprint(1) : 0;
}

void StoredResponse::share_body_with(StoredResponse& fresh, std::uint64_t charged) const {
  const std::uint64_t length = body_length();
  std::uintptr_t word = body_.load(std::memory_order_acquire);
  CHECK(word != 0);
  if (length == 0) {
    fresh.adopt_body(static_cast<char*>(nullptr), 0);
  } else if ((word & kSharedBit) == 0) {
    CHECK(charged == SharedBody::footprint(1));
    const BodyChunk chunk{bytes(word), length};
    SharedBody* body = SharedBody::create({&chunk, 1}, allocation_bytes(length) + charged);
    if (body_.compare_exchange_strong(word, word_of(body), std::memory_order_acq_rel)) {
      word = word_of(body);
      charged = 0;
    } else {
      SharedBody::discard(body);  // somebody else shared it first: `word` is theirs now
    }
  }
  if (length > 0) {
    shared(word)->add_ref();
    fresh.adopt_body(shared(word), length);
  }
  if (charged > 0) slab_->memory->budget()->credit(charged);
}

std::optional<std::string_view> StoredResponse::contiguous_body() const noexcept {
  const std::uintptr_t word = body_.load(std::memory_order_acquire);
  if (word == 0) return std::nullopt;
  if ((word & kSharedBit) == 0) return std::string_view{bytes(word), body_length()};
  const std::span<const BodyChunk> chunks = shared(word)->chunks();
  if (chunks.size() != 1) return std::nullopt;
  return std::string_view{chunks[0].data, body_length()};
}

std::size_t StoredResponse::body_views(std::uint64_t begin, std::uint64_t end,
                                       std::span<std::string_view> out,
                                       std::size_t max_bytes) const noexcept {
  const std::uintptr_t word = body_.load(std::memory_order_acquire);
  DCHECK(word != 0 && begin <= end && end <= body_length());
  end = std::min(end, begin + std::min<std::uint64_t>(max_bytes, end - begin));
  if (begin == end || out.empty()) return 0;
  if ((word & kSharedBit) == 0) {
    out[0] = {bytes(word) + begin, end - begin};
    return 1;
  }
  const std::span<const BodyChunk> chunks = shared(word)->chunks();
  auto chunk = std::upper_bound(chunks.begin(), chunks.end(), begin,
                                [](std::uint64_t at, const BodyChunk& c) { return at < c.end; });
  std::size_t count = 0;
  for (; count < out.size() && begin < end; ++chunk) {
    const std::uint64_t chunk_begin = chunk == chunks.begin() ? 0 : std::prev(chunk)->end;
    const std::uint64_t until = std::min(end, chunk->end);
    out[count++] = {chunk->data + (begin - chunk_begin), until - begin};
    begin = until;
  }
  return count;
}

std::size_t StoredResponse::own_size() const noexcept {
  return size_with(texts(), tags().size());
}

std::uint64_t StoredResponse::weight() const noexcept {
  const std::uint64_t length = body_length();
  const std::uint64_t own =
      slab_->slot_bytes != 0 ? slab_->slot_bytes : ResponseMemory::alone_bytes(own_size());
  return own + (length > 0 ? allocation_bytes(length) : 0);
}

// Credits everything in one step at the very end: the store's last memory may go with it.
void StoredResponse::destroy() noexcept {
  CHECK(queue_ == Queue::None);
  std::uint64_t credit = 0;
  const std::uintptr_t word = body_.load(std::memory_order_acquire);
  if ((word & kSharedBit) != 0) {
    credit = shared(word)->release();
  } else if (word != 0 && body_length() > 0) {
    ::operator delete(bytes(word));
    credit = allocation_bytes(body_length());
  }
  const ResponseMemory::Slot slot{this, slab_};
  const std::size_t size = own_size();
  if (has_tags_ != 0) credit += slab_->memory->tags().release(tags());
  this->~StoredResponse();
  ResponseMemory::give_back(slot, size, credit);
}

}  // namespace brink::edge::store

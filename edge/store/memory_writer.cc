#include "edge/store/memory_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "edge/store/memory_store.h"
#include "edge/store/size_class.h"
#include "edge/store/stored_body.h"

namespace brink::edge::store {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kPieceBytesMax = 1024 * kKiB;
constexpr std::uint64_t kWasteShare = 8;  // more than one 8th is given back at commit
// What upstream may hand over at once; a window pauses before it could not take as much.
constexpr std::uint64_t kAppendBytes = 16 * kKiB;

constexpr Error kNoRoom{ErrorCode::StoreFull, Side::Store, Retry::Never, "cache.memory"};
constexpr Error kWrongLength{ErrorCode::ResponseIncomplete, Side::Upstream, Retry::Never,
                             "the body is not as long as announced"};
constexpr Error kAbandoned{ErrorCode::Cancelled, Side::Internal, Retry::Never,
                           "the fetch was given up"};

// The next piece of a body of which `length` bytes are there.
std::uint64_t piece_bytes(std::uint64_t length, const std::optional<std::uint64_t>& announced,
                          std::uint64_t wanted) {
  if (announced.has_value() && *announced <= kPieceBytesMax) return *announced;
  std::uint64_t piece = kPieceBytesMax;
  if (length < 4 * kKiB) {
    piece = 4 * kKiB;
  } else if (length < 20 * kKiB) {
    piece = 16 * kKiB;
  } else if (length < 84 * kKiB) {
    piece = 64 * kKiB;
  } else if (length < 340 * kKiB) {
    piece = 256 * kKiB;
  }
  piece = std::max(piece, std::min(wanted, kPieceBytesMax));
  return announced.has_value() ? std::min(piece, *announced - length) : piece;
}

}  // namespace

std::uint64_t MemoryWriter::footprint() noexcept {
  constexpr std::size_t kSharedCount = 16;
  return allocation_bytes(sizeof(MemoryWriter)) + allocation_bytes(sizeof(Fill) + kSharedCount);
}

MemoryWriter::MemoryWriter(MemoryStore& store, boost::intrusive_ptr<StoredResponse> response,
                           std::shared_ptr<Fill> fill, cache::Reason reason)
    : store_(store),
      response_(std::move(response)),
      shared_response_(response_),
      fill_(std::move(fill)),
      reason_(reason) {}

MemoryWriter::~MemoryWriter() {
  if (!finished_) abort(kAbandoned);
  fill_->set_writer_waker(nullptr);
}

Writer::Append MemoryWriter::append(std::string_view bytes) {
  CHECK(!finished_);
  if (failed_) return Append::Taken;
  if (fill_->announced().has_value() && bytes.size() > *fill_->announced() - fill_->length()) {
    contradicted_ = true;  // commit() will say so; nobody gets to see what was not announced
    bytes = bytes.substr(0, *fill_->announced() - fill_->length());
  }
  if (fill_->storing() && fill_->length() + bytes.size() > store_.max_response_bytes()) {
    give_up_storing(cache::Reason::TooLarge);
  }
  while (!bytes.empty()) {
    if (fill_->room() == 0 && !grow(bytes.size())) {
      end(kNoRoom, cache::Reason::StoreFull);
      return Append::Taken;
    }
    const std::size_t piece = std::min<std::uint64_t>(bytes.size(), fill_->room());
    fill_->write(bytes.substr(0, piece));
    bytes.remove_prefix(piece);
  }
  const Append result = pause_if_needed();
  fill_->wake_readers();
  return result;
}

bool MemoryWriter::grow(std::size_t wanted) {
  if (fill_->storing()) {
    if (grow_storing(wanted)) return true;
    give_up_storing(cache::Reason::StoreFull);
  }
  return grow_window();
}

bool MemoryWriter::grow_storing(std::size_t wanted) {
  const std::uint64_t piece = piece_bytes(fill_->length(), fill_->announced(), wanted);
  if (!store_.make_room(Chunk::footprint(piece), MemoryStore::For::Storing, response_->stripe()))
    return false;
  fill_->add_chunk(Chunk::create(static_cast<std::uint32_t>(piece), store_.budget()));
  return true;
}

bool MemoryWriter::grow_window() {
  if (fill_->use_spare()) return true;
  const std::uint32_t piece = fill_->window_chunk_bytes();
  if (!store_.make_room(Chunk::footprint(piece), MemoryStore::For::Passing, response_->stripe()))
    return false;
  fill_->add_chunk(Chunk::create(piece, store_.budget()));
  return true;
}

void MemoryWriter::give_up_storing(cache::Reason reason) {
  fill_->become_window();
  reason_ = reason;
  store_.enter_window(*this, true);
}

// A window that has no memory for the next bytes waits until readers have passed what is there,
// rather than fail.
Writer::Append MemoryWriter::pause_if_needed() {
  if (fill_->storing()) return Append::Taken;
  if (fill_->pause_if_full()) return Append::Full;
  if (fill_->room() >= std::min<std::uint64_t>(kAppendBytes, fill_->window_chunk_bytes()) ||
      fill_->has_spare()) {
    return Append::Taken;
  }
  const std::uint32_t piece = fill_->window_chunk_bytes();
  if (store_.make_room(Chunk::footprint(piece), MemoryStore::For::Passing, response_->stripe())) {
    fill_->set_spare(Chunk::create(piece, store_.budget()));
    return Append::Taken;
  }
  return fill_->pause_for_memory() ? Append::Full : Append::Taken;
}

bool MemoryWriter::commit() {
  CHECK(!finished_);
  finished_ = true;
  if (failed_) return false;
  const std::optional<std::uint64_t>& announced = fill_->announced();
  if (contradicted_ || (announced.has_value() && *announced != fill_->length())) {
    end(kWrongLength, cache::Reason::Incomplete);
    return false;
  }
  if (fill_->storing() && !adopt_body()) give_up_storing(cache::Reason::StoreFull);
  const bool stored = fill_->storing();
  if (stored) {
    store_.insert(*response_);  // before readers learn of the end: what they ask next is a hit
    reason_ = cache::Reason::Stored;
  } else {
    response_->set_passed_length(fill_->length());
    store_.leave_window(*this);
  }
  fill_->complete(stored);
  return stored;
}

// The pieces become the response's body; the fill goes on reading them until complete().
bool MemoryWriter::adopt_body() {
  const std::uint64_t length = fill_->length();
  const std::vector<ChunkPtr>& pieces = fill_->chunks();
  if (length == 0) {
    response_->adopt_body(static_cast<char*>(nullptr), 0);
    return true;
  }
  const std::uint64_t exact = allocation_bytes(length);
  if (pieces.size() == 1 && allocation_bytes(pieces[0]->capacity) == exact) {
    pieces[0]->disown();
    response_->adopt_body(pieces[0]->data(), length);
    return true;
  }
  std::uint64_t held = 0;
  for (const ChunkPtr& piece : pieces)
    held += allocation_bytes(piece->capacity);
  const bool wasteful = held > exact + length / kWasteShare;
  if (length <= kPieceBytesMax && (wasteful || pieces.size() > 1) && adopt_copy(length, exact))
    return true;
  return adopt_pieces(length);
}

bool MemoryWriter::adopt_copy(std::uint64_t length, std::uint64_t exact) {
  if (!store_.make_room(exact, MemoryStore::For::Storing, response_->stripe())) return false;
  char* data = static_cast<char*>(::operator new(length));
  for (const ChunkPtr& piece : fill_->chunks()) {
    const std::uint64_t size = std::min<std::uint64_t>(piece->capacity, length - piece->begin);
    std::memcpy(data + piece->begin, piece->data(), size);
  }
  response_->adopt_body(data, length);
  return true;
}

bool MemoryWriter::adopt_pieces(std::uint64_t length) {
  const std::vector<ChunkPtr>& pieces = fill_->chunks();
  std::uint64_t charge = SharedBody::footprint(pieces.size());
  if (!store_.make_room(charge, MemoryStore::For::Storing, response_->stripe())) return false;
  std::vector<BodyChunk> chunks;
  chunks.reserve(pieces.size());
  for (const ChunkPtr& piece : pieces) {
    const std::uint64_t end = std::min(piece->end(), length);
    const std::uint64_t size = end - piece->begin;
    const std::uint64_t held = allocation_bytes(piece->capacity);
    const std::uint64_t exact = allocation_bytes(size);
    if (held > exact + length / kWasteShare &&
        store_.make_room(exact, MemoryStore::For::Storing, response_->stripe())) {
      char* copy = static_cast<char*>(::operator new(size));
      std::memcpy(copy, piece->data(), size);
      chunks.push_back({copy, end});
      charge += exact;
    } else {
      piece->disown();
      chunks.push_back({piece->data(), end});
      charge += held;
    }
  }
  response_->adopt_body(SharedBody::create(chunks, charge), length);
  return true;
}

void MemoryWriter::abort(Error error) {
  CHECK(!finished_);
  finished_ = true;
  if (!failed_) end(error, cache::Reason::Incomplete);
}

void MemoryWriter::end(const Error& error, cache::Reason reason) {
  failed_ = true;
  reason_ = reason;
  store_.leave_window(*this);
  fill_->fail(error);
}

}  // namespace brink::edge::store

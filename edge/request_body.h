#pragma once
// A client's request body on its way upstream: a bounded ring between the session that reads and the call that sends.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string_view>

#include "origin/upstream.h"

namespace brink::edge {

// Belongs to one connection; both ends on its shard.
class RequestBody final : public origin::BodySource {
 public:
  static constexpr std::size_t kCapacity = 64 * 1024;
  static constexpr std::uint64_t kMaxDrainBytes = 256 * 1024;  // of a body nobody wants, to keep the connection or stream

  void begin(std::uint64_t limit_bytes) {
    begin_ = size_ = 0;
    received_ = 0;
    limit_ = limit_bytes;
    state_ = State::Wait;
    discard_ = false;
  }
  // A stricter limit, known only now.
  void limit(std::uint64_t limit_bytes) { limit_ = std::min(limit_, limit_bytes); }
  // Nobody will pull any more: what still comes is counted and dropped.
  void discard() {
    discard_ = true;
    size_ = 0;
  }
  std::size_t room() const { return discard_ ? kCapacity : kCapacity - size_; }
  // Takes what fits; returns how much.
  std::size_t push(std::string_view bytes) {
    const std::size_t n = std::min(bytes.size(), room());
    received_ += n;
    if (discard_) return n;
    if (!ring_) ring_ = std::make_unique<std::array<char, kCapacity>>();
    const std::size_t at = (begin_ + size_) % kCapacity;
    const std::size_t first = std::min(n, kCapacity - at);
    std::memcpy(ring_->data() + at, bytes.data(), first);
    std::memcpy(ring_->data(), bytes.data() + first, n - first);
    size_ += n;
    return n;
  }
  void finish() { state_ = State::End; }
  void fail() { state_ = State::Failed; }
  std::uint64_t received() const { return received_; }
  std::uint64_t taken() const { return received_ - size_; }  // pulled or dropped
  bool over_limit() const { return received_ > limit_; }

  State pull(char* into, std::size_t size, std::size_t& count) override {
    count = std::min(size, size_);
    if (count == 0) return state_;
    const std::size_t first = std::min(count, kCapacity - begin_);
    std::memcpy(into, ring_->data() + begin_, first);
    std::memcpy(into + first, ring_->data(), count - first);
    begin_ = (begin_ + count) % kCapacity;
    size_ -= count;
    if (on_room) on_room();
    return State::Data;
  }
  std::function<void()> on_room;  // the session may read on

 private:
  std::unique_ptr<std::array<char, kCapacity>> ring_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t limit_ = UINT64_MAX;
  State state_ = State::Wait;
  bool discard_ = false;
};

}  // namespace brink::edge

#pragma once
// What every store is tested with: a factory per implementation, keys, bodies whose bytes tell
// where they come from, and readers that collect.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "edge/cache/key.h"
#include "edge/store/fill.h"
#include "edge/store/store.h"

namespace brink::edge::store {

struct StoreFactory {
  std::string name;
  std::function<std::unique_ptr<Store>(const MemoryStoreOptions&)> make;
};

// A key that owns its text.
class TestKey {
 public:
  explicit TestKey(std::string text) : text_(std::move(text)), hash_(cache::hash_key(text_)) {}
  TestKey(std::string text, std::uint64_t hash) : text_(std::move(text)), hash_(hash) {}
  operator cache::CacheKey() const { return {text_, hash_}; }  // NOLINT: a key is what it is for

 private:
  std::string text_;
  std::uint64_t hash_;
};

// Takes any variant.
class AnyVariant final : public Selector {
 public:
  std::int64_t score(const StoredResponse&) const noexcept override { return 1; }
};

// Takes the variant with exactly this key.
class ThisVariant final : public Selector {
 public:
  explicit ThisVariant(std::string_view variant) : variant_(variant) {}
  std::int64_t score(const StoredResponse& candidate) const noexcept override {
    return candidate.variant_key() == variant_ ? 1 : 0;
  }

 private:
  std::string_view variant_;
};

class CountingWaker final : public Waker {
 public:
  void wake() noexcept override { ++calls; }
  std::atomic<int> calls{0};
};

// `size` bytes that differ by `seed` and by place: bytes of another body, or out of order, do not
// go unnoticed.
inline std::string body_of(std::uint64_t seed, std::size_t size) {
  std::string body(size, '\0');
  std::uint64_t state = seed * 0x9e3779b97f4a7c15ULL + 1;
  for (std::size_t i = 0; i < size; ++i) {
    if (i % 8 == 0) state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    body[i] = static_cast<char>(state >> (8 * (i % 8)));
  }
  return body;
}

// What a reader found, and how it ended: End, Cut, or Wait (nothing more for now).
struct Collected {
  std::string bytes;
  BodyReader::State state = BodyReader::State::Wait;
};

// Reads on until there is nothing more for now, at most `at_most` bytes.
inline Collected collect(BodyReader& reader, std::size_t at_most = SIZE_MAX) {
  Collected result;
  while (result.bytes.size() < at_most) {
    std::array<std::string_view, 3> views;
    std::size_t count = 0;
    result.state = reader.next(views, count, at_most - result.bytes.size());
    if (result.state != BodyReader::State::Data) return result;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      result.bytes.append(views[i]);
      bytes += views[i].size();
    }
    reader.consume(bytes);
  }
  return result;
}

inline std::string body_text(const ResponsePtr& response) {
  BodyReader reader(response, 0, UINT64_MAX);
  Collected all = collect(reader);
  EXPECT_EQ(all.state, BodyReader::State::End);
  return all.bytes;
}

class StoreTest : public ::testing::TestWithParam<StoreFactory> {
 public:
  static constexpr std::uint64_t kKiB = 1024;
  static constexpr std::uint64_t kMiB = 1024 * kKiB;

  void make(const MemoryStoreOptions& options = {}) { store_ = GetParam().make(options); }

  // Begins, or fails the test.
  std::unique_ptr<Writer> begin(const cache::CacheKey& key,
                                std::optional<std::uint64_t> announced = std::nullopt,
                                std::string_view variant = {}, bool store = true) {
    cache::StoredMeta meta;
    meta.status = 200;
    const NewResponse fresh{.key = key,
                            .variant_key = variant,
                            .head = kHead,
                            .meta = meta,
                            .announced_length = announced,
                            .store = store};
    auto writer = store_->begin(fresh);
    EXPECT_TRUE(writer.has_value());
    return writer ? std::move(*writer) : nullptr;
  }
  // Stores a whole body of known length; true when it was stored.
  bool put(const cache::CacheKey& key, std::string_view body, std::string_view variant = {}) {
    const auto writer = begin(key, body.size(), variant);
    if (!writer) return false;
    if (!body.empty()) writer->append(body);
    return writer->commit();
  }
  // Appends in pieces, as from a socket.
  static void append_pieces(Writer& writer, std::string_view body, std::size_t piece) {
    for (; !body.empty(); body.remove_prefix(std::min(piece, body.size())))
      writer.append(body.substr(0, piece));
  }
  ResponsePtr find(const cache::CacheKey& key) { return store_->lookup(key, AnyVariant{}); }
  ResponsePtr find(const cache::CacheKey& key, std::string_view variant) {
    return store_->lookup(key, ThisVariant{variant});
  }
  std::uint64_t used() const { return store_->stats().bytes_used; }
  void expect_under_ceiling() const {
    const StoreStats stats = store_->stats();
    EXPECT_LE(stats.bytes_used, stats.bytes_ceiling);
  }

  static constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
  std::unique_ptr<Store> store_;
};

}  // namespace brink::edge::store

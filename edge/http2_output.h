#pragma once
// What an HTTP/2 connection is about to write: frames, copied, and body bytes, by reference, in their order.

#include <sys/uio.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace brink::edge {

class Http2Output {
 public:
  // Bodies shorter than this are copied: a part of a gather write costs more.
  static constexpr std::size_t kCopyBelow = 2048;
  static constexpr std::size_t kMaxParts = 64;
  static constexpr std::size_t kEnough = 128 * 1024;

  void append(std::string_view bytes) {
    if (pieces_.empty() || pieces_.back().view) pieces_.push_back({nullptr, text_.size(), 0});
    text_.append(bytes);
    pieces_.back().size += bytes.size();
    size_ += bytes.size();
  }
  // `bytes` stay where they are until clear().
  void refer(std::string_view bytes) {
    if (bytes.size() < kCopyBelow) return append(bytes);
    pieces_.push_back({bytes.data(), 0, bytes.size()});
    size_ += bytes.size();
  }
  std::size_t size() const { return size_; }  // all that was put in since clear()
  bool empty() const { return size_ == 0; }
  bool is_full() const { return size_ >= kEnough || pieces_.size() >= kMaxParts; }  // time to write

  // Everything, as parts; valid until the next call of anything here.
  std::span<iovec> parts() {
    parts_.clear();
    for (const Piece& piece : pieces_) {
      const char* at = piece.view != nullptr ? piece.view : text_.data() + piece.at;
      parts_.push_back({const_cast<char*>(at), piece.size});
    }
    return parts_;
  }
  void clear() {
    if (text_.capacity() > kKept) text_ = {};
    text_.clear();
    pieces_.clear();
    size_ = 0;
  }

 private:
  static constexpr std::size_t kKept = 64 * 1024;
  struct Piece {
    const char* view;  // null = in text_
    std::size_t at, size;
  };
  std::string text_;
  std::vector<Piece> pieces_;
  std::vector<iovec> parts_;
  std::size_t size_ = 0;
};

}  // namespace brink::edge

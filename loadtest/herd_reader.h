#pragma once
// Reads one HTTP/1.1 response for the herd: where it ends, its status, and a hash of its body.
//
// Not a client for the world: it believes what the server under test says, except that a length
// that is wrong or a head that is not HTTP is Bad. Keeps at most the head (64 KiB); the body is
// hashed as it comes. No I/O.

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace brink::loadtest {

class ResponseReader {
 public:
  enum class State : std::uint8_t { More, Done, Bad };

  // Takes the next bytes of the connection. Interim responses (1xx) are passed over.
  State feed(std::string_view data) {
    while (true) {
      if (part_ == Part::Head) {
        const State state = feed_head(data);
        if (state != State::Done) return state;
        data = {};
      }
      if (part_ == Part::Chunks) return feed_chunks(data);
      if (part_ == Part::Length) return feed_length(data);
      if (part_ == Part::ToClose) {
        hash(data);
        return State::More;
      }
    }
  }

  int status() const { return status_; }
  std::uint64_t body_hash() const { return hash_; }
  std::uint64_t body_bytes() const { return bytes_; }
  bool ends_at_close() const { return part_ == Part::ToClose; }

 private:
  enum class Part : std::uint8_t { Head, Length, Chunks, ToClose };
  static constexpr std::size_t kHeadLimitBytes = 64 * 1024;

  // Done = the head is complete; what follows it is in pending_.
  State feed_head(std::string_view data) {
    pending_.append(data);
    while (true) {
      const auto end = pending_.find("\r\n\r\n");
      if (end == std::string::npos)
        return pending_.size() > kHeadLimitBytes ? State::Bad : State::More;
      std::string head = pending_.substr(0, end + 2);
      pending_.erase(0, end + 4);
      if (!head.starts_with("HTTP/1.1 ") || head.size() < 12) return State::Bad;
      status_ = (head[9] - '0') * 100 + (head[10] - '0') * 10 + (head[11] - '0');
      if (status_ >= 200) {
        read_framing(std::move(head));
        return State::Done;
      }
    }
  }

  void read_framing(std::string head) {
    std::transform(head.begin(), head.end(), head.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto length = head.find("\r\ncontent-length:");
    if (head.find("\r\ntransfer-encoding: chunked\r\n") != std::string::npos) {
      part_ = Part::Chunks;
    } else if (length != std::string::npos) {
      part_ = Part::Length;
      const char* at = head.c_str() + length + std::string_view("\r\ncontent-length:").size();
      while (*at == ' ')
        ++at;
      std::from_chars(at, head.c_str() + head.size(), left_);
    } else {
      part_ = Part::ToClose;
      hash(pending_);
      pending_.clear();
    }
  }

  State feed_length(std::string_view data) {
    for (const std::string_view piece : {std::string_view(pending_), data}) {
      if (piece.size() > left_) return State::Bad;
      hash(piece);
      left_ -= piece.size();
    }
    pending_.clear();
    return left_ == 0 ? State::Done : State::More;
  }

  State feed_chunks(std::string_view data) {
    pending_.append(data);
    while (true) {
      const auto line = pending_.find("\r\n");
      if (line == std::string::npos) return State::More;
      std::uint64_t size = 0;
      const auto parsed = std::from_chars(pending_.data(), pending_.data() + line, size, 16);
      if (parsed.ec != std::errc{}) return State::Bad;
      if (size == 0)
        return pending_.find("\r\n\r\n", line) != std::string::npos ? State::Done : State::More;
      if (pending_.size() < line + 2 + size + 2) return State::More;
      hash(std::string_view(pending_).substr(line + 2, size));
      pending_.erase(0, line + 2 + size + 2);
    }
  }

  // FNV-1a, 64 bits: enough to tell two bodies of one test apart.
  void hash(std::string_view data) {
    for (const char c : data)
      hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
    bytes_ += data.size();
  }

  Part part_ = Part::Head;
  int status_ = 0;
  std::string pending_;
  std::uint64_t left_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t hash_ = 14'695'981'039'346'656'037ULL;
};

}  // namespace brink::loadtest

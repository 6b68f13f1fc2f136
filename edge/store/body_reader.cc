#include <algorithm>
#include <utility>

#include "edge/store/filling_body.h"

namespace brink::edge::store {
namespace {

constexpr Error kNoBody{ErrorCode::ResponseIncomplete, Side::Store, Retry::Never,
                        "the body was not kept"};

}  // namespace

BodyReader::BodyReader() = default;
BodyReader::BodyReader(BodyReader&&) noexcept = default;

BodyReader::BodyReader(ResponsePtr response, std::uint64_t begin, std::uint64_t end)
    : response_(std::move(response)) {
  const std::uint64_t length = response_ != nullptr ? response_->body_length() : 0;
  end_ = std::min(end, length);
  position_ = std::min(begin, end_);
}

BodyReader& BodyReader::operator=(BodyReader&& other) noexcept {
  if (this == &other) return *this;
  if (joined_ != nullptr) joined_->fill->detach(*joined_);
  response_ = std::move(other.response_);
  position_ = other.position_;
  end_ = other.end_;
  joined_ = std::move(other.joined_);
  return *this;
}

BodyReader::~BodyReader() {
  if (joined_ != nullptr) joined_->fill->detach(*joined_);
}

std::unique_ptr<BodyReader> BodyReader::join(std::shared_ptr<Fill> fill, Waker* waker,
                                             std::uint64_t begin, std::uint64_t end) {
  auto node = std::make_unique<FillReader>();
  node->fill = std::move(fill);
  node->slot.waker = waker;
  node->position = begin;
  node->shown = begin;
  node->end = std::max(begin, end);
  if (!node->fill->attach(*node)) return nullptr;
  auto reader = std::make_unique<BodyReader>();
  reader->joined_ = std::move(node);
  return reader;
}

BodyReader::State BodyReader::next(std::span<std::string_view> out, std::size_t& count,
                                   std::size_t max_bytes) {
  if (joined_ != nullptr) return joined_->fill->next(*joined_, out, count, max_bytes);
  count = 0;
  if (response_ == nullptr) return State::End;
  if (!response_->has_body()) return State::Cut;
  if (position_ == end_) return State::End;
  count = response_->body_views(position_, end_, out, max_bytes);
  return State::Data;
}

void BodyReader::consume(std::size_t bytes) {
  if (joined_ != nullptr) {
    joined_->fill->consume(*joined_, bytes);
    return;
  }
  CHECK(bytes <= end_ - position_);
  position_ += bytes;
}

std::uint64_t BodyReader::position() const noexcept {
  return joined_ != nullptr ? joined_->position : position_;
}

std::optional<std::uint64_t> BodyReader::known_length() const noexcept {
  if (joined_ != nullptr) return joined_->fill->known_length();
  return response_ != nullptr ? response_->body_length() : 0;
}

Error BodyReader::error() const noexcept {
  return joined_ != nullptr ? joined_->error : kNoBody;
}

}  // namespace brink::edge::store

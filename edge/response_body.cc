#include "edge/response_body.h"

#include "edge/slice_reader.h"

namespace brink::edge {

void ResponseBody::clear() {
  text_ = {};
  reader_.reset();
  slices_ = nullptr;
  multipart_.reset();
  parts_.clear();
  part_ = 0;
  length_.reset();
}

void ResponseBody::set_text(std::string_view text) {
  clear();
  text_ = text;
  length_ = text.size();
}

void ResponseBody::set_reader(store::BodyReader reader) {
  clear();
  reader_.emplace(std::move(reader));
}

void ResponseBody::set_slices(SliceReader& slices) {
  clear();
  slices_ = &slices;
}

void ResponseBody::set_multipart(store::ResponsePtr response, const cache::RangeSet& ranges,
                                 std::string_view content_type) {
  clear();
  multipart_ = std::move(response);
  const std::string complete = std::to_string(multipart_->body_length());
  std::uint64_t total = 0;
  for (const cache::ByteRange& range : ranges.view()) {
    std::string head = parts_.empty() ? "--" : "\r\n--";
    head.append(kBoundary).append("\r\n");
    if (!content_type.empty()) head.append("Content-Type: ").append(content_type).append("\r\n");
    head += "Content-Range: bytes " + std::to_string(range.begin) + "-" + std::to_string(range.end - 1) + "/" +
            complete + "\r\n\r\n";
    total += head.size() + range.size();
    parts_.push_back({std::move(head), range});
  }
  parts_.push_back({"\r\n--" + std::string(kBoundary) + "--\r\n", {}});
  length_ = total + parts_.back().head.size();
  text_ = parts_.front().head;
  in_part_head_ = true;
}

ResponseBody::State ResponseBody::next(std::span<std::string_view> out, std::size_t& count,
                                       std::size_t max_bytes) {
  count = 0;
  if (multipart_) return next_part(out, count, max_bytes);
  if (reader_) return reader_->next(out, count, max_bytes);
  if (slices_) return slices_->next(out, count, max_bytes);
  if (text_.empty()) return State::End;
  out[0] = text_.substr(0, max_bytes);
  count = 1;
  return State::Data;
}

ResponseBody::State ResponseBody::next_part(std::span<std::string_view> out, std::size_t& count,
                                            std::size_t max_bytes) {
  for (;;) {
    if (in_part_head_) {
      if (!text_.empty()) {
        out[0] = text_.substr(0, max_bytes);
        count = 1;
        return State::Data;
      }
      if (part_ + 1 == parts_.size()) return State::End;
      in_part_head_ = false;
      reader_.emplace(multipart_, parts_[part_].range.begin, parts_[part_].range.end);
    }
    const State state = reader_->next(out, count, max_bytes);
    if (state != State::End) return state;
    ++part_;
    text_ = parts_[part_].head;
    in_part_head_ = true;
  }
}

void ResponseBody::consume(std::size_t bytes) {
  if (slices_) return slices_->consume(bytes);
  const bool from_reader = multipart_ ? !in_part_head_ : reader_.has_value();
  if (from_reader) {
    reader_->consume(bytes);
  } else {
    text_.remove_prefix(bytes);
  }
}

Error ResponseBody::error() const {
  if (slices_) return slices_->error();
  return reader_ ? reader_->error() : Error{ErrorCode::Cancelled, Side::Internal};
}

}  // namespace brink::edge

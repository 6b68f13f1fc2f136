#include "edge/http2_callbacks.h"

#include <algorithm>
#include <array>

#include "edge/http2_connection.h"

namespace brink::edge {
namespace {

constexpr std::size_t kFrameHead = 9;          // RFC 9113 §4.1
constexpr std::size_t kMaxFrame = 16 * 1024;   // SETTINGS_MAX_FRAME_SIZE as it is without a word

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// A stream that this node had to reset because of what the client sent on it.
bool is_clients_fault(std::uint32_t code) {
  return code == NGHTTP2_PROTOCOL_ERROR || code == NGHTTP2_FLOW_CONTROL_ERROR || code == NGHTTP2_STREAM_CLOSED ||
         code == NGHTTP2_FRAME_SIZE_ERROR || code == NGHTTP2_COMPRESSION_ERROR;
}

}  // namespace

struct Http2Callbacks {
  static Http2Connection& connection(void* data) { return *static_cast<Http2Connection*>(data); }
  static Http2Stream* stream(nghttp2_session* session, std::int32_t id) {
    return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* frame, void* data) noexcept {
    Http2Connection& c = connection(data);
    if (frame->type == NGHTTP2_HEADERS) c.check_late_frame(frame->stream_id, true);
    if (frame->type == NGHTTP2_PRIORITY && frame->stream_id == 0) c.broken_ = NGHTTP2_PROTOCOL_ERROR;               // RFC 9113 §6.3
    if (frame->type == NGHTTP2_CONTINUATION && frame->length > kMaxFrame) c.broken_ = NGHTTP2_FRAME_SIZE_ERROR;  // §4.2
    if (c.broken_ != NGHTTP2_NO_ERROR) return NGHTTP2_ERR_CALLBACK_FAILURE;
    const bool ends = (frame->flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->type) {
      case NGHTTP2_RST_STREAM: c.count(Http2Event::Reset); break;
      case NGHTTP2_WINDOW_UPDATE: c.count(Http2Event::WindowUpdate); break;
      case NGHTTP2_PRIORITY:
      case NGHTTP2_PRIORITY_UPDATE: c.count(Http2Event::Priority); break;
      case NGHTTP2_PING:
        if ((frame->flags & NGHTTP2_FLAG_ACK) == 0) c.count(Http2Event::Ping);
        break;
      case NGHTTP2_SETTINGS:
        if ((frame->flags & NGHTTP2_FLAG_ACK) == 0) c.count(Http2Event::Settings);
        break;
      case NGHTTP2_DATA:
      case NGHTTP2_HEADERS:
      case NGHTTP2_CONTINUATION:
        if (frame->length == 0 && !ends) c.count(Http2Event::EmptyFrame);
        break;
      default: break;
    }
    return 0;
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* data) noexcept {
    Http2Connection& c = connection(data);
    c.read_deadline_ = c.in(c.limits_.header_timeout);
    c.read_limit_ = Limit::HeaderTimeout;
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    c.highest_id_ = frame->hd.stream_id;
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, c.acquire(frame->hd.stream_id));
    return 0;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* data) noexcept {
    Http2Connection& c = connection(data);
    Http2Stream* s = stream(session, frame->hd.stream_id);
    if (s == nullptr || s->head_complete) return 0;  // a trailer
    s->request.add(view(name, name_size), view(value, value_size), c.limits_);
    if (s->request.is_bomb(c.limits_)) c.passed_ = Limit::HeaderBytes;
    return 0;
  }

  // RFC 9113 §8.1.1: a request with a field that cannot be is malformed, not one with a field less.
  static int on_invalid_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t*, std::size_t,
                               const std::uint8_t*, std::size_t, std::uint8_t, void*) noexcept {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  // More streams than SETTINGS_MAX_CONCURRENT_STREAMS are an error of the connection to the library, once the client has agreed to them.
  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int, void* data) noexcept {
    Http2Connection& c = connection(data);
    const bool is_request = frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    if (is_request && c.open_streams() >= c.limits_.http2.streams) c.broken_by_ = Limit::Http2Streams;
    return 0;
  }

  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* data) noexcept {
    Http2Connection& c = connection(data);
    const bool is_head = frame->hd.type == NGHTTP2_HEADERS;
    if (frame->hd.type == NGHTTP2_SETTINGS || is_head) c.read_deadline_ = Http2Connection::kNever;
    if (frame->hd.type == NGHTTP2_PRIORITY_UPDATE) {
      const auto* update = static_cast<const nghttp2_ext_priority_update*>(frame->ext.payload);
      if (update->stream_id == 0) c.broken_ = NGHTTP2_PROTOCOL_ERROR;  // RFC 9218 §7.1
      return 0;
    }
    Http2Stream* s = stream(session, frame->hd.stream_id);
    if (s == nullptr) return 0;
    if (frame->hd.type == NGHTTP2_RST_STREAM) s->reset_by_client = true;
    if (!is_head && frame->hd.type != NGHTTP2_DATA) return 0;
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (is_head && !std::exchange(s->head_complete, true)) s->head.has_body = !ends;
    if (ends) s->remote_ended = true;
    // Padding is no content either (CVE-2019-9518).
    const bool is_padding = !is_head && frame->hd.length > 0 && frame->hd.length == frame->data.padlen;
    if (is_padding && !ends) c.count(Http2Event::EmptyFrame);
    c.touch(*s);
    return 0;
  }

  static int on_data_chunk_recv(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                                std::size_t size, void* data) noexcept {
    Http2Stream* s = stream(session, id);
    if (s != nullptr) {
      connection(data).take_body(*s, view(bytes, size));
    } else {
      nghttp2_session_consume(session, id, size);
    }
    return 0;
  }

  static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* data) noexcept {
    Http2Connection& c = connection(data);
    if (frame->hd.type == NGHTTP2_RST_STREAM && is_clients_fault(frame->rst_stream.error_code)) c.count(Http2Event::Reset);
    if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code == NGHTTP2_REFUSED_STREAM) {
      c.flow_.metrics.count_limit(Limit::Http2Streams);
    }
    if (frame->hd.type == NGHTTP2_DATA) c.guard_.sent_data();
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) c.note_broken(frame->goaway.error_code);
    const bool ends = (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
                      (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!ends) return 0;
    if (Http2Stream* s = stream(session, frame->hd.stream_id)) s->end_sent = true;
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t, void* data) noexcept {
    Http2Stream* s = stream(session, id);
    if (s == nullptr) return 0;
    s->closed = true;
    Http2Connection& c = connection(data);
    c.closed_.push_back(s);
    const bool whole = s->end_sent && s->remote_ended;
    c.ended_streams_.add(id, whole ? StreamEnd::Whole : s->reset_by_client ? StreamEnd::ResetByClient : StreamEnd::ResetByUs);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t most, std::uint32_t* flags,
                           nghttp2_data_source* source, void* data) noexcept {
    auto& s = *static_cast<Http2Stream*>(source->ptr);
    std::size_t count = 0;
    const auto state = s.next_body(most, count);
    s.progress = Http2Stream::kNever;
    if (state == Http2Stream::Body::Cut) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (state == Http2Stream::Body::Wait) {
      s.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    s.progress = connection(data).shard_.coarse_now();
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (state == Http2Stream::Body::Last) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head, std::size_t size,
                       nghttp2_data_source* source, void* data) noexcept {
    Http2Connection& c = connection(data);
    auto& s = *static_cast<Http2Stream*>(source->ptr);
    c.output_.append(view(head, kFrameHead));
    while (size > 0) {
      const std::string_view piece = s.take(size);
      c.output_.refer(piece);
      size -= piece.size();
    }
    return c.output_.is_full() ? NGHTTP2_ERR_PAUSE : 0;
  }
};

const nghttp2_session_callbacks* http2_callbacks() {
  static const nghttp2_session_callbacks* const kCallbacks = [] {
    nghttp2_session_callbacks* made = nullptr;
    if (nghttp2_session_callbacks_new(&made) != 0) throw std::bad_alloc();
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, Http2Callbacks::on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, Http2Callbacks::on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, Http2Callbacks::on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, Http2Callbacks::on_invalid_header);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, Http2Callbacks::on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, Http2Callbacks::on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, Http2Callbacks::on_data_chunk_recv);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, Http2Callbacks::on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, Http2Callbacks::on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(made, Http2Callbacks::send_data);
    return made;
  }();
  return kCallbacks;
}

nghttp2_data_provider http2_body_provider() {
  nghttp2_data_provider provider{};
  provider.read_callback = Http2Callbacks::read_body;
  return provider;
}

}  // namespace brink::edge

#include "tests/support/http2_client.h"

#include <algorithm>

namespace brink::tests {
namespace {

constexpr std::size_t kMaxWriteBytes = 64 * 1024;

std::uint8_t* bytes(const std::string& text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // never written to
}

std::vector<nghttp2_nv> pairs(const Http2Client::Fields& fields) {
  std::vector<nghttp2_nv> made;
  for (const auto& [name, value] : fields) {
    made.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return made;
}

}  // namespace

// What the library calls. They only record.
struct Http2Client::Callbacks {
  static Stream& stream(void* self, std::int32_t id) {
    return static_cast<Http2Client*>(self)->streams_[id];
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* self) {
    Stream& to = stream(self, frame->hd.stream_id);
    const std::string field(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    if (to.has_final) {
      to.trailers.emplace_back(field, text);
    } else if (field == ":status") {
      to.building.head = "HTTP/2 " + text + "\r\n";
    } else {
      to.building.head += field + ": " + text + "\r\n";
      to.building.fields.emplace_back(field, text);
    }
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    auto& client = *static_cast<Http2Client*>(self);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      client.goaway_ = true;
      if (frame->goaway.error_code != NGHTTP2_NO_ERROR) {
        client.error_ = std::string("GOAWAY ") + nghttp2_http2_strerror(frame->goaway.error_code);
      }
    }
    if (frame->hd.type == NGHTTP2_RST_STREAM) stream(self, frame->hd.stream_id).was_reset = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Stream& to = stream(self, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_HEADERS && !to.has_final) {
      to.building.head += "\r\n";
      to.has_final = to.building.status() >= 200;
      to.heads.push_back(std::exchange(to.building, {}));
    }
    to.ended = to.ended || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* self) {
    stream(self, id).data.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  // A stream that neither the server nor the test has reset was given up by the library, since the
  // server broke the protocol: a body shorter than its Content-Length is no cut.
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* self) {
    Stream& closed = stream(self, id);
    closed.closed = true;
    closed.code = code;
    const bool told = closed.ended || closed.was_reset || code == NGHTTP2_REFUSED_STREAM;
    if (!told)
      note_violation(self, std::string("stream given up: ") + nghttp2_http2_strerror(code));
    return 0;
  }

  static int on_invalid(nghttp2_session*, const nghttp2_frame* frame, int code, void* self) {
    note_violation(
        self, "frame of type " + std::to_string(frame->hd.type) + ": " + nghttp2_strerror(code));
    return 0;
  }

  static void note_violation(void* self, const std::string& what) {
    auto& client = *static_cast<Http2Client*>(self);
    client.violated_ = true;
    client.error_ = what;
  }

  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* to,
                           std::size_t most, std::uint32_t* flags, nghttp2_data_source*,
                           void* self) {
    Stream& from = stream(self, id);
    const std::size_t n = std::min(most, from.outgoing.size());
    from.outgoing.copy(reinterpret_cast<char*>(to), n);
    from.outgoing.erase(0, n);
    if (!from.outgoing.empty()) return static_cast<ssize_t>(n);
    if (!from.outgoing_ends && n == 0) return NGHTTP2_ERR_DEFERRED;
    if (!from.outgoing_ends) return static_cast<ssize_t>(n);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (from.outgoing_trailers.empty()) return static_cast<ssize_t>(n);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const std::vector<nghttp2_nv> trailers = pairs(from.outgoing_trailers);
    nghttp2_submit_trailer(session, id, trailers.data(), trailers.size());
    return static_cast<ssize_t>(n);
  }

  static nghttp2_session* open(Http2Client* self) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_session* session = nullptr;
    nghttp2_session_client_new2(&session, callbacks, self, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return session;
  }
};

Http2Client::Http2Client(Transport& connection, Millis limit)
    : connection_(connection),
      limit_(limit),
      session_(Callbacks::open(this), &nghttp2_session_del) {
  const nghttp2_settings_entry no_push{NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
  nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, &no_push, 1);
}

Http2Client::~Http2Client() = default;

Io Http2Client::flush() {
  for (;;) {
    std::string out;
    while (out.size() < kMaxWriteBytes) {
      const std::uint8_t* data = nullptr;
      const ssize_t n = nghttp2_session_mem_send(session_.get(), &data);
      if (n <= 0) break;
      out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(n));
    }
    if (out.empty()) return Io::Ok;
    const Io io = connection_.write_all(out, limit_);
    if (io != Io::Ok) return io;
  }
}

// A server that has ended the connection may have said why before: reading shows it.
Io Http2Client::step() {
  static_cast<void>(flush());
  std::string in;
  const Io io = connection_.read_some(in, limit_);
  if (io != Io::Ok) return io;
  const ssize_t n = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(in.data()), in.size());
  if (n < 0) Callbacks::note_violation(this, nghttp2_strerror(static_cast<int>(n)));
  static_cast<void>(flush());
  return n < 0 ? Io::Reset : Io::Ok;
}

std::int32_t Http2Client::request(const Fields& fields, bool ends) {
  const std::vector<nghttp2_nv> made = pairs(fields);
  nghttp2_data_provider body{};
  body.read_callback = Callbacks::read_body;
  const std::int32_t id = nghttp2_submit_request(session_.get(), nullptr, made.data(), made.size(),
                                                 ends ? nullptr : &body, nullptr);
  if (id > 0) streams_[id];
  static_cast<void>(flush());
  return id;
}

Io Http2Client::write_body(std::int32_t id, std::string_view data) {
  Stream& stream = streams_[id];
  stream.outgoing += data;
  nghttp2_session_resume_data(session_.get(), id);
  Io io = flush();
  while (io == Io::Ok && !stream.outgoing.empty() && !done(stream))
    io = step();
  if (io != Io::Ok) return io;
  return stream.outgoing.empty() ? Io::Ok : Io::Closed;
}

Io Http2Client::end_body(std::int32_t id, const Fields& trailers) {
  Stream& stream = streams_[id];
  stream.outgoing_trailers = trailers;
  stream.outgoing_ends = true;
  nghttp2_session_resume_data(session_.get(), id);
  return flush();
}

void Http2Client::cancel(std::int32_t id) {
  if (streams_[id].closed) return;
  streams_[id].was_reset = true;
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  static_cast<void>(flush());
}

void Http2Client::say_goodbye() {
  nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR);
  static_cast<void>(flush());
}

Read Http2Client::bad(Io io) const {
  if (violated_) return Read::Malformed;
  return io == Io::Closed ? Read::Closed : Read::Broken;
}

Read Http2Client::head(std::int32_t id, HttpMessage& message) {
  Stream& stream = streams_[id];
  message = HttpMessage{};
  while (stream.heads.empty()) {
    if (stream.closed) {
      if (error_.empty()) error_ = std::string("RST_STREAM ") + nghttp2_http2_strerror(stream.code);
      return bad(Io::Reset);
    }
    const Io io = step();
    if (io == Io::TimedOut) return Read::TimedOut;
    if (io != Io::Ok && stream.heads.empty()) return bad(io);
  }
  message = std::move(stream.heads.front());
  stream.heads.erase(stream.heads.begin());
  return Read::Ok;
}

void Http2Client::take(std::int32_t id, Stream& stream, HttpMessage& message) {
  nghttp2_session_consume(session_.get(), id, stream.data.size());
  message.body += stream.data;
  stream.data.clear();
  message.complete = stream.ended;
  if (stream.ended) message.trailers = stream.trailers;
  if (stream.closed && !stream.ended) {
    message.cut = std::string("RST_STREAM ") + nghttp2_http2_strerror(stream.code);
  }
}

Read Http2Client::body(std::int32_t id, HttpMessage& message, std::size_t at_least) {
  Stream& stream = streams_[id];
  for (;;) {
    take(id, stream, message);
    if (message.complete || !message.cut.empty() || message.body.size() >= at_least) break;
    const Io io = step();
    if (io == Io::TimedOut) return Read::TimedOut;
    if (io != Io::Ok && !done(stream)) {
      take(id, stream, message);
      message.cut = to_string(io);
    }
  }
  static_cast<void>(flush());
  return message.complete || !violated_ ? Read::Ok : Read::Malformed;
}

Read Http2Client::until_ended(std::int32_t id) {
  Io io = Io::Ok;
  while (io == Io::Ok && !(id > 0 && done(streams_[id])))
    io = step();
  return io == Io::TimedOut ? Read::TimedOut : Read::Ok;
}

}  // namespace brink::tests

#include "origin/demo_send.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <vector>

namespace brink::origin {
namespace {

namespace net = boost::asio;

net::awaitable<bool> wait(DemoConnection& connection, Millis duration) {
  if (connection.closed) co_return false;
  if (duration.count() == 0) co_return true;
  connection.timer.expires_after(duration);
  const auto [error] = co_await connection.timer.async_wait(kDemoAwait);
  co_return !error;
}

// The part of the body that goes out, piece by piece.
struct Cursor {
  std::uint64_t offset;
  std::uint64_t left;
};

// Text that goes out at once: head and body in one write.
net::awaitable<bool> send_text(DemoConnection& connection, std::string_view head,
                               std::string_view body) {
  const std::array<net::const_buffer, 2> parts{net::buffer(head), net::buffer(body)};
  connection.stream.expires_after(connection.serving.options.write_timeout);
  const auto [error, sent] = co_await net::async_write(connection.stream, parts, kDemoAwait);
  co_return !error;
}

// One piece: at most piece_bytes, and at most a transfer buffer; chunked in one chunk.
net::awaitable<bool> send_piece(DemoConnection& connection, const DemoReply& reply, bool chunked,
                                Cursor& cursor, std::vector<char>& scratch) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(cursor.left, scratch.size()));
  if (!reply.body.read(cursor.offset, scratch.data(), count)) co_return false;
  const std::string size = chunked ? fmt::format("{:x}\r\n", count) : std::string();
  const std::string_view end = chunked ? "\r\n" : "";
  const std::array<net::const_buffer, 3> parts{
      net::buffer(size), net::buffer(scratch.data(), count), net::buffer(end)};
  connection.stream.expires_after(connection.serving.options.write_timeout);
  const auto [error, sent] = co_await net::async_write(connection.stream, parts, kDemoAwait);
  cursor.offset += count;
  cursor.left -= count;
  co_return !error;
}

// Between two pieces of what the handler asked for there is its pause; a piece larger than the
// transfer buffer takes several writes without one.
net::awaitable<bool> send_pieces(DemoConnection& connection, const DemoReply& reply, bool chunked,
                                 Cursor cursor) {
  const DemoDelivery& delivery = reply.delivery;
  const std::uint64_t piece = delivery.piece_bytes > 0 ? delivery.piece_bytes : kDemoTransferBytes;
  std::vector<char> scratch;
  while (cursor.left > 0) {
    Cursor of_piece{cursor.offset, std::min(cursor.left, piece)};
    scratch.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(of_piece.left, kDemoTransferBytes)));
    cursor.offset += of_piece.left;
    cursor.left -= of_piece.left;
    while (of_piece.left > 0) {
      const bool sent = co_await send_piece(connection, reply, chunked, of_piece, scratch);
      if (!sent) co_return false;
    }
    if (cursor.left == 0) break;
    const bool waited = co_await wait(connection, delivery.pause);
    if (!waited) co_return false;
  }
  co_return true;
}

net::awaitable<bool> send_answer(DemoConnection& connection, const DemoReply& reply,
                                 const DemoAnswer& answer) {
  const DemoDelivery& delivery = reply.delivery;
  const std::uint64_t length = std::min(answer.length, delivery.cut_after.value_or(answer.length));
  const auto text = reply.body.text();
  if (text && !answer.chunked && delivery.piece_bytes == 0) {
    const bool sent =
        co_await send_text(connection, answer.head, text->substr(answer.first, length));
    co_return sent&& answer.keep_alive;
  }
  const bool headed = co_await demo_write(connection, answer.head);
  if (!headed) co_return false;
  const bool sent =
      co_await send_pieces(connection, reply, answer.chunked, Cursor{answer.first, length});
  if (!sent || length < answer.length) co_return false;
  if (answer.chunked && !delivery.cut_after) {
    const bool ended = co_await demo_write(connection, "0\r\n\r\n");
    if (!ended) co_return false;
  }
  co_return answer.keep_alive;
}

// Closing now sends RST instead of FIN: the client sees a reset, not an end.
void reset(DemoConnection& connection) {
  boost::system::error_code ignored;
  connection.stream.socket().set_option(net::socket_base::linger(true, 0), ignored);
  connection.close();
}

}  // namespace

net::awaitable<bool> demo_write(DemoConnection& connection, std::string_view bytes) {
  connection.stream.expires_after(connection.serving.options.write_timeout);
  const net::const_buffer buffer(bytes.data(), bytes.size());
  const auto [error, sent] = co_await net::async_write(connection.stream, buffer, kDemoAwait);
  co_return !error;
}

net::awaitable<bool> demo_send(DemoConnection& connection, const DemoReply& reply,
                               const DemoAnswer& answer) {
  const DemoDelivery& delivery = reply.delivery;
  const bool waited = co_await wait(connection, delivery.delay);
  if (!waited) co_return false;
  if (delivery.act == DemoAct::Reset) {
    reset(connection);
    co_return false;
  }
  if (delivery.act == DemoAct::Raw) {
    co_await demo_write(connection, *reply.body.text());
    co_return false;
  }
  if (!delivery.early_hints.empty()) {
    const std::string hints = demo_early_hints(delivery.early_hints);
    const bool hinted = co_await demo_write(connection, hints);
    if (!hinted) co_return false;
  }
  const bool kept = co_await send_answer(connection, reply, answer);
  co_return kept;
}

net::awaitable<void> demo_tunnel(DemoConnection& connection) {
  while (true) {
    if (connection.buffer.size() == 0) {
      const auto space = connection.buffer.prepare(4'096);
      connection.stream.expires_after(connection.serving.options.idle_timeout);
      const auto [error, got] = co_await connection.stream.async_read_some(space, kDemoAwait);
      if (error) co_return;
      connection.buffer.commit(got);
    }
    const auto data = connection.buffer.data();
    const bool sent = co_await demo_write(
        connection, std::string_view(static_cast<const char*>(data.data()), data.size()));
    if (!sent) co_return;
    connection.buffer.consume(data.size());
  }
}

}  // namespace brink::origin

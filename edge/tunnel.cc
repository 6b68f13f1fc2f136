#include "edge/tunnel.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "edge/shard.h"
#include "edge/upstream_request.h"
#include "edge/wakeup.h"
#include "origin/tunnel.h"

namespace brink::edge {
namespace {

constexpr std::size_t kBufferBytes = 16 * 1024;
constexpr std::size_t kMaxHeadBytes = 64 * 1024;

using Server = std::unique_ptr<origin::RawStream>;

std::string request_text(const RequestHead& head, const Site& site, std::string_view node_name) {
  const origin::Request request = make_upstream_request(head, site, UpstreamPurpose::Forward, {}, node_name);
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: ";
  const std::string& host = site.origin->options().host;
  text += host.empty() ? request.authority : host;
  text += "\r\nConnection: Upgrade\r\nUpgrade: ";
  text += field_value(head.fields, "upgrade");
  for (const auto& [name, value] : request.fields) text.append("\r\n").append(name).append(": ").append(value);
  return text + "\r\n\r\n";
}

Awaitable<bool> send(ClientStream& client, std::string_view bytes) {
  while (!bytes.empty()) {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    const IoResult written = co_await client.write_some({&part, 1});
    if (written.error) co_return false;
    bytes.remove_prefix(written.bytes);
  }
  co_return true;
}

// One direction each; whichever ends first ends the other.
struct Tunnel {
  Shard& shard;
  ClientStream& client;
  origin::RawStream& server;
  std::string_view early;
  Wakeup ended;
  Timer silence;
  std::shared_ptr<bool> present = std::make_shared<bool>(true);
  bool upstream_running = false;
  std::uint64_t to_server = 0;
  std::uint64_t to_client = 0;

  Awaitable<Result<std::size_t>> read_server(char* into, std::size_t size) {
    auto [failed, got] = co_await net::co_spawn(shard.io(), server.read_some(into, size), kAwait);
    if (failed) co_return Error{ErrorCode::ConnectionTerminated, Side::Upstream};
    arm(shard.config().limits.idle_timeout);
    co_return got;
  }

  Awaitable<bool> write_server(std::string_view bytes) {
    auto [failed, got] = co_await net::co_spawn(shard.io(), server.write_all(bytes), kAwait);
    co_return !failed && got.has_value();
  }

  Awaitable<void> client_to_server() {
    std::array<char, kBufferBytes> buffer;
    bool alive = early.empty() || co_await write_server(early);
    to_server = early.size();
    while (alive) {
      const IoResult got = co_await client.read_some(buffer.data(), buffer.size());
      if (got.error) break;
      arm(shard.config().limits.idle_timeout);
      to_server += got.bytes;
      alive = co_await write_server({buffer.data(), got.bytes});
    }
    server.close();
    upstream_running = false;
    ended.wake();
  }

  // Waits for the head of the server's answer; true when it is a 101, which is passed on.
  Awaitable<bool> upgraded() {
    std::array<char, kBufferBytes> buffer;
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos && head.size() < kMaxHeadBytes) {
      const auto got = co_await read_server(buffer.data(), buffer.size());
      if (!got || *got == 0) co_return false;
      head.append(buffer.data(), *got);
    }
    if (!head.starts_with("HTTP/1.1 101")) co_return false;
    to_client = head.size();
    co_return co_await send(client, head);
  }

  Awaitable<void> server_to_client() {
    std::array<char, kBufferBytes> buffer;
    for (;;) {
      const auto got = co_await read_server(buffer.data(), buffer.size());
      if (!got || *got == 0) break;
      to_client += *got;
      if (!co_await send(client, {buffer.data(), *got})) break;
    }
    interrupt();
    while (upstream_running) co_await ended.wait();
  }

  // Either side has been silent for too long, has ended, or the node stops.
  void interrupt() {
    server.close();
    client.cancel();
  }

  // One timer for both directions, moved on by whichever has bytes.
  void arm(Millis idle) {
    silence.expires_after(idle);
    silence.async_wait([this, watched = std::weak_ptr<bool>(present)](const error_code& error) {
      if (!error && !watched.expired()) interrupt();
    });
  }

  void start_client_to_server() {
    upstream_running = true;
    net::co_spawn(shard.io(), client_to_server(), net::detached);
  }
};

}  // namespace

Awaitable<bool> run_tunnel(Shard& shard, ClientStream& client, const RequestHead& head, std::string_view early,
                           Transaction& transaction, std::function<void()>& interrupt) {
  auto group = transaction.tunnel_group();
  if (!group) co_return false;
  if (shard.config().ring) group = tiered::ring_group(*shard.config().ring);
  auto [failed, connected] =
      co_await net::co_spawn(shard.io(), origin::connect_raw(group, shard.parts().clock), kAwait);
  if (failed || !connected) {
    transaction.refuse(head, failed ? Error{ErrorCode::Cancelled, Side::Internal, Retry::Never, "the node stops"}
                                    : connected.error());
    co_return false;
  }
  Tunnel tunnel{shard, client, **connected, early, Wakeup(shard.io()), Timer(shard.io())};
  interrupt = [&tunnel] { tunnel.interrupt(); };
  tunnel.arm(group->options().first_byte_timeout);
  const std::string request = request_text(head, *transaction.site(), shard.parts().identity.name);
  const bool sent = co_await tunnel.write_server(request);
  const bool upgraded = sent && co_await tunnel.upgraded();
  if (upgraded) {
    tunnel.start_client_to_server();
    co_await tunnel.server_to_client();
  }
  tunnel.server.close();
  tunnel.silence.cancel();
  interrupt = nullptr;
  if (upgraded) transaction.finish_tunnel(101, tunnel.to_client, tunnel.to_server);
  co_return upgraded;
}

}  // namespace brink::edge

// Why origin/curl_driver.cc gives each exchange a connection of its own: what this libcurl does
// where two streams share one. When a test here fails, a newer libcurl (8.1 keeps a buffer for each
// stream) may allow it: see CURLMOPT_PIPELINING there.

#include <gtest/gtest.h>

#include <functional>
#include <future>

#include "config/runtime/clock.h"
#include "origin/curl.h"
#include "tests/unit/origin_certificates.h"
#include "tests/unit/origin_h2_peer.h"
#include "tests/unit/origin_scripted_server.h"

namespace brink::test {
namespace {

using origin::CurlEasy;
using origin::CurlMulti;
using origin::set_option;

struct Stream {
  Stream(const std::string& url, bool may_pause) : pauses(may_pause) {
    set_option(easy.get(), CURLOPT_URL, url.c_str());
    set_option(easy.get(), CURLOPT_NOSIGNAL, 1L);
    set_option(easy.get(), CURLOPT_PROXY, "");
    set_option(easy.get(), CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set_option(easy.get(), CURLOPT_PIPEWAIT, 1L);
    set_option(easy.get(), CURLOPT_SSL_VERIFYPEER, 0L);
    set_option(easy.get(), CURLOPT_SSL_VERIFYHOST, 0L);
    set_option(easy.get(), CURLOPT_WRITEFUNCTION, &Stream::write);
    set_option(easy.get(), CURLOPT_WRITEDATA, this);
  }
  static std::size_t write(char*, std::size_t, std::size_t size, void* self) noexcept {
    auto& stream = *static_cast<Stream*>(self);
    stream.paused = stream.pauses;
    if (stream.paused) return CURL_WRITEFUNC_PAUSE;
    stream.bytes += size;
    return size;
  }

  bool pauses;
  bool paused = false;
  std::size_t bytes = 0;
  CurlEasy easy{curl_easy_init()};
};

// Lets libcurl work until `done`; false after ten seconds.
bool run(CURLM* multi, const std::function<bool()>& done) {
  constexpr int kTurnMs = 20;
  const SystemClock clock;
  const Ticks give_up = clock.ticks() + Seconds{10};
  while (clock.ticks() < give_up) {
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return false;
    if (done()) return true;
    if (curl_multi_poll(multi, nullptr, 0, kTurnMs, nullptr) != CURLM_OK) return false;
  }
  return false;
}

TEST(OriginMultiplexing, APausedStreamIsReadIntoMemoryWhereAnotherSharesItsConnection) {
  constexpr std::size_t kLong = 20'000'000;
  origin::ensure_curl_initialised();
  Authority authority;
  const TlsContext context = authority.server("IP:127.0.0.1", "\x02h2");
  std::promise<void> all_written;
  ScriptedServer server([&](Connection& c) {
    if (!c.start_tls(context.get())) return;
    H2Peer peer(c);
    if (!peer.begin()) return;
    const std::uint32_t slow = peer.next_request();
    peer.headers(slow, 200, false);
    peer.data(slow, std::string(kLong, 's'), true);
    peer.answer(peer.next_request(), "quick");
    all_written.set_value();
    peer.next_request();
  });
  const CurlMulti multi(curl_multi_init());
  ASSERT_EQ(
      curl_multi_setopt(multi.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX)),
      CURLM_OK);
  Stream slow(server.url("https"), true);
  Stream quick(server.url("https"), false);
  ASSERT_EQ(curl_multi_add_handle(multi.get(), slow.easy.get()), CURLM_OK);
  ASSERT_TRUE(run(
      multi.get(), [&] { return slow.paused; }));
  ASSERT_EQ(curl_multi_add_handle(multi.get(), quick.easy.get()), CURLM_OK);
  const auto written = all_written.get_future();
  const auto is_written = [&] { return written.wait_for(Millis{0}) == std::future_status::ready; };
  ASSERT_TRUE(run(multi.get(), is_written));
  ASSERT_TRUE(run(multi.get(), [&] { return quick.bytes == 5; }));
  // All of what nobody wants just now has left the server, the quick answer behind it, and lies in libcurl's memory.
  EXPECT_TRUE(slow.paused);
  EXPECT_EQ(slow.bytes, 0U) << "multiplexing may be possible now";
  slow.pauses = false;
  curl_easy_pause(slow.easy.get(), CURLPAUSE_CONT);
  EXPECT_TRUE(run(
      multi.get(), [&] { return quick.bytes == 5 && slow.bytes == kLong; }));
  EXPECT_EQ(server.accepted(), 1);
  for (Stream* stream : {&slow, &quick})
    curl_multi_remove_handle(multi.get(), stream->easy.get());
}

}  // namespace
}  // namespace brink::test

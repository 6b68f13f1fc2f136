// Group Trouble: answers that are late, broken, cut or no answers at all.
#include <fmt/format.h>

#include "config/runtime/fields.h"
#include "origin/demo_http.h"
#include "origin/demo_trials.h"

namespace brink::origin {
namespace {

constexpr std::uint64_t kMostMs = 60'000;
constexpr std::uint64_t kMostDripMs = 600'000;
constexpr std::uint64_t kMostDripBytes = 64ULL << 20U;
constexpr std::size_t kHugeFieldBytes = 256 * 1024;

DemoReply pattern_reply(std::uint64_t size, std::string_view cache_control) {
  DemoReply reply;
  reply.body = DemoBody::pattern(size);
  reply.add("Content-Type", "application/octet-stream");
  reply.add("Cache-Control", std::string(cache_control));
  return reply;
}

std::string garbage_of_kind(std::string_view kind) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
  if (kind == "status") return "HTTP/1.1 2OO Fine\r\nContent-Length: 2\r\n\r\nno";
  if (kind == "header") return head + "This line is no field\r\nContent-Length: 2\r\n\r\nno";
  if (kind == "coding") return head + "Transfer-Encoding: seaweed\r\n\r\nno";
  if (kind == "lengths") return head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nno!";
  if (kind == "huge") {
    return head + "X-Huge: " + std::string(kHugeFieldBytes, 'x') +
           "\r\nContent-Length: 2\r\n\r\nno";
  }
  return "Arr! This is not HTTP, nor was it ever.\n\x01\x02\xff\n\n";
}

}  // namespace

DemoReply demo_slow(const DemoRequest& request, DemoState&) {
  const auto ms = request.number("ms", 300, kMostMs);
  if (!ms) return demo_bad_request("/slow?ms=: up to 60000.");
  DemoReply reply = demo_text(fmt::format("This took {} ms.\n", *ms), "public, max-age=60");
  reply.etag = fmt::format("\"slow-{}\"", *ms);
  reply.delivery.delay = Millis{static_cast<std::int64_t>(*ms)};
  shop_tag(reply, "slow");
  return reply;
}

DemoReply demo_drip(const DemoRequest& request, DemoState&) {
  const auto bytes = request.number("bytes", 1'000, kMostDripBytes);
  const auto chunk = request.number("chunk", 100, kMostDripBytes);
  const auto ms = request.number("ms", 50, kMostMs);
  if (!bytes || !chunk || *chunk == 0 || !ms || *bytes / *chunk * *ms > kMostDripMs) {
    return demo_bad_request(
        "/drip?bytes=&chunk=&ms=: up to 67108864 bytes, at least 1 a chunk, 60000 ms between two, "
        "600000 ms in all.");
  }
  DemoReply reply = pattern_reply(*bytes, "public, max-age=60");
  reply.delivery.chunked = !request.parameter("length");
  reply.delivery.piece_bytes = *chunk;
  reply.delivery.pause = Millis{static_cast<std::int64_t>(*ms)};
  shop_tag(reply, "drip");
  return reply;
}

DemoReply demo_fail(const DemoRequest& request, DemoState&) {
  const auto every = request.number("every", 1, 1'000'000);
  const auto status = request.number("status", 503, 599);
  if (!every || *every == 0 || !status || *status < 400) {
    return demo_bad_request("/fail?every=&status=: every 1 to 1000000, status 400 to 599.");
  }
  if (request.asked % *every == 0) {
    DemoReply reply = demo_text("Out of order, for once.\n", "no-store");
    reply.status = static_cast<int>(*status);
    return reply;
  }
  return demo_text(fmt::format("In order, answer {}.\n", request.asked),
                   "public, max-age=1, stale-if-error=60");
}

DemoReply demo_reset(const DemoRequest&, DemoState&) {
  DemoReply reply;
  reply.delivery.act = DemoAct::Reset;
  return reply;
}

DemoReply demo_cut(const DemoRequest& request, DemoState&) {
  const auto bytes = request.number("bytes", 1'000, kMostDripBytes);
  const auto of = request.number("of", bytes.value_or(0) + 1'000, 2 * kMostDripBytes);
  if (!bytes || !of || *of <= *bytes) {
    return demo_bad_request("/cut?bytes=&of=: up to 67108864 bytes of more.");
  }
  DemoReply reply = pattern_reply(*of, "public, max-age=60");
  reply.delivery.chunked = request.parameter("chunked").has_value();
  reply.delivery.cut_after = *bytes;
  return reply;
}

DemoReply demo_garbage(const DemoRequest& request, DemoState&) {
  DemoReply reply;
  reply.body = DemoBody(garbage_of_kind(request.parameter("kind").value_or("")));
  reply.delivery.act = DemoAct::Raw;
  return reply;
}

DemoReply demo_headers(const DemoRequest& request, DemoState&) {
  std::string json =
      fmt::format("{{\n  \"method\": {},\n  \"target\": {},\n  \"version\": \"{}\",\n",
                  demo_json_string(request.method), demo_json_string(request.target),
                  request.http_1_0 ? "HTTP/1.0" : "HTTP/1.1");
  json += "  \"fields\": [";
  for (const auto& [name, value] : request.fields) {
    json += fmt::format("{}\n    [{}, {}]", json.ends_with('[') ? "" : ",", demo_json_string(name),
                        demo_json_string(value));
  }
  json += "\n  ]\n}\n";
  DemoReply reply = demo_text(std::move(json), "no-store");
  reply.set("Content-Type", "application/json");
  return reply;
}

DemoReply demo_echo(const DemoRequest& request, DemoState&) {
  DemoReply reply;
  const std::string_view type = request.field("Content-Type");
  reply.add("Content-Type", type.empty() ? "application/octet-stream" : std::string(type));
  reply.add("Cache-Control", "no-store");
  reply.delivery.act = DemoAct::Echo;
  return reply;
}

DemoReply demo_upgrade(const DemoRequest& request, DemoState&) {
  bool wanted = false;
  for_each_list_element(request.joined_field("Upgrade"), [&](std::string_view protocol) {
    wanted = wanted || iequals(protocol, "echo");
    return !wanted;
  });
  DemoReply reply = demo_text("Ask with Connection: upgrade and Upgrade: echo.\n", "no-store");
  reply.add("Upgrade", "echo");
  reply.add("Connection", "upgrade");
  if (wanted && !request.http_1_0) {
    reply.status = 101;
    reply.body = DemoBody();
    reply.delivery.act = DemoAct::Tunnel;
  } else {
    reply.status = 426;
  }
  return reply;
}

}  // namespace brink::origin

#include "tests/cases/selftest/toy_testbed.h"

#include <fmt/core.h>

#include <atomic>
#include <charconv>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "tests/cases/stage.h"
#include "tests/support/http_reader.h"
#include "tests/support/socket.h"

namespace brink::tests::cases {
namespace {

constexpr Millis kPoll{50};

// The first number behind `key` in the text, 0 if there is none.
std::uint16_t number_behind(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  std::uint16_t value = 0;
  if (at == std::string_view::npos) return 0;
  std::from_chars(text.data() + at + key.size(), text.data() + text.size(), value);
  return value;
}

struct Kept {
  HttpMessage response;
  TimePoint since{};
  std::int64_t max_age = 0;
};

class ToyNode final : public RunningNode {
 public:
  ToyNode(const std::string& yaml, const Testbed& testbed) : testbed_(testbed) {
    configure(yaml);
    listener_.open();
    admin_.open();
    threads_.emplace_back([this] { accept(listener_, false); });
    threads_.emplace_back([this] { accept(admin_, true); });
  }
  ~ToyNode() override { static_cast<void>(stop()); }

  std::uint16_t port() const override { return listener_.port(); }
  std::uint16_t admin_port() const override { return admin_.port(); }
  bool reload(const std::string& yaml, std::string& message) override {
    message = "refuse-me is no key";
    if (yaml.find("refuse-me") != std::string::npos) return false;
    configure(yaml);
    return true;
  }
  bool signal_reload(const std::string& yaml, std::string& message) override {
    return reload(yaml, message);
  }
  std::string stop() override {
    if (!running_.exchange(false)) return {};
    listener_.interrupt();
    admin_.interrupt();
    for (std::thread& thread : threads_)
      thread.join();
    return {};
  }

 private:
  struct Connection {
    explicit Connection(Socket s) : socket(std::move(s)) {}
    Socket socket;
    std::thread thread;
  };

  void configure(const std::string& yaml) {
    name_ = yaml.find("regional-1") != std::string::npos ? "regional-1" : "edge-1";
    upstream_ = number_behind(yaml, "regional: [\"http://127.0.0.1:");
    if (upstream_ == 0) upstream_ = number_behind(yaml, "servers: [\"http://127.0.0.1:");
  }

  void accept(Listener& listener, bool admin) {
    std::list<Connection> open;
    while (running_) {
      auto socket = listener.accept(kPoll);
      if (!socket) continue;
      Connection& connection = open.emplace_back(std::move(*socket));
      connection.thread =
          std::thread([this, &connection, admin] { serve(connection.socket, admin); });
    }
    for (Connection& connection : open) {
      connection.socket.interrupt();
      connection.thread.join();
    }
  }

  void serve(Socket& socket, bool admin) {
    HttpReader reader(socket, kWaitLimit);
    while (running_) {
      if (!reader.has_buffered() && !socket.readable(kPoll)) continue;
      HttpMessage request;
      const Read read = reader.request_head(request);
      if (read != Read::Ok) {
        if (read == Read::Malformed) {
          put(socket, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        break;
      }
      static_cast<void>(reader.body(request));
      if (!(admin ? answer_admin(socket) : answer(socket, request))) break;
    }
    socket.close();
  }

  bool answer_admin(Socket& socket) {
    const std::string body =
        fmt::format("# TYPE toy_hits counter\ntoy_hits{{kind=\"a\"}} {}\n", hits_.load());
    return put(socket,
               fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  }

  bool answer(Socket& client, const HttpMessage& request) {
    const std::string key(request.target());
    {
      const std::lock_guard lock(mutex_);
      const auto found = kept_.find(key);
      if (found != kept_.end()) {
        const std::int64_t age = (testbed_.now() - found->second.since).count() / 1000;
        if (age < found->second.max_age) {
          ++hits_;
          const std::string status = fmt::format("hit; ttl={}", found->second.max_age - age);
          return give(client, found->second.response, fmt::format("Age: {}\r\n", age), status);
        }
      }
    }
    HttpMessage response;
    if (!ask(request, response)) {
      return put(client, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    }
    if (!response.complete) {
      static_cast<void>(
          give(client, response, "X-Cut: yes\r\nContent-Length: 9999\r\n", "fwd=uri-miss"));
      return false;
    }
    keep(key, response);
    return give(client, response, "", "fwd=uri-miss; stored");
  }

  void keep(const std::string& key, const HttpMessage& response) {
    const std::int64_t max_age =
        number_behind(response.field("Cache-Control").value_or(""), "max-age=");
    const std::lock_guard lock(mutex_);
    if (max_age > 0) kept_[key] = Kept{response, testbed_.now(), max_age};
  }

  bool ask(const HttpMessage& request, HttpMessage& response) const {
    Socket socket = Socket::connect(upstream_);
    HttpReader reader(socket, kWaitLimit);
    std::string text = request.head;
    if (!request.body.empty()) text += request.body;
    if (socket.write_all(text, kWaitLimit) != Io::Ok) return false;
    do {
      if (reader.response_head(response, request.method()) != Read::Ok) return false;
    } while (response.status() < 200);
    return reader.body(response) == Read::Ok;
  }

  bool give(Socket& client, const HttpMessage& response, const std::string& extra,
            const std::string& status) const {
    std::string text = fmt::format("HTTP/1.1 {} OK\r\n", response.status());
    for (const auto& [name, value] : response.fields) {
      if (name != "Content-Length" && name != "Transfer-Encoding")
        text += fmt::format("{}: {}\r\n", name, value);
    }
    if (extra.find("Content-Length") == std::string::npos) {
      text += fmt::format("Content-Length: {}\r\n", response.body.size());
    }
    text += extra + fmt::format("Cache-Status: brink-{}; {}\r\n\r\n", name_, status);
    return put(client, text + response.body);
  }

  static bool put(Socket& socket, const std::string& text) {
    return socket.write_all(text, kWaitLimit) == Io::Ok;
  }

  const Testbed& testbed_;
  std::string name_;
  std::atomic<std::uint16_t> upstream_{0};
  std::atomic<bool> running_{true};
  std::atomic<int> hits_{0};
  std::mutex mutex_;
  std::map<std::string, Kept> kept_;
  Listener listener_;
  Listener admin_;
  std::list<std::thread> threads_;
};

class ToyTestbed final : public Testbed {
 public:
  TimePoint now() const override { return clock_.now(); }
  void advance(Millis by) override { clock_.advance(by); }
  std::unique_ptr<RunningNode> start(const std::string& yaml, std::string&) override {
    return std::make_unique<ToyNode>(yaml, *this);
  }

 private:
  VirtualClock clock_{kCaseStart};
};

}  // namespace

std::unique_ptr<Testbed> make_toy_testbed() {
  return std::make_unique<ToyTestbed>();
}

}  // namespace brink::tests::cases

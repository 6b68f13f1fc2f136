#include "tests/cases/binary_testbed.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/cases/stage.h"
#include "tests/support/child_process.h"
#include "tests/support/http_reader.h"
#include "tests/support/socket.h"

namespace brink::tests::cases {
namespace {

// Sanitizers start slowly on a busy machine.
constexpr Millis kStartLimit{20'000};
constexpr Millis kStopLimit{30'000};  // a sanitizer looks for leaks at the end

// A folder of our own for as long as the case runs.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "brink-case-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// The number that the shim reads: nanoseconds since 1970.
class ClockFile {
 public:
  explicit ClockFile(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (::ftruncate(fd, sizeof *now_) != 0) std::abort();
    void* page = ::mmap(nullptr, sizeof *now_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (page == MAP_FAILED) std::abort();
    now_ = static_cast<std::atomic<std::int64_t>*>(page);
    now_->store(std::chrono::nanoseconds(kCaseStart.time_since_epoch()).count());
  }
  ~ClockFile() { ::munmap(now_, sizeof *now_); }
  ClockFile(const ClockFile&) = delete;
  ClockFile& operator=(const ClockFile&) = delete;
  TimePoint now() const {
    return TimePoint{std::chrono::floor<Millis>(std::chrono::nanoseconds(now_->load()))};
  }
  void advance(Millis by) { now_->fetch_add(std::chrono::nanoseconds(by).count()); }

 private:
  std::atomic<std::int64_t>* now_ = nullptr;
};

// "brink: admin on 127.0.0.1:41235" → 41235
std::uint16_t port_in(const std::string& line) {
  const std::string_view text = std::string_view(line).substr(0, line.find(" ("));
  const std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  if (colon != std::string_view::npos) {
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  }
  return port;
}

class BinaryNode final : public RunningNode {
 public:
  BinaryNode(const BinaryOptions& options, const std::string& clock, std::string config)
      : config_(std::move(config)),
        process_({options.program, "serve", "--config", config_}, environment(options, clock)) {}

  bool wait_until_ready(std::string& message) {
    if (process_.wait_for_line("brink: ready", kStartLimit).empty()) {
      message = "no 'brink: ready' on its standard error:\n" + process_.standard_error();
      return false;
    }
    port_ = port_in(process_.wait_for_line("brink: listening on ", kWaitLimit));
    tls_port_ = port_in(process_.wait_for_line("brink: listening on ", Millis{0}, 2));
    admin_port_ = port_in(process_.wait_for_line("brink: admin on ", Millis{0}));
    return port_ != 0;
  }
  std::uint16_t port() const override { return port_; }
  std::uint16_t tls_port() const override { return tls_port_; }
  std::uint16_t admin_port() const override { return admin_port_; }
  bool reload(const std::string& yaml, std::string& message) override;
  bool signal_reload(const std::string& yaml, std::string& message) override;
  std::string stop() override {
    process_.signal(SIGTERM);
    return process_.wait_for_exit(kStopLimit);
  }
  std::string log() const override { return process_.standard_error(); }

 private:
  static std::vector<std::string> environment(const BinaryOptions& options,
                                              const std::string& clock) {
    const char* asan = ::getenv("ASAN_OPTIONS");
    return {"LD_PRELOAD=" + options.shim, "BRINK_TEST_CLOCK=" + clock,
            fmt::format("ASAN_OPTIONS=verify_asan_link_order=0:{}", asan ? asan : "")};
  }

  const std::string config_;
  ChildProcess process_;
  std::uint16_t port_ = 0;
  std::uint16_t tls_port_ = 0;
  std::uint16_t admin_port_ = 0;
};

bool BinaryNode::reload(const std::string& yaml, std::string& message) {
  std::ofstream(config_, std::ios::trunc) << yaml;
  Socket socket = Socket::connect(admin_port_);
  HttpReader reader(socket, kWaitLimit);
  const std::string request =
      "POST /v1/reload HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: "
      "0\r\n\r\n";
  HttpMessage response;
  if (socket.write_all(request, kWaitLimit) != Io::Ok ||
      reader.response_head(response, "POST") != Read::Ok || reader.body(response) != Read::Ok) {
    message = "the admin listener does not answer";
    return false;
  }
  message = fmt::format("{} {}", response.status(), response.body);
  return response.status() >= 200 && response.status() < 300;
}

bool BinaryNode::signal_reload(const std::string& yaml, std::string& message) {
  std::ofstream(config_, std::ios::trunc) << yaml;
  const std::size_t before = process_.count_lines("reload");
  process_.signal(SIGHUP);
  message = process_.wait_for_line("reload", kWaitLimit, before + 1);
  return message.find("reloaded") != std::string::npos;
}

class BinaryTestbed final : public Testbed {
 public:
  explicit BinaryTestbed(BinaryOptions options)
      : options_(std::move(options)), clock_(folder_ / "clock") {}
  TimePoint now() const override { return clock_.now(); }
  void advance(Millis by) override { clock_.advance(by); }
  std::unique_ptr<RunningNode> start(const std::string& yaml, std::string& message) override {
    const std::string config = folder_ / fmt::format("node-{}.yaml", ++nodes_);
    std::ofstream(config) << yaml;
    auto node = std::make_unique<BinaryNode>(options_, folder_ / "clock", config);
    if (!node->wait_until_ready(message)) return nullptr;
    return node;
  }

 private:
  BinaryOptions options_;
  ScratchFolder folder_;
  ClockFile clock_;
  int nodes_ = 0;
};

}  // namespace

std::unique_ptr<Testbed> make_binary_testbed(const BinaryOptions& options) {
  return std::make_unique<BinaryTestbed>(options);
}

}  // namespace brink::tests::cases

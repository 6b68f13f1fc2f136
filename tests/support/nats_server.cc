#include "tests/support/nats_server.h"

#include <fmt/format.h>
#include <nats/nats.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace brink::tests {

namespace {

constexpr Millis kStartLimit{30'000};
constexpr std::int64_t kAnswerMs = 10'000;

std::string make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "brink-nats-XXXXXX").string();
  return ::mkdtemp(name.data()) != nullptr ? name : std::string();
}

// In PATH, or where Debian puts it.
std::string find_program() {
  const char* path = ::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = folder + "/nats-server";
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return "/usr/sbin/nats-server";
}

}  // namespace

NatsServer::NatsServer(const Setup& setup)
    : folder_(make_folder()), store_(setup.store.empty() ? folder_ + "/store" : setup.store) {
  configure(setup.more);
}

void NatsServer::configure(const std::string& more) {
  std::ofstream file(folder_ + "/server.conf");
  file << fmt::format("host: 127.0.0.1\nport: {}\njetstream {{ store_dir: \"{}\" }}\n{}\n",
                      port_.port(), store_, more);
}

NatsServer::~NatsServer() {
  process_.reset();
  std::error_code error;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, error);
}

bool NatsServer::start() {
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{find_program(), "-c", folder_ + "/server.conf"},
      std::vector<std::string>{});
  return !process_->wait_for_line("Server is ready", kStartLimit).empty();
}

void NatsServer::kill() {
  process_.reset();
}

void NatsServer::freeze() {
  process_->suspend();
}

void NatsServer::thaw() {
  process_->signal(SIGCONT);
}

std::string NatsServer::url(const std::string& scheme) const {
  return fmt::format("{}://127.0.0.1:{}", scheme, port_.port());
}

std::string NatsServer::ask(const std::string& subject, const std::string& body) const {
  natsConnection* connection = nullptr;
  natsMsg* reply = nullptr;
  std::string out;
  if (natsConnection_ConnectTo(&connection, url().c_str()) == NATS_OK &&
      natsConnection_RequestString(&reply, connection, subject.c_str(), body.c_str(), kAnswerMs) ==
          NATS_OK) {
    out.assign(natsMsg_GetData(reply), static_cast<std::size_t>(natsMsg_GetDataLength(reply)));
  }
  natsMsg_Destroy(reply);
  natsConnection_Destroy(connection);
  return out;
}

}  // namespace brink::tests

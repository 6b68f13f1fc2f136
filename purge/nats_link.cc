#include "purge/nats_link.h"

#include <fmt/format.h>
#include <nats/nats.h>

#include <algorithm>
#include <array>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "config/runtime/log.h"

namespace brink::purge {

namespace {

constexpr Millis kConnectTimeout{2'000};  // per server
constexpr Millis kReconnectWait{100};
constexpr Millis kReconnectJitter{150};
constexpr Millis kConnectWaitMost{2'000};  // between attempts of ours; doubles up to this
constexpr int kPingsOut = 2;
constexpr int kReconnectBuffer = 64 * 1024;  // nothing of ours waits there
constexpr unsigned kTagBits = 40;  // of a subscription's closure; the rest is the link's number

// Links by number. Callbacks hold it shared, so that a link's end waits for those under way.
struct Registry {
  std::shared_mutex mutex;
  std::map<std::uint64_t, NatsLink*> links;
  std::uint64_t last = 0;
};

Registry& registry() {
  static auto* const the_one = new Registry;  // libnats' threads may outlive static destructors
  return *the_one;
}

void* closure_of(std::uint64_t number, std::uint64_t tag = 0) {
  return reinterpret_cast<void*>((number << kTagBits) | tag);
}

std::vector<std::string> split_urls(const std::string& urls) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= urls.size();) {
    const std::size_t end = std::min(urls.find(',', begin), urls.size());
    std::string url = urls.substr(begin, end - begin);
    std::erase(url, ' ');
    if (!url.empty()) out.push_back(std::move(url));
    begin = end + 1;
  }
  return out;
}

std::string header(natsMsg* message, const char* name) {
  const char* value = nullptr;
  if (natsMsgHeader_Get(message, name, &value) != NATS_OK || value == nullptr) return {};
  return value;
}

NatsMessage take(natsMsg* message) {
  const auto text = [](const char* s) { return std::string(s != nullptr ? s : ""); };
  NatsMessage out;
  out.subject = text(natsMsg_GetSubject(message));
  out.reply = text(natsMsg_GetReply(message));
  const int length = natsMsg_GetDataLength(message);
  if (length > 0) {
    out.data.assign(natsMsg_GetData(message), static_cast<std::size_t>(length));
  } else {  // what the server says itself has no payload
    out.status = header(message, "Status");
    out.last_consumer = header(message, "Nats-Last-Consumer");
    out.stalled = header(message, "Nats-Consumer-Stalled");
  }
  return out;
}

// The calling thread's last error, with what libnats knows beyond the code.
std::string describe(natsStatus status) {
  natsStatus last = NATS_OK;
  const char* more = nats_GetLastError(&last);
  const std::string name = natsStatus_GetText(status);
  if (last != status || more == nullptr || *more == '\0') return name;
  return fmt::format("{} ({})", name, more);
}

}  // namespace

struct NatsLink::Trampolines {
  template <class Call>
  static void with(void* closure, Call&& call) {
    const auto value = reinterpret_cast<std::uint64_t>(closure);
    const std::shared_lock lock(registry().mutex);
    const auto it = registry().links.find(value >> kTagBits);
    if (it != registry().links.end()) call(*it->second, value & ((1ULL << kTagBits) - 1));
  }
  static void message(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    NatsEvent event;
    event.message = take(message);
    natsMsg_Destroy(message);
    with(closure, [&](NatsLink& link, std::uint64_t tag) {
      event.tag = tag;
      link.sink_(std::move(event));
    });
  }
  static void reconnected(natsConnection*, void* closure) {
    with(closure, [](NatsLink& link, std::uint64_t) {
      link.reconnects_.add();
      log_limited(LogLevel::Info, "nats_up", "purge",
                  link.settings_.option + ": connected to NATS again");
      link.on_event(NatsEvent::Kind::Up);
    });
  }
  static void disconnected(natsConnection*, void* closure) {
    with(closure, [](NatsLink& link, std::uint64_t) {
      log_limited(LogLevel::Warning, "nats_down", "purge",
                  link.settings_.option +
                      ": the connection to NATS is lost; connecting again until it succeeds");
      link.on_event(NatsEvent::Kind::Down);
    });
  }
  static void closed(natsConnection* connection, void* closure) {
    with(closure, [&](NatsLink& link, std::uint64_t) {
      {
        const std::lock_guard lock(link.mutex_);
        if (link.connection_ != connection) return;
      }
      const std::lock_guard lock(link.state_mutex_);
      link.is_ended_ = true;
      link.changed_.notify_all();
    });
  }
  static void failed(natsConnection*, natsSubscription*, natsStatus status, void* closure) {
    with(closure, [&](NatsLink& link, std::uint64_t) {
      link.errors_.add();
      log_limited(LogLevel::Warning, "nats_error", "purge",
                  fmt::format("{}: {}", link.settings_.option, describe(status)));
    });
  }
};

void NatsLink::OptionsDeleter::operator()(__natsOptions* options) const {
  natsOptions_Destroy(options);
}

NatsLink::Cells NatsLink::log_cells(MetricsRegistry& metrics) {
  return {metrics.gauge("brink_purge_nats_connected",
                        "1 while the connection to the NATS server is up."),
          metrics.counter("brink_purge_nats_reconnects_total",
                          "Times that the connection to NATS was made again."),
          metrics.counter("brink_purge_log_errors_total", "Errors of the purge log, by kind.",
                          {{"kind", "connection"}})};
}

NatsLink::NatsLink(Settings settings, const Cells& cells, Sink sink)
    : settings_(std::move(settings)),
      sink_(std::move(sink)),
      connected_(cells.connected),
      reconnects_(cells.reconnects),
      errors_(cells.errors) {}

std::unique_ptr<NatsLink> NatsLink::open(const config::NatsOptions& options,
                                         const Settings& settings, const Cells& cells, Sink sink,
                                         std::string& message) {
  std::unique_ptr<NatsLink> link(new NatsLink(settings, cells, std::move(sink)));
  natsInbox* inbox = nullptr;
  if (nats_Open(-1) != NATS_OK || natsInbox_Create(&inbox) != NATS_OK) {
    message = "libnats cannot be started: " + describe(NATS_ERR);
    return nullptr;
  }
  link->inbox_ = inbox;
  natsInbox_Destroy(inbox);
  {
    const std::lock_guard lock(registry().mutex);
    link->number_ = ++registry().last;
    registry().links[link->number_] = link.get();
  }
  message = link->configure(options);
  if (!message.empty()) return nullptr;
  link->thread_ = std::thread([self = link.get()] { self->run(); });
  return link;
}

NatsLink::~NatsLink() {
  {
    const std::lock_guard lock(registry().mutex);
    registry().links.erase(number_);
  }
  {
    const std::lock_guard lock(state_mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::string NatsLink::configure(const config::NatsOptions& options) {
  natsOptions* raw = nullptr;
  natsStatus status = natsOptions_Create(&raw);
  options_.reset(raw);
  const std::vector<std::string> urls = split_urls(options.url);
  std::vector<const char*> pointers;
  for (const std::string& url : urls)
    pointers.push_back(url.c_str());
  void* self = closure_of(number_);
  const auto step = [&](natsStatus next) { status = status == NATS_OK ? next : status; };
  step(natsOptions_SetServers(raw, pointers.data(), static_cast<int>(pointers.size())));
  step(natsOptions_SetName(raw, settings_.name.c_str()));
  step(natsOptions_SetTimeout(raw, kConnectTimeout.count()));
  step(natsOptions_SetPingInterval(raw, settings_.ping_interval.count()));
  step(natsOptions_SetMaxPingsOut(raw, kPingsOut));
  step(natsOptions_SetWriteDeadline(raw, settings_.ping_interval.count()));
  step(natsOptions_SetMaxReconnect(raw, -1));
  step(natsOptions_SetReconnectWait(raw, kReconnectWait.count()));
  step(natsOptions_SetReconnectJitter(raw, kReconnectJitter.count(), kReconnectJitter.count()));
  step(natsOptions_SetSendAsap(raw, true));
  step(natsOptions_SetReconnectBufSize(raw, kReconnectBuffer));
  step(natsOptions_SetErrorHandler(raw, Trampolines::failed, self));
  step(natsOptions_SetDisconnectedCB(raw, Trampolines::disconnected, self));
  step(natsOptions_SetReconnectedCB(raw, Trampolines::reconnected, self));
  step(natsOptions_SetClosedCB(raw, Trampolines::closed, self));
  const bool is_secure = std::any_of(urls.begin(), urls.end(),
                                     [](const std::string& u) { return u.starts_with("tls://"); });
  if (is_secure) step(natsOptions_SetSecure(raw, true));
  if (status != NATS_OK) return settings_.option + ".url: " + describe(status);
  return configure_access(options);
}

std::string NatsLink::configure_access(const config::NatsOptions& options) {
  natsOptions* raw = options_.get();
  natsStatus status = NATS_OK;
  if (!options.credentials.empty()) {
    status = natsOptions_SetUserCredentialsFromFiles(raw, options.credentials.c_str(), nullptr);
    if (status != NATS_OK) return settings_.option + ".credentials: " + describe(status);
  } else if (!options.user.empty()) {
    status = natsOptions_SetUserInfo(raw, options.user.c_str(), options.password.c_str());
  } else if (!options.password.empty()) {
    status = natsOptions_SetToken(raw, options.password.c_str());
  }
  if (status != NATS_OK) return settings_.option + ".user: " + describe(status);
  if (!options.ca.empty()) {
    status = natsOptions_LoadCATrustedCertificates(raw, options.ca.c_str());
    if (status != NATS_OK) return settings_.option + ".ca: " + describe(status);
  }
  if (!options.certificate.empty()) {
    status =
        natsOptions_LoadCertificatesChain(raw, options.certificate.c_str(), options.key.c_str());
    if (status != NATS_OK) return settings_.option + ".certificate: " + describe(status);
  }
  return {};
}

void NatsLink::run() {
  Millis wait = kReconnectWait;
  const auto is_stopping = [this] { return is_stopping_; };
  for (std::unique_lock lock(state_mutex_); !is_stopping_;) {
    is_ended_ = false;
    lock.unlock();
    natsConnection* connection = nullptr;
    const natsStatus status = natsConnection_Connect(&connection, options_.get());
    if (status == NATS_OK) {
      {
        const std::lock_guard own(mutex_);
        connection_ = connection;
      }
      wait = kReconnectWait;
      on_event(NatsEvent::Kind::Up);
    } else {
      errors_.add();
      log_limited(LogLevel::Warning, "nats_connect", "purge",
                  settings_.option + ": cannot connect to NATS; trying again until it succeeds: " +
                      describe(status));
    }
    lock.lock();
    if (status == NATS_OK) {
      // Closed may have come before connection_ was set.
      is_ended_ = is_ended_ || natsConnection_IsClosed(connection);
      changed_.wait(lock, [this] { return is_stopping_ || is_ended_; });
      lock.unlock();
      give_up_connection();
      lock.lock();
    }
    changed_.wait_for(lock, wait, is_stopping);
    wait = std::min(wait * 2, kConnectWaitMost);
  }
  nats_ReleaseThreadMemory();
}

void NatsLink::give_up_connection() {
  natsConnection* connection = nullptr;
  std::map<std::uint64_t, natsSubscription*> subscriptions;
  {
    const std::lock_guard lock(mutex_);
    connection = std::exchange(connection_, nullptr);
    subscriptions.swap(subscriptions_);
  }
  for (const auto& [tag, subscription] : subscriptions)
    natsSubscription_Destroy(subscription);
  natsConnection_Destroy(connection);
  on_event(NatsEvent::Kind::Down);
}

void NatsLink::on_event(NatsEvent::Kind kind) {
  connected_.set(kind == NatsEvent::Kind::Up ? 1 : 0);
  NatsEvent event;
  event.kind = kind;
  sink_(std::move(event));
}

bool NatsLink::is_up() const {
  const std::lock_guard lock(mutex_);
  return connection_ != nullptr && natsConnection_Status(connection_) == NATS_CONN_STATUS_CONNECTED;
}

NatsLink::Sent NatsLink::publish(const std::string& subject, const std::string& reply,
                                 std::string_view data, const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (connection_ == nullptr || natsConnection_Status(connection_) != NATS_CONN_STATUS_CONNECTED)
    return Sent::NotConnected;
  natsMsg* message = nullptr;
  natsStatus status =
      natsMsg_Create(&message, subject.c_str(), reply.empty() ? nullptr : reply.c_str(),
                     data.data(), static_cast<int>(data.size()));
  if (status == NATS_OK && !id.empty())
    status = natsMsgHeader_Set(message, "Nats-Msg-Id", id.c_str());
  if (status == NATS_OK) status = natsConnection_PublishMsg(connection_, message);
  natsMsg_Destroy(message);
  if (status == NATS_OK) return Sent::Yes;
  errors_.add();
  log_limited(LogLevel::Warning, "nats_publish", "purge",
              "cannot send to NATS: " + describe(status));
  return status == NATS_MAX_PAYLOAD ? Sent::TooLarge : Sent::NotConnected;
}

bool NatsLink::subscribe(const std::string& subject, std::uint64_t tag) {
  const std::lock_guard lock(mutex_);
  if (connection_ == nullptr) return false;
  natsSubscription* subscription = nullptr;
  const natsStatus status = natsConnection_Subscribe(
      &subscription, connection_, subject.c_str(), Trampolines::message, closure_of(number_, tag));
  if (status != NATS_OK) {
    errors_.add();
    return false;
  }
  natsSubscription*& place = subscriptions_[tag];
  if (place != nullptr) natsSubscription_Destroy(place);
  place = subscription;
  return true;
}

void NatsLink::unsubscribe(std::uint64_t tag) {
  const std::lock_guard lock(mutex_);
  const auto it = subscriptions_.find(tag);
  if (it == subscriptions_.end()) return;
  natsSubscription_Destroy(it->second);
  subscriptions_.erase(it);
}

}  // namespace brink::purge

#pragma once
// The NATS log without its thread and its queue: what happens on events and with time. All calls
// come from the log's thread (nats_log.cc).
//
//   link up → streams are there → feeds follow them → the node is current again and again
//
// The proof of being current: the stream's info is asked for at a time that is noted before, and
// everything up to the last number it gives has been delivered.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "purge/log.h"
#include "purge/nats_feed.h"
#include "purge/nats_format.h"
#include "purge/nats_link.h"
#include "purge/nats_requests.h"
#include "purge/nats_sender.h"
#include "purge/nats_stream.h"

namespace brink::purge {

class NatsCore {
 public:
  // How long attach() waits to learn what is in the log already.
  static constexpr Millis kAttachLimit{3'000};
  static constexpr std::uint32_t kReceiptsKept = 100'000;  // messages in the receipts' stream
  static constexpr std::size_t kReceiptsPerMessage = 500;

  NatsCore(const config::PurgeOptions& options, const Clock& clock, MetricsRegistry& metrics,
           NatsLink& link, std::function<void(std::string id)> on_id);

  void on_event(const NatsEvent& event, Ticks now);
  // Whatever can be done next is done; cheap.
  void go_on(Ticks now);
  // Time-outs and retries; every few tens of milliseconds.
  void on_time(Ticks now);

  // `attached` is called once, when it is known which records are old ones, or not to be known.
  void attach(LogListener& listener, Ticks now, std::function<void()> attached);
  void detach(LogListener& listener);
  void append(const Record& record, std::string json, Ticks until, Log::Done done);
  void send_reports(std::vector<Report> reports);
  void send_alive(const Report& report);
  void shut();  // what waits is given up

 private:
  struct Proof {
    std::uint64_t last = 0;  // once that has been delivered …
    Ticks at{};              // … everything before this has
    Ticks asked{};           // in real time
  };
  struct Attachment {
    explicit Attachment(LogListener& l) : listener(l) {}
    LogListener& listener;
    bool is_gone = false;
    std::shared_ptr<NatsFeed> records, receipts;
    Ticks since{};                   // by the injected clock
    Ticks until{};                   // real
    std::function<void()> attached;  // until it was called
    std::uint64_t replay_until = 0;  // records up to there are old ones
    std::optional<Proof> wanted;
    Ticks proved = Ticks::min();  // the last on_current(); it only moves on
  };
  using AttachmentHandle = std::shared_ptr<Attachment>;

  void make_feeds(Attachment& attachment);
  void on_record(Attachment& attachment, std::uint64_t sequence, std::string_view data);
  void on_report(Attachment& attachment, std::string_view data);
  void on_link(bool is_up);
  void on_message(const NatsEvent& event, Ticks now);
  void on_log_info(const StreamInfo& info, Ticks at);
  void on_receipts_info(const StreamInfo& info);
  bool is_log_sound(const StreamInfo& info);
  void give_up(std::string_view why);
  void follow(Attachment& attachment, Ticks now);
  void prove(Attachment& attachment);
  void finish_attaching(Attachment& attachment);

  const NatsNames names_;
  const Millis max_lag_;
  const Clock& clock_;
  const SystemClock real_;
  NatsLink& link_;
  const std::function<void(std::string)> on_id_;
  Counter& restarts_;
  Counter& bad_records_;
  Counter& bad_reports_;
  NatsRequests requests_;
  NatsStream log_, receipts_;
  NatsSender sender_;
  std::vector<AttachmentHandle> attachments_;
  bool is_up_ = false;
  bool is_sound_ = false;  // the log is there, as this node knew it
  bool may_append_ = false;
  bool is_id_known_ = false;
  bool is_given_up_ = false;
  std::uint64_t known_last_ = 0;
  std::optional<Ticks> short_since_;  // the stream ends before what it had
  Ticks next_poll_{};
};

}  // namespace brink::purge

#include "purge/nats_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/runtime/log.h"
#include "purge/report.h"

namespace brink::purge {

namespace {

constexpr Millis kPollLeast{50}, kPollMost{1'000};
constexpr Millis kInfoLeast{250}, kInfoMost{2'000};
constexpr Millis kHeartbeatLeast{100}, kHeartbeatMost{1'000};
constexpr Millis kPause{250};
constexpr Millis kStuck{2'000};   // no delivery although the stream has more
constexpr Millis kShort{10'000};  // a new leader may need a while to know all it has

constexpr std::string_view kRestart =
    "this node no longer trusts its cache; restart it, so that it begins with the log as it is now";

}  // namespace

NatsCore::NatsCore(const config::PurgeOptions& options, const Clock& clock,
                   MetricsRegistry& metrics, NatsLink& link,
                   std::function<void(std::string id)> on_id)
    : names_(options.nats.stream),
      max_lag_(options.max_lag),
      clock_(clock),
      link_(link),
      on_id_(std::move(on_id)),
      restarts_(metrics.counter("brink_purge_nats_consumers_total",
                                "Times that the log was followed anew from where this node was.")),
      bad_records_(metrics.counter("brink_purge_log_errors_total",
                                   "Errors of the purge log, by kind.", {{"kind", "record"}})),
      bad_reports_(metrics.counter("brink_purge_log_errors_total",
                                   "Errors of the purge log, by kind.", {{"kind", "report"}})),
      requests_(link),
      log_(names_.log_stream, log_stream_config(names_, options.nats.replicas, options.retain),
           false, requests_, [this](const StreamInfo& info, Ticks at) { on_log_info(info, at); }),
      receipts_(names_.receipts_stream,
                receipts_stream_config(names_, options.nats.replicas, kReceiptsKept), true,
                requests_, [this](const StreamInfo& info, Ticks) { on_receipts_info(info); }),
      sender_(requests_, metrics) {}

void NatsCore::on_event(const NatsEvent& event, Ticks now) {
  if (event.kind == NatsEvent::Kind::Message) {
    on_message(event, now);
  } else {
    on_link(event.kind == NatsEvent::Kind::Up);
  }
}

void NatsCore::on_link(bool is_up) {
  requests_.forget();
  log_.set_away();
  receipts_.set_away();
  is_sound_ = false;
  may_append_ = false;
  sender_.set_ready(false, false, {});
  for (const AttachmentHandle& attachment : attachments_) {
    attachment->records->stop();
    attachment->receipts->stop();
  }
  is_up_ = is_up && requests_.begin() && link_.subscribe(names_.alive, NatsRequests::kAlive);
}

void NatsCore::on_message(const NatsEvent& event, Ticks now) {
  if (event.tag == NatsRequests::kReplies) {
    const std::uint64_t number = requests_.number_of(event.message.subject);
    if (!sender_.on_reply(number, event.message, now)) requests_.on_reply(number, event.message);
    return;
  }
  const std::vector<AttachmentHandle> all = attachments_;  // a listener may detach itself
  for (const AttachmentHandle& attachment : all) {
    if (attachment->is_gone) continue;
    if (event.tag == NatsRequests::kAlive) {
      on_report(*attachment, event.message.data);
    } else if (event.tag == attachment->records->tag()) {
      attachment->records->on_message(event.message, now);
      if (!attachment->is_gone) prove(*attachment);
    } else if (event.tag == attachment->receipts->tag()) {
      attachment->receipts->on_message(event.message, now);
    }
  }
}

void NatsCore::go_on(Ticks now) {
  // Not in detach(): one of their calls may be under way.
  std::erase_if(attachments_, [](const AttachmentHandle& a) { return a->is_gone; });
  if (!is_up_ || is_given_up_) return;
  const Ticks at = clock_.ticks();
  log_.on_time(now, at);
  receipts_.on_time(now, at);
  if (log_.is_ready() && !log_.is_asking() && now >= next_poll_) {
    next_poll_ = now + std::clamp(max_lag_ / 8, kPollLeast, kPollMost);
    log_.ask_info(now, at, std::clamp(max_lag_ / 4, kInfoLeast, kInfoMost));
  }
  const std::vector<AttachmentHandle> all = attachments_;
  for (const AttachmentHandle& attachment : all) {
    if (attachment->is_gone) continue;
    follow(*attachment, now);
    prove(*attachment);
  }
  // Nothing goes into a log of which it is not certain yet that it is ours.
  may_append_ = may_append_ || (is_sound_ && std::all_of(all.begin(), all.end(), [](const auto& a) {
                                  return a->is_gone || a->records->is_verified();
                                }));
  sender_.set_following(std::any_of(all.begin(), all.end(), [](const auto& a) {
    return !a->is_gone && a->records->is_verified();
  }));
  sender_.set_ready(may_append_, receipts_.is_ready(), now);
}

void NatsCore::on_time(Ticks now) {
  requests_.on_time(now);
  sender_.on_time(now);
  const std::vector<AttachmentHandle> all = attachments_;
  for (const AttachmentHandle& attachment : all) {
    attachment->records->on_time(now);
    attachment->receipts->on_time(now);
    if (now >= attachment->until) finish_attaching(*attachment);
  }
}

// Feeds that stand still go on when their stream is there.
void NatsCore::follow(Attachment& attachment, Ticks now) {
  if (attachment.attached) return;
  if (log_.is_ready()) {
    NatsFeed& feed = *attachment.records;
    const bool is_stuck = attachment.wanted && now - attachment.wanted->asked > kStuck &&
                          now - feed.last_progress() > kStuck;
    if (feed.is_idle() || is_stuck) feed.restart(now, known_last_);
  }
  if (receipts_.is_ready() && attachment.receipts->is_idle()) attachment.receipts->restart(now, 0);
}

void NatsCore::on_log_info(const StreamInfo& info, Ticks at) {
  if (is_given_up_) return;
  is_sound_ = is_log_sound(info);
  if (!is_sound_) return;
  if (!std::exchange(is_id_known_, true)) on_id_(names_.log_stream + "@" + log_.created());
  known_last_ = info.last;
  for (const AttachmentHandle& attachment : attachments_) {
    if (attachment->attached && at >= attachment->since) {
      attachment->replay_until = info.last;
      finish_attaching(*attachment);
    }
    if (!attachment->wanted)
      attachment->wanted = Proof{info.last, at - info.silence, real_.ticks()};
  }
}

void NatsCore::on_receipts_info(const StreamInfo& info) {
  // Numbers that begin again mean nothing here: whoever sees a receipt twice counts it once.
  for (const AttachmentHandle& attachment : attachments_) {
    if (info.last < attachment->receipts->delivered()) attachment->receipts->rewind();
  }
}

// Whether this is the log that this node follows, with everything that it had.
bool NatsCore::is_log_sound(const StreamInfo& info) {
  if (info.created != log_.created()) {
    give_up("its stream was deleted and made anew");
    return false;
  }
  std::uint64_t seen = known_last_;
  for (const AttachmentHandle& attachment : attachments_)
    seen = std::max(seen, attachment->records->delivered());
  if (info.last >= seen) {
    short_since_.reset();
    return true;
  }
  const Ticks now = real_.ticks();
  if (!short_since_) short_since_ = now;
  if (now - *short_since_ > kShort) give_up("its stream has lost its last records");
  return false;
}

void NatsCore::give_up(std::string_view why) {
  if (std::exchange(is_given_up_, true)) return;
  log(LogLevel::Error, "purge",
      fmt::format("the purge log {} is not what it was: {}; {}", names_.log_stream, why, kRestart));
  for (const AttachmentHandle& attachment : attachments_) {
    attachment->wanted.reset();
    attachment->records->stop();
    attachment->receipts->stop();
  }
  sender_.fail_all({ErrorCode::NoServerAvailable, Side::Store, Retry::Never,
                    "the purge log is not what it was; restart this node"},
                   true);
}

void NatsCore::prove(Attachment& attachment) {
  if (!attachment.wanted || is_given_up_ || !attachment.records->is_verified() ||
      attachment.records->delivered() < attachment.wanted->last)
    return;
  const Ticks at = attachment.wanted->at;
  attachment.wanted.reset();
  if (at <= attachment.proved) return;
  attachment.proved = at;
  attachment.listener.on_current(at);
}

void NatsCore::on_record(Attachment& attachment, std::uint64_t sequence, std::string_view data) {
  if (attachment.is_gone) return;
  const auto record = parse_record(data, sequence);
  if (record) {
    attachment.listener.on_record(*record, sequence <= attachment.replay_until);
    return sender_.on_delivered(sequence, record->id);
  }
  sender_.on_delivered(sequence, {});
  bad_records_.add();
  log_limited(LogLevel::Error, "nats_record", "purge",
              fmt::format("record {} in {} cannot be read; everything stored before it will be "
                          "revalidated",
                          sequence, names_.log_stream));
  attachment.listener.on_lost(sequence);
}

void NatsCore::on_report(Attachment& attachment, std::string_view data) {
  if (attachment.is_gone) return;
  if (const auto report = parse_report(data)) return attachment.listener.on_report(*report);
  bad_reports_.add();
  log_limited(LogLevel::Warning, "nats_report", "purge", "a node's report cannot be read");
}

void NatsCore::make_feeds(Attachment& attachment) {
  const Millis heartbeat = std::clamp(max_lag_ / 8, kHeartbeatLeast, kHeartbeatMost);
  NatsFeed::Events records{[this, &attachment](std::uint64_t sequence, std::string_view data) {
                             on_record(attachment, sequence, data);
                           },
                           [&attachment](std::uint64_t sequence) {
                             if (!attachment.is_gone) attachment.listener.on_lost(sequence);
                           },
                           [this] { give_up("a record that was delivered is another one now"); },
                           [this] { log_.set_away(real_.ticks() + kPause); }};
  NatsFeed::Events receipts{
      [this, &attachment](std::uint64_t, std::string_view data) { on_report(attachment, data); },
      [](std::uint64_t) {}, [&attachment] { attachment.receipts->rewind(); },
      [this] { receipts_.set_away(real_.ticks() + kPause); }};
  attachment.records = std::make_shared<NatsFeed>(names_.log_stream, heartbeat, requests_,
                                                  restarts_, std::move(records));
  attachment.receipts = std::make_shared<NatsFeed>(names_.receipts_stream, heartbeat, requests_,
                                                   restarts_, std::move(receipts));
}

void NatsCore::attach(LogListener& listener, Ticks now, std::function<void()> attached) {
  const auto attachment = std::make_shared<Attachment>(listener);
  attachment->since = clock_.ticks();
  attachment->until = now + kAttachLimit;
  attachment->attached = std::move(attached);
  make_feeds(*attachment);
  attachments_.push_back(attachment);
  next_poll_ = now;
}

void NatsCore::finish_attaching(Attachment& attachment) {
  if (const auto attached = std::exchange(attachment.attached, nullptr)) attached();
}

void NatsCore::detach(LogListener& listener) {
  const std::vector<AttachmentHandle> all = attachments_;
  for (const AttachmentHandle& attachment : all) {
    if (&attachment->listener != &listener) continue;
    attachment->is_gone = true;
    finish_attaching(*attachment);
  }
}

void NatsCore::append(const Record& record, std::string json, Ticks until, Log::Done done) {
  sender_.append(names_.subject_of(record), std::move(json), record.id, until, std::move(done));
}

void NatsCore::send_reports(std::vector<Report> reports) {
  Report out;
  const auto flush = [&] {
    if (!out.receipts.empty()) sender_.send_receipts(names_.receipts, to_json(out));
    out.receipts.clear();
  };
  for (Report& report : reports) {
    const bool is_same = report.node == out.node && report.instance == out.instance &&
                         report.pop == out.pop && report.role == out.role;
    if (!is_same) flush();
    std::vector<Receipt> before = std::exchange(out.receipts, {});
    const std::vector<Receipt> more = std::exchange(report.receipts, {});
    out = std::move(report);
    out.receipts = std::move(before);
    for (const Receipt& receipt : more) {
      out.receipts.push_back(receipt);
      if (out.receipts.size() >= kReceiptsPerMessage) flush();
    }
  }
  flush();
}

void NatsCore::send_alive(const Report& report) {
  if (is_up_ && !is_given_up_) link_.publish(names_.alive, {}, to_json(report));
}

void NatsCore::shut() {
  sender_.fail_all({ErrorCode::Cancelled, Side::Internal, Retry::Never, "the node stops"}, true);
  for (const AttachmentHandle& attachment : attachments_) {
    attachment->is_gone = true;
    finish_attaching(*attachment);
  }
  attachments_.clear();
}

}  // namespace brink::purge

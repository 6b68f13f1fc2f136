#include "purge/nats_stream.h"

#include <fmt/format.h>

#include <utility>

#include "config/runtime/log.h"

namespace brink::purge {

namespace {

constexpr Millis kAnswerLimit{2'000};
constexpr Millis kPause{250};  // before the next try after an error
constexpr int kNotFound = 404;

}  // namespace

NatsStream::NatsStream(std::string name, std::string config, bool may_be_made_again,
                       NatsRequests& requests, OnInfo on_info)
    : name_(std::move(name)),
      config_(std::move(config)),
      may_be_made_again_(may_be_made_again),
      requests_(requests),
      on_info_(std::move(on_info)) {}

void NatsStream::set_away(Ticks next_try) {
  is_ready_ = false;
  is_asking_ = false;
  next_try_ = next_try;
}

void NatsStream::on_time(Ticks now, Ticks at) {
  if (is_ready_ || is_asking_ || now < next_try_) return;
  ask_info(now, at, kAnswerLimit);
}

void NatsStream::ask_info(Ticks now, Ticks at, Millis limit) {
  is_asking_ = true;
  requests_.ask("$JS.API.STREAM.INFO." + name_, {}, now, limit,
                [this, now, at](std::optional<std::string_view> reply) {
                  is_asking_ = false;
                  next_try_ = now + kPause;
                  on_info_reply(reply, now, at);
                });
}

void NatsStream::on_info_reply(std::optional<std::string_view> reply, Ticks now, Ticks at) {
  const auto info = reply ? parse_stream_info(*reply) : std::nullopt;
  if (!info) {
    log_limited(LogLevel::Warning, "nats_info", "purge",
                fmt::format("NATS does not say how the stream {} is (is JetStream on?); asking "
                            "until it does",
                            name_));
    return;
  }
  if (info->error.code == kNotFound) {
    is_ready_ = false;
    if (created_.empty() || may_be_made_again_) return create(now);
    log_limited(LogLevel::Error, "nats_missing", "purge",
                fmt::format("the stream {} is missing; restore it, or restart all nodes", name_));
    return;
  }
  if (info->error.code != 0) {
    log_limited(LogLevel::Warning, "nats_info", "purge",
                fmt::format("NATS on the stream {}: {}", name_, info->error.description));
    return;
  }
  if (created_.empty() || may_be_made_again_) created_ = info->created;
  is_ready_ = true;
  update_if_needed(*info, now);
  on_info_(*info, at);
}

void NatsStream::create(Ticks now) {
  is_asking_ = true;
  requests_.ask("$JS.API.STREAM.CREATE." + name_, config_, now, kAnswerLimit,
                [this](std::optional<std::string_view> reply) {
                  is_asking_ = false;
                  on_create_reply(reply);
                });
}

void NatsStream::on_create_reply(std::optional<std::string_view> reply) {
  const auto info = reply ? parse_stream_info(*reply) : std::nullopt;
  if (info && info->error.code == 0) {
    next_try_ = {};  // its info follows at once
    log(LogLevel::Info, "purge", fmt::format("made the NATS stream {}", name_));
  } else if (info) {
    log_limited(
        LogLevel::Error, "nats_create", "purge",
        fmt::format("NATS refuses to make the stream {}: {}", name_, info->error.description));
  }
}

void NatsStream::update_if_needed(const StreamInfo& info, Ticks now) {
  if (std::exchange(is_compared_, true)) return;
  const StreamUpdate compared = compare_stream_config(info.config, config_);
  if (compared.differences.empty()) return;
  log(LogLevel::Warning, "purge",
      fmt::format("the NATS stream {} is configured otherwise: {}", name_, compared.differences));
  if (compared.update.empty()) return;
  requests_.ask("$JS.API.STREAM.UPDATE." + name_, compared.update, now, kAnswerLimit,
                [name = name_](std::optional<std::string_view> reply) {
                  const auto updated = reply ? parse_stream_info(*reply) : std::nullopt;
                  if (updated && updated->error.code == 0) return;
                  log(LogLevel::Warning, "purge",
                      fmt::format("the NATS stream {} stays as it is: {}", name,
                                  updated ? updated->error.description : "no answer"));
                });
}

}  // namespace brink::purge

#pragma once
// One stream of the log, made if it is not there, with the configuration that is wanted as far as
// that goes. Used by the log's thread only.
//
//   Away → (info) → missing? create · other configuration? update, once → Ready → Away on errors
//
// A stream that was known and is missing is never made anew: its numbers would begin again, and
// every node that remembers the old ones would be misled.

#include <cstdint>
#include <functional>
#include <string>

#include "config/runtime/clock.h"
#include "purge/nats_format.h"
#include "purge/nats_requests.h"

namespace brink::purge {

class NatsStream {
 public:
  // `config` as JSON. `on_info` is called with each info of a stream that is there, and `asked_at`
  // as given to ask_info() or on_time().
  using OnInfo = std::function<void(const StreamInfo& info, Ticks asked_at)>;
  NatsStream(std::string name, std::string config, bool may_be_made_again, NatsRequests& requests,
             OnInfo on_info);

  bool is_ready() const { return is_ready_; }
  const std::string& name() const { return name_; }
  const std::string& created() const { return created_; }  // empty = never seen
  // Asks again, not before `next_try`, before it is ready again.
  void set_away(Ticks next_try = {});
  // Goes on with what is to be done: called every few milliseconds while the link is up.
  // `at` is the injected clock's time, `now` the real one.
  void on_time(Ticks now, Ticks at);
  // For a stream that is ready; one question at a time.
  void ask_info(Ticks now, Ticks at, Millis limit);
  bool is_asking() const { return is_asking_; }

 private:
  void create(Ticks now);
  void update_if_needed(const StreamInfo& info, Ticks now);
  void on_info_reply(std::optional<std::string_view> reply, Ticks now, Ticks at);
  void on_create_reply(std::optional<std::string_view> reply);

  const std::string name_, config_;
  const bool may_be_made_again_;
  NatsRequests& requests_;
  const OnInfo on_info_;
  std::string created_;
  bool is_ready_ = false;
  bool is_asking_ = false;
  bool is_compared_ = false;  // with the wanted configuration, in this process
  Ticks next_try_{};
};

}  // namespace brink::purge

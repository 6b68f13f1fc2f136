#pragma once
// The keys that session tickets are sealed with (RFC 5077, RFC 8446 §4.6.1).
//
// One set per node, for all its shards and listeners: a client resumes wherever its next connection
// ends up. The key changes every half of the lifetime; the one before still opens tickets, so that
// a ticket is good for at least half of it and never for longer than all of it. Any thread. The
// lock is held for the copy of a key.

#include <array>
#include <mutex>
#include <optional>
#include <span>

#include "config/runtime/clock.h"

namespace brink::edge {

struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> cipher{};  // AES-256-CBC
  std::array<unsigned char, 32> mac{};     // HMAC-SHA-256
};

class TlsTickets {
 public:
  // `clock` outlives it.
  TlsTickets(const Clock& clock, Millis lifetime);
  ~TlsTickets();
  TlsTickets(const TlsTickets&) = delete;
  TlsTickets& operator=(const TlsTickets&) = delete;

  void set_lifetime(Millis lifetime);
  // The key for new tickets.
  TicketKey seal();
  // The key of a ticket that names it; `renew`: it has been replaced since. Empty: unknown by now.
  struct Opened {
    TicketKey key;
    bool renew = false;
  };
  std::optional<Opened> open(std::span<const unsigned char, 16> name);

 private:
  void rotate(Ticks now);  // REQUIRES: mutex_

  const Clock& clock_;
  std::mutex mutex_;
  Millis lifetime_;
  TicketKey current_;
  std::optional<TicketKey> previous_;
  Ticks since_;  // of current_
};

}  // namespace brink::edge

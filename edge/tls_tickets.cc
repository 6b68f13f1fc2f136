#include "edge/tls_tickets.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>

#include "config/runtime/error.h"

namespace brink::edge {

namespace {

template <std::size_t N>
void fill(std::array<unsigned char, N>& bytes) {
  CHECK(RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
}

TicketKey new_key() {
  TicketKey key;
  fill(key.name);
  fill(key.cipher);
  fill(key.mac);
  return key;
}

}  // namespace

TlsTickets::TlsTickets(const Clock& clock, Millis lifetime)
    : clock_(clock), lifetime_(lifetime), current_(new_key()), since_(clock.ticks()) {}

// A key that is found in memory later opens recorded sessions.
TlsTickets::~TlsTickets() {
  OPENSSL_cleanse(&current_, sizeof current_);
  if (previous_) OPENSSL_cleanse(&*previous_, sizeof *previous_);
}

void TlsTickets::set_lifetime(Millis lifetime) {
  const std::lock_guard lock(mutex_);
  lifetime_ = lifetime;
}

void TlsTickets::rotate(Ticks now) {
  const auto age = now - since_;
  if (age < lifetime_ / 2) return;
  if (previous_) OPENSSL_cleanse(&*previous_, sizeof *previous_);
  previous_.reset();
  if (age < lifetime_) previous_ = current_;
  current_ = new_key();
  since_ = now;
}

TicketKey TlsTickets::seal() {
  const std::lock_guard lock(mutex_);
  rotate(clock_.ticks());
  return current_;
}

std::optional<TlsTickets::Opened> TlsTickets::open(std::span<const unsigned char, 16> name) {
  const std::lock_guard lock(mutex_);
  rotate(clock_.ticks());
  const auto is = [&](const TicketKey& key) {
    return std::equal(name.begin(), name.end(), key.name.begin());
  };
  if (is(current_)) return Opened{current_, false};
  if (previous_ && is(*previous_)) return Opened{*previous_, true};
  return std::nullopt;
}

}  // namespace brink::edge

#pragma once
// What no answer of a simulated deployment may be, said without a look at how the product does it:
// older than a purge that was acknowledged before the request began, stale by a soft purge without
// permission, put together of two versions, of the version that a site had before.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/purge_log_model.h"

namespace brink::purgesim {

// One answer, as a client has received it, whole or not.
struct Answer {
  const Page* page = nullptr;
  std::string client;            // address
  std::size_t acknowledged = 0;  // purges, when the request began: LogModel::acknowledged()
  std::uint64_t appended = 0;    // records of the log, when it ended
  TimePoint began{};
  bool fenced = false;          // the node that was asked did not trust its position
  bool fenced_at_once = false;  // already when the request began
  bool whole = false;
  bool is_head = false;
  std::uint16_t flavour = 0;
  int status = 0;
  std::string_view head;
  std::string_view body;
};

class Checker {
 public:
  Checker(const World& world, const Answer& answer);
  // The broken promise, or empty.
  std::string check();

 private:
  std::string_view header(std::string_view name) const;
  bool says_stale() const;
  std::uint64_t control(std::string_view directive) const;
  std::string read_stamps();
  std::string check_mix() const;
  std::string check_purges() const;
  struct Origin {
    std::uint32_t version = 0;
    std::uint32_t serial = 0;
    friend bool operator==(const Origin&, const Origin&) = default;
  };
  std::string check_purge(const Entry& entry, const Origin& part) const;
  std::string check_soft(const Entry& entry) const;
  std::string check_version() const;
  std::uint32_t needed_by_version() const;

  const World& world_;
  const Answer& answer_;
  std::vector<Origin> parts_;    // where its bytes are from, or its head when it has none
  std::uint32_t validated_ = 0;  // the read at which it was last found to be current
  std::size_t stamps_ = 0;
};

}  // namespace brink::purgesim

#pragma once
// One record of the purge log: the only thing that all nodes share (DESIGN.md section 4).
//
// As text it is one JSON object on one line; the log adds the sequence number beside it. Unknown
// members are kept out of the way of later versions: they are ignored.

#include <cstdint>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"
#include "config/runtime/error.h"
#include "purge/selector.h"

namespace brink::purge {

inline constexpr std::size_t kRecordKinds = 5;

struct Record {
  enum class Kind : std::uint8_t {
    Purge,
    Version,  // a site has another version from here on
    Join,     // `node` answers from its cache only once it has applied this; from here on
              // wait=all waits for it
    Leave,    // `node` has ended, or has been silent for purge.forget_node_after
    Count,    // a dry run: every node says what a purge would match, and changes nothing
  };
  std::uint64_t sequence = 0;  // its place in the one total order; 0 = not logged yet
  Kind kind = Kind::Purge;
  std::string id;    // unique; a record that comes twice with one id counts once
  TimePoint issued_at{};  // by the issuing node's clock; for people, orders nothing

  // Purge, Count
  Selector selector;  // Version: its `site` is the site
  bool soft = false;  // stale instead of gone: stale-while-revalidate and stale-if-error go on
  bool warm = false;
  // Version
  std::string version;        // [A-Za-z0-9._-]{1,64}; empty = the key has none
  std::uint32_t percent = 100;  // of clients, 1 … 100; the others keep the version before
  // Join, Leave
  std::string node, pop, role;
  std::string instance;  // one run of that node

  // Who and why, for the audit log.
  std::string by;      // the token's name
  std::string from;    // address and node it was sent to
  std::string reason;  // as given

  friend bool operator==(const Record&, const Record&) = default;
};

std::string_view to_string(Record::Kind kind);  // "purge", "version", "join", "leave", "count"
std::string to_json(const Record& record);      // without `sequence`
// `sequence` comes from the log. Invalid (Side::Store) when it is no record of ours.
Result<Record> parse_record(std::string_view json, std::uint64_t sequence);

// "p-" and 20 random characters.
std::string make_record_id();

}  // namespace brink::purge

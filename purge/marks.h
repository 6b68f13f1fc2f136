#pragma once
// Which purges are in force, and the check of one response against them (DESIGN.md section 4.2-3).
//
// A purge of URLs, any of some tags, a host, a site or everything is a *mark*: the number of the
// latest such record under the hash of what it names. Applying one costs the same whatever is
// stored. A prefix, a pattern, a regular expression and "all of these tags" are *matchers*, a
// bounded list that is compiled once.
//
// A response knows the position of the log that its content reflects (`as_of`). The check asks
// whether any mark or matcher after that position fits it. In front of the marks stands a filter, a
// fixed table of the highest number by hash: as long as nothing that hashes alike was purged since,
// the answer is one load per name, without a lock.
//
// Marks and matchers go when nobody can need them: the reclaimer walks the store, drops what they
// match and raises `as_of` of the rest, and then says forget(): from there on a response that is
// known only up to before that position counts as purged. So memory is bounded by the purges of one
// walk, and a mistake in the bookkeeping costs a fetch, never an old response.
//
// Threads: check() and the readers from any; apply(), forget() one at a time.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/runtime/clock.h"
#include "purge/record.h"

namespace brink::purge {

// A tag as responses keep it. Two tags with one hash cost a response its place, never the other way
// about. Seeded per process.
std::uint64_t hash_tag(std::string_view tag);
// Of a name that RFC 9875's Cache-Groups gives: a purge by tag finds it like any tag, yet no other
// tag of the same name can be taken for a group.
std::uint64_t hash_group(std::string_view name);

// One response, as far as purges look at it. Views of the caller's.
struct Subject {
  std::string_view uri;   // "scheme://host[:port]/path?query"
  std::string_view site;  // its name; empty = of no site any more
  std::string_view tags;  // their hashes, eight bytes each, one behind the other
};

// The URI in a cache key's text, "[version SP]scheme://host[:port]/path?query". No allocation.
std::string_view uri_of_key(std::string_view key_text);

struct Verdict {
  enum class Is : std::uint8_t { Untouched, Stale, Gone };
  Is is = Is::Untouched;
  std::uint64_t sequence = 0;   // the record that says so
  TimePoint stale_since{};     // Stale: when that record was applied here
};

class Marks {
 public:
  static constexpr std::uint32_t kMatchersDefault = 1000;
  explicit Marks(std::uint32_t max_matchers = kMatchersDefault);
  ~Marks();
  Marks(const Marks&) = delete;
  Marks& operator=(const Marks&) = delete;

  // `now`: for soft records. REQUIRES: record.kind is Purge; a regular expression that RE2 takes.
  // False when it is one matcher too many: then everything before it counts as purged, which is
  // more than was asked for and never less.
  bool apply(const Record& record, TimePoint now);
  // Whether there is room for this record's matcher, for the API to refuse it in time.
  bool has_room_for(const Record& record) const;

  // May content that reflects the log up to `as_of` answer?
  Verdict check(const Subject& subject, std::uint64_t as_of) const;
  // The same without the tags: what can be known of a response that has not come yet.
  Verdict check_before_head(Subject subject, std::uint64_t as_of) const {
    subject.tags = {};
    return check(subject, as_of);
  }

  // Everything up to `sequence` has been looked at; lower values change nothing.
  void forget(std::uint64_t sequence);
  // Records up to `sequence` were never seen: everything from before them counts as purged.
  void lose(std::uint64_t sequence);
  std::uint64_t forgotten() const noexcept { return forgotten_.load(std::memory_order_acquire); }

  // The latest purge that has been applied; 0 = none. Between it and a node's position there are
  // only records that touch no content.
  std::uint64_t last() const noexcept { return last_.load(std::memory_order_acquire); }

  std::size_t size() const;      // marks, for metrics
  std::size_t matchers() const;  // ditto

 private:
  struct Mark {
    std::uint64_t gone = 0;   // the latest hard record
    std::uint64_t stale = 0;  // the latest soft one, and when it was applied
    TimePoint stale_since{};
  };
  struct Matcher;
  struct Stripe {
    mutable std::mutex mutex;
    std::unordered_map<std::uint64_t, Mark> marks;
  };
  static constexpr std::size_t kStripes = 64;
  static constexpr std::size_t kFilter = 1U << 16U;

  void mark(std::uint64_t name, const Record& record, TimePoint now);
  void look(std::uint64_t name, std::uint64_t as_of, Verdict& verdict) const;
  void look_at_matchers(const Subject& subject, std::uint64_t as_of, Verdict& verdict) const;
  bool add_matcher(const Record& record, TimePoint now);
  std::shared_ptr<const std::vector<Matcher>> matchers_now() const;

  const std::uint32_t max_matchers_;
  std::atomic<std::uint64_t> forgotten_{0};
  std::atomic<std::uint64_t> last_{0};
  std::atomic<std::uint64_t> last_matcher_{0};  // highest number among them; 0 = none
  std::unique_ptr<std::array<std::atomic<std::uint64_t>, kFilter>> filter_;
  std::array<Stripe, kStripes> stripes_;
  mutable std::mutex matchers_mutex_;  // guards the pointer
  std::shared_ptr<const std::vector<Matcher>> matchers_;
};

}  // namespace brink::purge

#pragma once
// What a subscription makes of an event: purges, nothing, or a dead letter. Immutable; any thread.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/event_options.h"
#include "config/event_template.h"
#include "purge/compat.h"
#include "purge/event.h"
#include "purge/event_template.h"

namespace brink::purge {

// Of all tags and URLs of an event together: a purge must fit into a NATS message (1 MiB).
inline constexpr std::size_t kEventPurgeBytes = 512 * 1024;

struct Verdict {
  enum class Is : std::uint8_t {
    Purges,   // `bodies`: one of tags, one of URLs, or both, as POST /v1/purges takes them
    Ignored,  // its conditions do not hold, or it is empty (a tombstone)
    Dead,     // `reason`
  };
  Is is = Is::Ignored;
  Bodies bodies;
  std::string reason;
};

class EventRules {
 public:
  // Null, with a sentence in `why`, when a template of the options is none.
  static std::unique_ptr<const EventRules> make(const config::EventOptions& options,
                                                std::string& why);

  // `wait` and `reason` go into the bodies.
  Verdict judge(std::string_view text, std::string_view wait, std::string_view reason) const;

 private:
  struct Condition {
    config::FieldChoice field;
    std::vector<std::string> is;
  };
  struct Texts {
    std::vector<std::string> texts;
    std::string problem;
  };
  EventRules() = default;
  bool compile(const config::EventOptions& options, std::string& why);
  bool counts(const Event& event) const;
  static Texts fill_all(const std::vector<config::ParsedTemplate>& templates, TemplateFor what,
                        const Event& event);
  Verdict purges(const Event& event, std::string_view wait, std::string_view reason) const;

  std::vector<Condition> when_;
  std::vector<config::ParsedTemplate> tags_, urls_;
  CompatScope scope_;
  std::size_t event_bytes_ = 0;
};

}  // namespace brink::purge

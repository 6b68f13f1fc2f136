#pragma once
// What a shared cache that follows RFC 9111 and HTTP-BEHAVIOUR does with a request: small, slow,
// obviously right. Every rule cites its section. Independent of edge/cache on purpose; it shares
// with the product only the clock's types.
//
// It keeps what such a cache would have stored, asks the same scripted origin, and tells what must
// be seen: which questions reach the origin, and what the client gets. One client at a time; ranges
// are no part of it.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/runtime/clock.h"
#include "tests/sim/rfc9111_conditions.h"
#include "tests/sim/rfc9111_freshness.h"

namespace brink::sim::rfc9111 {

struct ClientRequest {
  std::string method;
  std::string target;
  Lines fields;
};

// One question to the origin.
struct Asked {
  std::string method;
  std::string target;
  Lines conditions;  // sorted, lower-case names
  bool background = false;
  bool operator==(const Asked&) const = default;
};

// What the origin says to it.
struct Reply {
  enum class Kind : std::uint8_t { Answer, Cut, Closed, TimedOut };
  Kind kind = Kind::Answer;  // Cut: a head and half a body; Closed, TimedOut: not even a head
  int status = 0;
  Lines fields;
  std::string body;
};

// What must be seen, or was seen.
struct Outcome {
  std::vector<Asked> asked;
  int status = 0;
  bool from_us = false;  // an error of the node's own: its fields and content are not compared
  bool cut = false;
  std::string body;                           // of a cut response: nothing
  std::map<std::string, std::string> fields;  // end-to-end, lower-case names, several lines joined
  std::string disposition;  // Cache-Status: "hit", "fwd=stale", … or "" for neither (RFC 9211 §2)
  std::optional<Seconds64> ttl;
  bool stored = false;
  std::string rule;  // the model's reason; not compared
};

class Model {
 public:
  // `origin` answers, and lets the clock advance by as long as it takes.
  using Origin = std::function<Reply(const Asked&)>;
  Model(VirtualClock& clock, Origin origin) : clock_(clock), origin_(std::move(origin)) {}
  Outcome request(const ClientRequest& request);

 private:
  struct Stored {
    Variant variant;
    Response response;  // its fields are the kept ones
    Lifetime lifetime;
    Seconds64 initial_age = 0;
    std::string body;
    std::uint64_t number = 0;  // names it; grows
  };
  // What a question is about.
  struct Question {
    const Stored* stale = nullptr;  // fits the request, but must be validated
    std::vector<Stored> offered;    // other variants with a tag
    bool background = false;
    std::string method;
    TimePoint asked_at{};
  };
  enum class Use : std::uint8_t { Fresh, Stale, WhileRevalidate, Validate };

  // rfc9111_model.cc: from the store
  void lookup();
  void miss(const std::string& why);
  std::vector<Stored> offered() const;
  void validate(const Stored& stored);
  Use decide(const Stored& stored, std::string& rule) const;
  Use decide_fresh(const Stored& stored, std::string& rule) const;
  Use decide_stale(const Stored& stored, std::string& rule) const;
  std::optional<Seconds64> tolerated_staleness() const;
  const Stored* choose() const;
  Seconds64 age(const Stored& stored, TimePoint now) const;
  Seconds64 remaining(const Stored& stored, TimePoint now) const;
  void keep(const Variant& variant, const Response& response, const std::string& body);
  void drop(std::uint64_t number);
  void answer_from(const Stored& stored, const std::string& disposition, TimePoint now);
  void answer_fetched(const Response& response, const std::string& body, bool forwarded);
  void answer(const Response& response, const std::string& body, bool forwarded);
  void own_error(int status, const std::string& rule);

  // rfc9111_upstream.cc: from the origin
  void forward(const std::string& why);
  void fetch(Question question);
  const Stored* selected(const Question& question, const Reply& reply) const;
  Reply ask(Question& question, const Lines& conditions);
  void take_full(const Question& question, const Reply& reply);
  void take_not_modified(const Question& question, const Stored& asked, const Reply& reply);
  void take_head(const Question& question, const Reply& reply);
  bool stale_instead(const Question& question, bool unreachable);
  void no_answer(const Question& question, const Reply& reply);
  void invalidate(const Reply& reply);
  Exchange exchange(const Question& question) const;

  VirtualClock& clock_;
  Origin origin_;
  std::map<std::string, std::vector<Stored>> stored_;  // by URI; the latest first
  std::uint64_t numbers_ = 0;
  ClientRequest request_;
  Control wishes_;        // the request's directives
  TimePoint received_{};  // when the request came
  Outcome out_;
};

}  // namespace brink::sim::rfc9111

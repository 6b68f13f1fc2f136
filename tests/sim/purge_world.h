#pragma once
// A deployment without sockets or threads: regional nodes, edges, their purge log and one origin,
// on a virtual clock. The nodes' request flow, store, collapsing, purge state and reclaimer are the
// product's. Same seed, same run.
//
// What is posted waits in one queue from which the seed picks the next; delays wait in a second, by
// time. What happens at a node goes away with that run of the node, and waits while its process is
// stopped.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "config/runtime/random.h"
#include "tests/sim/purge_content.h"

namespace brink::purgesim {

class Node;
class LogModel;
class Parts;
class Session;

// Whose event it is: one run of a node, or the world's (null).
struct Whose {
  Node* node = nullptr;
  std::uint32_t run = 0;
};

struct Settings {
  Millis max_lag{1500};
  Millis forget_after{6000};
  Millis heartbeat{300};
  config::Fenced fenced = config::Fenced::Revalidate;
  std::size_t requests = 100;
  std::size_t purges = 10;
  bool versions = false;  // sites get versions as well
  bool faults = true;     // errors, cuts, slow and leaving clients
  double tier_fallback = 0.1;
};

class World {
 public:
  World(Parts& parts, std::uint64_t seed, bool traces = false);
  ~World();
  // To the end; the text of the first broken promise, or empty.
  std::string run();

  // `waiter`: woken ones come in no order of their own, so what is posted in one turn is sorted.
  void post(Whose whose, std::uint64_t waiter, std::function<void()> f);
  void after(Millis delay, Whose whose, std::function<void()> f);
  void fail(const std::string& what);
  // A line of what happened, when somebody wants to read that; `text()` gives it.
  template <class F>
  void note(F&& text) {
    if (traces) write_note(text());
  }
  // Destroys it after this turn.
  void bury(std::unique_ptr<Session> session);
  // Most waits are short; some are longer than a node is trusted or remembered.
  Millis latency();
  std::uint64_t next_id() { return ++last_id_; }

  Page* page_of(std::string_view host, std::string_view target);
  void probe(const purge::Record& record);  // requests for what it matches, right now
  void resume(Node& node);                  // its process is continued

  Parts& parts;
  VirtualClock clock;
  Random random;
  Settings settings;
  std::vector<Page> pages;
  std::uint32_t serial = 0;  // of the origin's last read
  std::unique_ptr<LogModel> log;
  std::vector<std::unique_ptr<Node>> nodes;
  std::size_t regionals = 0;  // the first of the nodes
  std::size_t answered = 0;   // clients
  bool quiet = false;         // nothing fails any more
  bool traces = false;

 private:
  struct Ready {
    std::uint64_t waiter;
    Whose whose;
    std::function<void()> run;
  };
  struct Later {
    TimePoint at;
    std::uint64_t order;
    Whose whose;
    std::function<void()> run;
  };
  static bool is_later(const Later& a, const Later& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }

  void write_note(const std::string& text) const;
  void make_settings();
  void plan();
  void plan_purges(Millis span);
  void plan_faults(Millis span);
  void fault(Node& node);
  void start_client(Page& page, Node& node);
  void start_random_client();
  purge::Record random_record();
  void purge_something();
  void set_version();
  bool step();
  void take_turn(Whose whose, std::function<void()>& f);
  void run_until(TimePoint end);
  void check_end();
  void check_nothing_is_left(Node& node);
  void check_hits_come_back(Node& node);

  std::vector<Ready> ready_;
  std::vector<Later> later_;  // a heap
  std::vector<Later> held_;   // of nodes whose process is stopped
  std::vector<std::unique_ptr<Session>> buried_;
  std::uint64_t order_ = 0;
  std::uint64_t last_id_ = 0;
  std::string failure_;
};

}  // namespace brink::purgesim

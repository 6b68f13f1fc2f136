#pragma once
// One simulated request: drives a Transaction as a session would, reads at the seed's pace, may
// leave. What it asks and what it makes of the answer is its kind's business.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/world.h"

namespace brink::sim {

class Client : public edge::store::Waker {
 public:
  Client(World& world, SimShard& shard, std::size_t number);
  ~Client() override;
  void begin();
  bool done() const { return done_; }
  void wake() noexcept override;
  virtual std::string describe() const = 0;

 protected:
  virtual void take_head() = 0;
  // The answer is over; `whole` unless it was cut or the client left.
  virtual void check(bool whole) = 0;
  std::string_view header(std::string_view name) const;
  void fail(const std::string& what);

  World& world_;
  SimShard& shard_;
  const std::size_t number_;
  const std::string id_;
  std::string target_;
  std::vector<Field> fields_;
  edge::RequestHead head_;
  bool leaves_ = false;
  bool left_ = false;
  int status_ = 0;
  TimePoint began_at_{};
  TimePoint answered_at_{};
  std::optional<std::uint64_t> announced_;
  std::string head_text_;
  std::string body_;
  std::string cut_by_;

 private:
  void run();
  bool read_body();
  void finish(bool whole);
  void lose_patience();

  edge::Transaction transaction_;
  std::shared_ptr<bool> alive_;
  bool started_ = false;
  bool posted_ = false;
  bool responded_ = false;
  bool done_ = false;
};

}  // namespace brink::sim

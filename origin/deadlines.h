#pragma once
// Deadlines of many calls in one ordered set, cheap for what is moved often and met hardly ever:
// moving one to a later time touches nothing but itself.

#include <boost/intrusive/set.hpp>

#include "config/runtime/clock.h"

namespace brink::origin {

class DeadlineQueue;

// Base of what has a deadline. Leaves its queue when destroyed.
class Timed : public boost::intrusive::set_base_hook<
                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  static constexpr Ticks kNever = Ticks::max();
  Ticks deadline() const { return deadline_; }

 private:
  friend class DeadlineQueue;
  struct Earlier {
    bool operator()(const Timed& a, const Timed& b) const { return a.key_ < b.key_; }
  };
  Ticks deadline_ = kNever;
  Ticks key_ = kNever;  // the place in the set: never later than the deadline
};

class DeadlineQueue {
 public:
  void set(Timed& timed, Ticks deadline) {
    timed.deadline_ = deadline;
    if (timed.is_linked()) {
      if (deadline >= timed.key_) return;
      timed.unlink();
    }
    if (deadline != Timed::kNever) insert(timed);
  }
  void clear(Timed& timed) {
    timed.deadline_ = Timed::kNever;
    if (timed.is_linked()) timed.unlink();
  }
  // Takes out one whose deadline has passed; null when there is none.
  Timed* take_due(Ticks now) {
    while (!set_.empty() && set_.begin()->key_ <= now) {
      Timed& first = *set_.begin();
      first.unlink();
      if (first.deadline_ <= now) return &first;
      if (first.deadline_ != Timed::kNever) insert(first);
    }
    return nullptr;
  }
  // No deadline passes before this; Timed::kNever when there is none.
  Ticks next() const { return set_.empty() ? Timed::kNever : set_.begin()->key_; }

 private:
  void insert(Timed& timed) {
    timed.key_ = timed.deadline_;
    set_.insert(timed);
  }

  boost::intrusive::multiset<Timed, boost::intrusive::compare<Timed::Earlier>,
                             boost::intrusive::constant_time_size<false>>
      set_;
};

}  // namespace brink::origin

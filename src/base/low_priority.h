// A thread that computes for long while others of the process serve.
//
// By its nice value alone it gets little of a busy core, but that in whole ticks of the scheduler,
// 4 ms at a time, in which nobody on that core is answered. So it also gives way by itself, after
// half a millisecond of computing. Alone on a core it loses a twentieth by it.
#pragma once

#include <ctime>

namespace agentauth {

// Of the calling thread, which keeps its priority for good; one at a time. What the system refuses
// is left out: the thread is then slower to give way.
class LowPriority {
 public:
  explicit LowPriority(int nice);
  ~LowPriority();
  LowPriority(const LowPriority&) = delete;
  LowPriority& operator=(const LowPriority&) = delete;

 private:
  friend class Computing;
  void set_timer(bool ticking);

  timer_t timer_{};
  bool has_timer_ = false;
};

// While there is one a thread of low priority is interrupted now and then: around what only
// computes. Whatever waits meanwhile may be told EINTR, which not every library expects. Does
// nothing in other threads.
class Computing {
 public:
  Computing();
  ~Computing();
  Computing(const Computing&) = delete;
  Computing& operator=(const Computing&) = delete;
};

}  // namespace agentauth

// A thread that computes for long while others of the process serve.
//
// By its nice value alone it gets little of a busy core, but that in whole ticks of the scheduler,
// 4 ms at a time, in which nobody on that core is answered. So it also gives way by itself, after
// half a millisecond of computing. Alone on a core it loses nothing by it.
#pragma once

#include <csignal>
#include <ctime>

namespace agentauth::http::internal {

class LowPriority {
 public:
  // Of the calling thread, until the end of this. What the system refuses is left out: the thread
  // is then slower to give way.
  explicit LowPriority(int nice);
  ~LowPriority();
  LowPriority(const LowPriority&) = delete;
  LowPriority& operator=(const LowPriority&) = delete;

  // While there is one the thread computes; else it waits, and nothing has to give way.
  class Computing {
   public:
    explicit Computing(LowPriority& thread) : thread_(thread) { thread_.set_timer(true); }
    ~Computing() { thread_.set_timer(false); }
    Computing(const Computing&) = delete;
    Computing& operator=(const Computing&) = delete;

   private:
    LowPriority& thread_;
  };

 private:
  void set_timer(bool ticking);

  timer_t timer_{};
  bool has_timer_ = false;
};

}  // namespace agentauth::http::internal

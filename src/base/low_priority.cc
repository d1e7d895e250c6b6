#include "base/low_priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace agentauth {
namespace {

constexpr std::int64_t turn_ns = 500'000;
// Ignored by default, and by whatever else is in the process.
constexpr int give_way_signal = SIGURG;

// sched_setattr(2); the C library does not have it.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};

// Since Linux 6.12 a thread may have a slice of its own. What it gives up when it yields is that
// much, and by default several milliseconds, which is many of its turns.
void set_priority(int nice) {
  SchedulingAttributes attributes;
  attributes.nice = nice;
  attributes.runtime_ns = 1'000'000;
  // Another policy is what whoever started the server wants.
  if (sched_getscheduler(0) == SCHED_OTHER && syscall(SYS_sched_setattr, 0, &attributes, 0) == 0)
    return;
  // On Linux a nice value belongs to the thread.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), nice);
}

std::int64_t computed_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

thread_local constinit std::int64_t turn_began_at = 0;
thread_local constinit LowPriority* of_this_thread = nullptr;

// The timer goes on while the thread waits for its turn: what counts is what it has computed.
void give_way(int) {
  const int error = errno;
  if (computed_ns() - turn_began_at >= turn_ns / 2) {
    sched_yield();
    turn_began_at = computed_ns();
  }
  errno = error;
}

bool handle_signal() {
  struct sigaction action = {};
  action.sa_handler = give_way;
  action.sa_flags = SA_RESTART;
  return sigaction(give_way_signal, &action, nullptr) == 0;
}

bool let_signal_through() {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, give_way_signal);
  return pthread_sigmask(SIG_UNBLOCK, &one, nullptr) == 0;
}

}  // namespace

LowPriority::LowPriority(int nice) {
  set_priority(nice);
  static const bool is_handled = handle_signal();
  sigevent event = {};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = give_way_signal;
  event._sigev_un._tid = gettid();
  has_timer_ =
      is_handled && let_signal_through() && timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
  of_this_thread = this;
}

LowPriority::~LowPriority() {
  of_this_thread = nullptr;
  if (has_timer_) timer_delete(timer_);
}

void LowPriority::set_timer(bool ticking) {
  if (!has_timer_) return;
  turn_began_at = computed_ns();
  const timespec turn{0, ticking ? turn_ns : 0};
  const itimerspec each{turn, turn};
  timer_settime(timer_, 0, &each, nullptr);
}

Computing::Computing() {
  if (of_this_thread != nullptr) of_this_thread->set_timer(true);
}

Computing::~Computing() {
  if (of_this_thread != nullptr) of_this_thread->set_timer(false);
}

}  // namespace agentauth

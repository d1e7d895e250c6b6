#include "app/signals.h"

#include <pthread.h>

#include <utility>

namespace agentauth::app {
namespace {

// What the signal does to a program that never heard of it.
void do_the_default(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  ::raise(signal);
}

}  // namespace

Signals::Signals() {
  sigemptyset(&taken_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&taken_, signal);
  pthread_sigmask(SIG_BLOCK, &taken_, nullptr);
  thread_ = std::thread([this] { run(); });
}

Signals::~Signals() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  pthread_kill(thread_.native_handle(), SIGHUP);  // wakes it
  thread_.join();
}

void Signals::run() {
  for (;;) {
    int signal = 0;
    sigwait(&taken_, &signal);
    const std::lock_guard lock(mutex_);
    if (over_) return;
    if (signal == SIGHUP) {
      reload_asked_ = true;
    } else if (!takes_end_ || end_ != 0) {
      do_the_default(signal);
    } else {
      end_ = signal;
    }
    changed_.notify_one();
  }
}

void Signals::take_end() {
  const std::lock_guard lock(mutex_);
  takes_end_ = true;
}

int Signals::wait_for_end(FunctionRef<void()> reload) {
  take_end();
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return reload_asked_ || end_ != 0; });
    if (end_ != 0) return end_;
    reload_asked_ = false;
    lock.unlock();
    reload();
    lock.lock();
  }
}

}  // namespace agentauth::app

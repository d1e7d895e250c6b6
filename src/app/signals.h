// The signals of a server: SIGTERM and SIGINT end it, SIGHUP makes it reload.
#pragma once

#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/function_ref.h"

namespace agentauth::app {

// One thread takes the signals, so they are blocked in all others: make this before any other
// thread is started.
//
// SIGTERM and SIGINT are taken from take_end() on. Before, and after the first of them, they do
// what they do by default: neither a start that waits for a database nor a long drain has to be sat
// out by who pressed Ctrl-C.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // From now on the first SIGTERM or SIGINT is kept for wait_for_end(). Call it before anything
  // that an end at the wrong moment would leave half made, or that tells others to send signals.
  void take_end();

  // The signal that ends the server, at once when it came since take_end(). Calls `reload` for
  // SIGHUP, on this thread; one that came before counts. REQUIRES: called once.
  int wait_for_end(FunctionRef<void()> reload);

 private:
  void run();

  sigset_t taken_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool takes_end_ = false;
  bool reload_asked_ = false;
  bool over_ = false;
  int end_ = 0;  // the signal, once there was one
  std::thread thread_;
};

}  // namespace agentauth::app

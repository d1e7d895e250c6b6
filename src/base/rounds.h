// Work that is done again and again on a thread of its own, off the path of requests.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/log.h"
#include "base/result.h"

namespace agentauth {

class Rounds {
 public:
  // A round may fail: the next one tries again. `name` is what the log calls the work: NAME_failed
  // once when it begins to fail, NAME_back once when that is over.
  enum class Last : bool { no, yes };
  using Round = std::function<Result<void>(Last)>;
  // What whoever runs the server can do about an error, for the log: a part of a sentence.
  using Advise = std::string_view (*)(const Error&);
  Rounds(Log& log, std::string name, std::chrono::milliseconds interval, Round round,
         Advise advise);
  ~Rounds() { stop(); }
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;

  void start();
  // Does the last round and ends the thread.
  void stop();

 private:
  void run();
  void try_round(Last last);

  Log& log_;
  const std::string name_;
  const std::chrono::milliseconds interval_;
  const Round round_;
  const Advise advise_;
  bool failed_ = false;  // of the thread

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace agentauth

#include "base/rounds.h"

#include <exception>
#include <utility>

namespace agentauth {

Rounds::Rounds(Log& log, std::string name, std::chrono::milliseconds interval, Round round,
               Advise advise)
    : log_(log),
      name_(std::move(name)),
      interval_(interval),
      round_(std::move(round)),
      advise_(advise) {}

void Rounds::start() {
  thread_ = std::thread([this] { run(); });
}

void Rounds::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Rounds::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval_, [&] { return stopping_; })) {
    lock.unlock();
    try_round(Last::no);
    lock.lock();
  }
  lock.unlock();
  try_round(Last::yes);
}

void Rounds::try_round(Last last) {
  Result<void> done;
  try {
    done = round_(last);
  } catch (const std::exception& exception) {
    done = failure(Errc::internal, "Internal error", exception.what());
  }
  if (!done && !failed_)
    log_.error(name_ + "_failed", {{"error", done.error().message},
                                   {"cause", done.error().detail},
                                   {"advice", advise_(done.error())}});
  if (done && failed_) log_.info(name_ + "_back");
  failed_ = !done;
}

}  // namespace agentauth

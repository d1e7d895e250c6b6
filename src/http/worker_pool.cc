#include "http/worker_pool.h"

#include <algorithm>
#include <optional>

#include "base/low_priority.h"

namespace agentauth::http {

WorkerPool::WorkerPool(const Options& options) : options_(options) {
  for (std::size_t i = 0; i < options.threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkerPool::~WorkerPool() {
  std::deque<Queued> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::try_submit(Job& job, const ShareName& share, Turn turn) {
  const bool goes_first = turn == Turn::in_order;
  const std::size_t room = goes_first ? options_.queue_max : options_.queue_max / 2;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= room || stopping_) return false;
    const auto place =
        goes_first
            ? std::find_if(queue_.begin(), queue_.end(),
                           [](const Queued& queued) { return queued.turn == Turn::after_others; })
            : queue_.end();
    queue_.insert(place, {std::move(job), share, turn});
  }
  changed_.notify_one();
  return true;
}

std::size_t WorkerPool::depth() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

std::deque<WorkerPool::Queued>::iterator WorkerPool::next_runnable() {
  return std::find_if(queue_.begin(), queue_.end(), [&](const Queued& queued) {
    return queued.share == ShareName{} || !in_work_.contains(queued.share);
  });
}

void WorkerPool::run() {
  std::optional<LowPriority> low_priority;
  if (options_.nice != 0) low_priority.emplace(options_.nice);
  std::unique_lock lock(mutex_);
  for (;;) {
    auto next = queue_.end();
    changed_.wait(lock, [&] {
      next = next_runnable();
      return next != queue_.end() || stopping_;
    });
    if (stopping_) return;
    Queued queued = std::move(*next);
    queue_.erase(next);
    const bool named = queued.share != ShareName{};
    if (named) in_work_.insert(queued.share);
    lock.unlock();
    queued.job();
    queued.job = nullptr;
    lock.lock();
    if (named) {
      in_work_.erase(queued.share);
      changed_.notify_all();  // others of this name may run now
    }
  }
}

}  // namespace agentauth::http

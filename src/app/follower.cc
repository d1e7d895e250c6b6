#include "app/follower.h"

#include "store/advice.h"

namespace agentauth::app {
namespace {

using std::chrono::milliseconds;

// A watch that could not be had, or was lost, is asked for again after this.
constexpr std::chrono::seconds watch_interval{5};
// How often the change log is looked at for old changes; while there are any, at every poll.
constexpr std::chrono::minutes prune_interval{1};

}  // namespace

void Follower::start() {
  thread_ = std::thread([this] { run(); });
}

void Follower::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Follower::run() {
  while (!sleep_until(Steady::now())) {
    try {
      wait_for_news();
      follow();
      prune();
    } catch (const std::exception& exception) {
      // No memory, or a bug: the directory goes stale by itself when this does not pass.
      log_.error("follower_failed", {{"cause", exception.what()}});
      sleep_until(Steady::now() + poll_interval);
    }
  }
}

// Until something is said to be committed that is not known here, or it is time to ask anyway.
void Follower::wait_for_news() {
  const auto now = Steady::now();
  if (!watch_ && now >= watch_at_) {
    auto watch = database_.watch();
    // Where there is nothing to be heard, there never will be.
    const bool never = watch && *watch == nullptr;
    watch_at_ = never ? Steady::time_point::max() : now + watch_interval;
    if (watch) watch_ = *std::move(watch);
  }
  if (watch_) {
    listen_until(now + poll_interval);
  } else {
    sleep_until(now + poll_interval);
  }
}

void Follower::listen_until(Steady::time_point until) {
  auto left = poll_interval;
  while (left.count() > 0) {
    const auto announced = watch_->wait(left);
    if (!announced) {
      watch_.reset();
      sleep_until(until);
      return;
    }
    // What this node wrote itself it knows already.
    if (*announced && **announced > directory_.revision()) return;
    left = std::chrono::ceil<milliseconds>(until - Steady::now());
  }
}

bool Follower::sleep_until(Steady::time_point until) {
  std::unique_lock lock(mutex_);
  return wake_.wait_until(lock, until, [&] { return stopping_; });
}

void Follower::follow() {
  const auto done = directory_.catch_up();
  // Said once when the database is lost and once when it is back, not ten times a second.
  if (!done && !lost_)
    log_.error("database_lost", {{"error", done.error().message},
                                 {"cause", done.error().detail},
                                 {"advice", find_advice(done.error().detail)}});
  if (done && lost_) log_.info("database_back", {{"revision", directory_.revision()}});
  lost_ = !done;
  if (done) on_followed_();
}

void Follower::prune() {
  if (lost_ || Steady::now() < prune_at_) return;
  const auto more = prune_batch();
  if (!more) log_.warning("prune_failed", {{"cause", more.error().detail}});
  if (!more || !*more) prune_at_ = Steady::now() + prune_interval;
}

Result<bool> Follower::prune_batch() {
  bool more = TRY(directory_.prune_log());
  for (const auto& batch : others_) more = TRY(batch()) || more;
  return more;
}

}  // namespace agentauth::app

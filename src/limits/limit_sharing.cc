#include "limits/limit_sharing.h"

namespace agentauth {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t charges_at_once = 256;
constexpr std::chrono::milliseconds busy_interval{1};
constexpr std::chrono::milliseconds idle_interval{5};
constexpr std::chrono::milliseconds idle_after{200};
constexpr std::chrono::milliseconds retry_interval{200};
constexpr std::chrono::milliseconds alive_interval{500};

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Steady::now().time_since_epoch())
      .count();
}

}  // namespace

LimitSharing::LimitSharing(Limiter& limiter, std::unique_ptr<SharedBuckets> shared, Log& log)
    : limiter_(limiter), shared_(std::move(shared)), log_(log) {}

LimitSharing::~LimitSharing() { stop(); }

void LimitSharing::start() {
  thread_ = std::thread([this] { run(); });
}

void LimitSharing::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LimitSharing::run() {
  std::unique_lock lock(mutex_);
  std::chrono::microseconds wait{0};
  while (!wake_.wait_for(lock, wait, [&] { return stopping_; })) {
    lock.unlock();
    try {
      wait = exchange();
    } catch (const std::exception& exception) {
      // No memory, or a bug: the charges stay where they are until the next time.
      log_.error("limits_sharing_failed", {{"cause", exception.what()}});
      wait = retry_interval;
    }
    lock.lock();
  }
}

std::chrono::microseconds LimitSharing::exchange() {
  const auto began = Steady::now();
  charges_.clear();
  if (is_up()) {
    limiter_.buckets().take_charges(charges_, charges_at_once);
    if (charges_.empty() && began - said_alive_ < alive_interval)
      return began - charged_ < idle_after ? busy_interval : idle_interval;
  }
  const auto answer = shared_->charge(charges_);
  if (!answer) {
    limiter_.buckets().return_charges(charges_);
    lose(answer.error());
    return retry_interval;
  }
  said_alive_ = Steady::now();
  nodes_.store(std::max<std::int64_t>(answer->nodes, 1), std::memory_order_relaxed);
  if (!is_up()) find_again();
  // When the answer is here, rather than when the question left: a little too late is never too
  // much.
  const std::int64_t now = now_ns();
  for (std::size_t i = 0; i < charges_.size(); ++i)
    limiter_.buckets().raise(charges_[i].name, now + answer->debts_ns.at(i));
  if (!charges_.empty()) charged_ = said_alive_;
  return charges_.size() == charges_at_once ? std::chrono::microseconds{0} : busy_interval;
}

void LimitSharing::lose(const Error& error) {
  up_.store(false, std::memory_order_relaxed);
  limiter_.use_share_of(nodes());
  // Once, not five times a second.
  if (!said_lost_)
    log_.error("limits_redis_lost",
               {{"cause", error.detail},
                {"nodes", nodes()},
                {"note", "each node goes on with its share of every limit until Redis is back"},
                {"advice",
                 "see that Redis runs where --redis says, takes its user and password, and can be "
                 "reached from this machine"}});
  said_lost_ = true;
}

void LimitSharing::find_again() {
  // A share's debt counts for as many nodes as there are: back to what was really admitted, and no
  // more than is still owed.
  limiter_.buckets().forgive_charges(now_ns(), limiter_.share());
  limiter_.use_share_of(1);
  up_.store(true, std::memory_order_relaxed);
  log_.info("limits_redis_up", {{"nodes", nodes()}});
  said_lost_ = false;
}

}  // namespace agentauth

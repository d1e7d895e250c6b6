// Time is passed in: everything that needs "now" takes a Clock or a Timestamp.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace agentauth {

// Milliseconds since the Unix epoch, UTC: the precision of every stored time.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
using Seconds = std::chrono::seconds;

// RFC 3339 in UTC, always of the form 2026-01-31T12:00:00.000Z.
std::string format_rfc3339(Timestamp time);
// The same into `out`, which has room for rfc3339_characters_max; returns how many they are.
std::size_t write_rfc3339(Timestamp time, char* out);
inline constexpr std::size_t rfc3339_characters_max = 40;  // 24, unless the year has more digits
// Accepts RFC 3339 with any offset, and PostgreSQL's form (a space for the T, offset +00).
std::optional<Timestamp> parse_rfc3339(std::string_view text);

inline std::int64_t unix_seconds(Timestamp time) {
  return std::chrono::floor<Seconds>(time).time_since_epoch().count();
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
};

// The kernel's coarse clock: a few milliseconds behind at most, and a tenth of the price.
class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
};

// Another clock that may be set back, but gets ahead no faster than time passes: what is forgotten
// once it is old enough is not forgotten because somebody set the clock.
class PacedClock final : public Clock {
 public:
  explicit PacedClock(const Clock& clock) : clock_(clock), begin_(clock.now()) {}
  Timestamp now() const override;

 private:
  using Steady = std::chrono::steady_clock;

  const Clock& clock_;
  const Timestamp begin_;
  const Steady::time_point steady_begin_ = Steady::now();
};

// For tests: stands still until told to advance.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start = Timestamp{std::chrono::seconds{1'700'000'000}})
      : now_(start.time_since_epoch().count()) {}
  Timestamp now() const override { return Timestamp{std::chrono::milliseconds{now_.load()}}; }
  void advance(std::chrono::milliseconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_;
};

}  // namespace agentauth

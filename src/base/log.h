// Structured logs: one line an event, to standard error, as JSON or as text for people.
//
// A value enters a line as text, a number or a flag. A crypto::Secret converts to none of them,
// so a key, a token or a hash has no way in by type; do not spell one out.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>

#include "base/time.h"

namespace agentauth {

enum class LogLevel : std::uint8_t { debug, info, warning, error, off };
enum class LogFormat : std::uint8_t { json, text };

bool parse(std::string_view text, LogLevel& level);
std::string_view to_string(LogLevel level);

class LogField {
 public:
  LogField(std::string_view field_name, std::string_view value);
  LogField(std::string_view field_name, const char* value)
      : LogField(field_name, std::string_view(value)) {}
  LogField(std::string_view field_name, const std::string& value)
      : LogField(field_name, std::string_view(value)) {}
  template <class Number>
  requires std::is_integral_v<Number> &&
      (!std::is_same_v<Number, bool>)LogField(std::string_view field_name, Number value)
      : name(field_name), number(static_cast<std::int64_t>(value)), is_number(true) {}

  std::string_view name;
  std::string_view text;
  std::int64_t number = 0;
  bool is_number = false;
};

// Safe to use from any thread: a line is one write(2), and lines never mix. Nobody waits for who
// reads the log: a line for which there is no room is dropped, and the next one says how many were.
class Log {
 public:
  // `descriptor` stays the caller's.
  explicit Log(const Clock& clock, LogFormat format = LogFormat::json,
               LogLevel level = LogLevel::info, int descriptor = 2)
      : clock_(clock), format_(format), level_(level), descriptor_(descriptor) {}

  bool enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }

  using Fields = std::initializer_list<LogField>;
  void debug(std::string_view event, Fields fields = {}) { write(LogLevel::debug, event, fields); }
  void info(std::string_view event, Fields fields = {}) { write(LogLevel::info, event, fields); }
  void warning(std::string_view event, Fields fields = {}) {
    write(LogLevel::warning, event, fields);
  }
  void error(std::string_view event, Fields fields = {}) { write(LogLevel::error, event, fields); }

  void write(LogLevel level, std::string_view event, Fields fields);

 private:
  // False when the descriptor does not take the line now.
  bool put(std::string_view line);

  const Clock& clock_;
  LogFormat format_;
  std::atomic<LogLevel> level_;
  int descriptor_;
  std::mutex mutex_;  // what poll(2) promised must be there for the write that follows
  std::int64_t dropped_ = 0;
};

}  // namespace agentauth

#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "base/json.h"

namespace agentauth {
namespace {

// A pipe that polls as writable takes this much without waiting (POSIX, write).
constexpr std::size_t line_bytes_max = PIPE_BUF;
// How much of a text is shown; the next one when the line gets too long.
constexpr std::array<std::size_t, 3> value_bytes_max = {1024, 128, 16};

struct Line {
  Timestamp time;
  LogLevel level;
  std::string_view event;
  Log::Fields fields;
};

void append_json(const Line& line, std::size_t value_max, std::string& text) {
  JsonWriter out(text);
  out.open();
  out.member("time", format_rfc3339(line.time));
  out.member("level", to_string(line.level));
  out.member("event", line.event);
  for (const LogField& field : line.fields) {
    if (field.is_number) {
      out.member(field.name, field.number);
    } else {
      out.member(field.name, field.text.substr(0, value_max));
    }
  }
  out.close();
}

void append_text(const Line& line, std::size_t value_max, std::string& text) {
  text += format_rfc3339(line.time);
  text += ' ';
  text += to_string(line.level);
  text += ' ';
  text += line.event;
  for (const LogField& field : line.fields) {
    text += ' ';
    text += field.name;
    text += '=';
    if (field.is_number) {
      text += std::to_string(field.number);
    } else {
      // Quoted as JSON, so that a line break in a value cannot forge another line.
      append_json_text(field.text.substr(0, value_max), text);
    }
  }
}

std::string to_text(const Line& line, LogFormat format) {
  std::string text;
  text.reserve(256);
  for (const std::size_t value_max : value_bytes_max) {
    text.clear();
    if (format == LogFormat::json) {
      append_json(line, value_max, text);
    } else {
      append_text(line, value_max, text);
    }
    text += '\n';
    if (text.size() <= line_bytes_max) break;
  }
  return text;
}

}  // namespace

bool parse(std::string_view text, LogLevel& level) {
  for (const LogLevel candidate :
       {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::off}) {
    if (text == to_string(candidate)) {
      level = candidate;
      return true;
    }
  }
  return false;
}

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
    case LogLevel::off:
      return "off";
  }
  return "";
}

LogField::LogField(std::string_view field_name, std::string_view value)
    : name(field_name), text(value) {}

void Log::write(LogLevel level, std::string_view event, Fields fields) {
  if (!enabled(level)) return;
  const std::string line = to_text({clock_.now(), level, event, fields}, format_);
  const std::lock_guard lock(mutex_);
  if (dropped_ > 0) {
    const Fields count = {{"lines", dropped_}};
    if (put(to_text({clock_.now(), LogLevel::warning, "log_lines_dropped", count}, format_)))
      dropped_ = 0;
  }
  if (!put(line)) ++dropped_;
}

bool Log::put(std::string_view line) {
  pollfd descriptor{descriptor_, POLLOUT, 0};
  if (::poll(&descriptor, 1, 0) != 1 || (descriptor.revents & POLLOUT) == 0) return false;
  return ::write(descriptor_, line.data(), line.size()) >= 0;
}

}  // namespace agentauth

#include "base/time.h"

#include <time.h>

#include <algorithm>
#include <charconv>

namespace agentauth {
namespace {

using std::chrono::milliseconds;

// Reads exactly `width` digits and moves on; false when there are fewer.
bool take_number(std::string_view& text, std::size_t width, int& value) {
  if (text.size() < width) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + width, value);
  if (error != std::errc{} || end != text.data() + width || text[0] == '-') return false;
  text.remove_prefix(width);
  return true;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// Fractions beyond milliseconds are dropped, as the database's timestamptz(3) has none.
bool take_fraction(std::string_view& text, int& millis) {
  millis = 0;
  if (!take_char(text, ".")) return true;
  int scale = 100;
  std::size_t digits = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    millis += (text[0] - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
    ++digits;
  }
  return digits > 0 && digits <= 9;
}

// "Z", "+00", "+00:00" or "+0000", in minutes east of UTC.
bool take_offset(std::string_view& text, int& minutes) {
  if (take_char(text, "Zz")) {
    minutes = 0;
    return true;
  }
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return false;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  int hour = 0;
  int minute = 0;
  if (!take_number(text, 2, hour)) return false;
  if (take_char(text, ":") || !text.empty()) {
    if (!take_number(text, 2, minute)) return false;
  }
  minutes = sign * (hour * 60 + minute);
  return hour < 24 && minute < 60;
}

// Writes the last `width` digits and moves on.
void put_number(char*& out, std::size_t width, unsigned value) {
  for (std::size_t place = width; place-- > 0; value /= 10)
    out[place] = static_cast<char>('0' + value % 10);
  out += width;
}

}  // namespace

Timestamp SystemClock::now() const {
  timespec time{};
  clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return Timestamp{std::chrono::seconds{time.tv_sec} + milliseconds{time.tv_nsec / 1'000'000}};
}

Timestamp PacedClock::now() const {
  const auto passed = std::chrono::floor<std::chrono::milliseconds>(Steady::now() - steady_begin_);
  return std::min(clock_.now(), begin_ + passed);
}

std::size_t write_rfc3339(Timestamp time, char* out) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<milliseconds> clock{time - day};
  const int year = static_cast<int>(date.year());
  char* at = out;
  if (year < 0 || year > 9999) {
    at = std::to_chars(at, at + 8, year).ptr;
  } else {
    put_number(at, 4, static_cast<unsigned>(year));
  }
  *at++ = '-';
  put_number(at, 2, static_cast<unsigned>(date.month()));
  *at++ = '-';
  put_number(at, 2, static_cast<unsigned>(date.day()));
  *at++ = 'T';
  put_number(at, 2, static_cast<unsigned>(clock.hours().count()));
  *at++ = ':';
  put_number(at, 2, static_cast<unsigned>(clock.minutes().count()));
  *at++ = ':';
  put_number(at, 2, static_cast<unsigned>(clock.seconds().count()));
  *at++ = '.';
  put_number(at, 3, static_cast<unsigned>(clock.subseconds().count()));
  *at++ = 'Z';
  return static_cast<std::size_t>(at - out);
}

std::string format_rfc3339(Timestamp time) {
  char text[rfc3339_characters_max];
  return std::string(text, write_rfc3339(time, text));
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millis = 0, offset = 0;
  const bool shaped =
      take_number(text, 4, year) && take_char(text, "-") && take_number(text, 2, month) &&
      take_char(text, "-") && take_number(text, 2, day) && take_char(text, "Tt ") &&
      take_number(text, 2, hour) && take_char(text, ":") && take_number(text, 2, minute) &&
      take_char(text, ":") && take_number(text, 2, second) && take_fraction(text, millis) &&
      take_offset(text, offset) && text.empty();
  // RFC 3339 5.7 has a second 60 where a leap second was inserted, which nobody's clock here knows.
  if (!shaped || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const Timestamp time = Timestamp{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
                         std::chrono::minutes{minute - offset} + std::chrono::seconds{second} +
                         milliseconds{millis};
  // In UTC too the year has four digits.
  using namespace std::chrono_literals;
  using std::chrono::January, std::chrono::sys_days;
  if (time < sys_days{0y / January / 1} || time >= sys_days{10'000y / January / 1})
    return std::nullopt;
  return time;
}

}  // namespace agentauth

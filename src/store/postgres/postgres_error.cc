#include "store/postgres/postgres_error.h"

#include <algorithm>
#include <array>
#include <string>

namespace agentauth {
namespace {

using namespace std::string_view_literals;

constexpr int oldest_version = 130000;

Errc classify(std::string_view state) {
  // No state: libpq itself failed, which it does when the connection is lost.
  if (state.empty()) return Errc::unavailable;
  // 23001 restrict, 23503 foreign key, 23505 unique, 23P01 exclusion. The rest of the class, NOT
  // NULL and CHECK, says that our own SQL broke a rule.
  static constexpr std::array conflicts{"23001"sv, "23503"sv, "23505"sv, "23P01"sv};
  if (std::find(conflicts.begin(), conflicts.end(), state) != conflicts.end())
    return Errc::conflict;
  // 22021: bytes that are not UTF-8.
  if (state == "22021") return Errc::invalid_argument;
  // 42501: what only the owner of the tables may do. The rest of the class is our own SQL's fault.
  if (state == "42501") return Errc::unavailable;
  if (state == "08P01") return Errc::internal;  // our message had the wrong number of parameters
  // 25006 read only, 25P03 idle too long in a transaction, 55P03 a lock was not to be had.
  static constexpr std::array states{"25006"sv, "25P03"sv, "55P03"sv};
  if (std::find(states.begin(), states.end(), state) != states.end()) return Errc::unavailable;
  // Connection, authorization, catalog, transaction rolled back, resources, operator, system, data.
  static constexpr std::array classes{"08"sv, "28"sv, "3D"sv, "40"sv,
                                      "53"sv, "57"sv, "58"sv, "XX"sv};
  return std::find(classes.begin(), classes.end(), state.substr(0, 2)) != classes.end()
             ? Errc::unavailable
             : Errc::internal;
}

std::string_view sentence(std::string_view state, Errc meaning) {
  if (meaning == Errc::conflict) return "The change conflicts with what is stored";
  if (meaning == Errc::internal) return "Internal error";
  if (meaning == Errc::invalid_argument) return "Text must be UTF-8";
  if (state == "25006") return "The database is read only";
  if (state == "42501")
    return "The database user may not create or use the tables; make it the owner of the database";
  if (state == "53100") return "The database is full";
  if (state == "55P03" || state == "57014" || state.starts_with("40"))
    return "The database is busy";
  return "The database is not available";
}

}  // namespace

Error postgres_error(std::string_view state, std::string_view words) {
  while (!words.empty() && words.back() == '\n') words.remove_suffix(1);
  const Errc meaning = classify(state);
  return {meaning, std::string(sentence(state, meaning)),
          "postgresql" + std::string(state.empty() ? "" : " ") + std::string(state) + ": " +
              std::string(words)};
}

bool breaks_postgres_session(std::string_view state) {
  if (state.empty()) return true;
  if (state.starts_with("08")) return state != "08P01";
  // 57P01 to 57P05: shutdown, crash, cannot connect now, database dropped, idle too long. 25006:
  // read only, so that another server is the primary by now.
  return state.starts_with("57P") || state == "25P03" || state == "25006";
}

// Serialization failure and deadlock; of 40003 nobody knows whether it was completed.
bool is_postgres_contention(std::string_view state) { return state == "40001" || state == "40P01"; }

Result<void> check_postgres_version(int version) {
  if (version >= oldest_version) return {};
  return failure(Errc::unavailable, "PostgreSQL 13 or newer is required",
                 "the server is PostgreSQL " + std::to_string(version / 10000) + "." +
                     std::to_string(version % 10000));
}

}  // namespace agentauth

#include "store/advice.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace agentauth {
namespace {

// Who that is, the database does not say: this server's own long write, too.
constexpr std::string_view busy_advice =
    "something else writes for long, a large policy, a backup or another program: try again later, "
    "or end it";

constexpr std::string_view audit_advice =
    "somebody else wrote into the tables of the audit trail: run agentauth audit verify, which "
    "names what is wrong";

struct SqliteAdvice {
  int code;  // https://www.sqlite.org/rescode.html, the primary one
  std::string_view advice;
};
constexpr auto sqlite_table = std::to_array<SqliteAdvice>({
    {5, busy_advice},
    {6, busy_advice},
    {8, "let this user write the file and its folder"},
    {10, "look at its disk: full, failing, or under a limit on the size of files"},
    {11, "the file is damaged: restore a backup"},
    {13, "make room on its disk"},
    {14, "let its folder exist, and this user read and write there"},
    {26, "the file is damaged or no SQLite database: restore a backup"},
});

struct WordsAdvice {
  std::string_view words;  // of the detail
  std::string_view advice;
};
// In this order: PostgreSQL says "role does not exist" where it says no state.
constexpr auto words_table = std::to_array<WordsAdvice>({
    {"audit_log.sequence", audit_advice},  // SQLite
    {"audit_log_pkey", audit_advice},      // PostgreSQL
    {"audit trail has no head", audit_advice},
    {"cannot create", "let its folder exist, and this user write there"},
    {"write-ahead logging", "keep the file on a local disk"},
    {"moved or deleted", "put the file back where it was"},
    {"authentication failed", "give the user and password that PostgreSQL knows (~/.pgpass)"},
    {"pg_hba.conf", "let PostgreSQL's pg_hba.conf admit this user from this machine"},
    {"role \"", "create the user first: createuser --pwprompt USER"},
    {"does not exist", "create the database first: createdb --owner USER NAME"},
    {"too many", "raise PostgreSQL's max_connections, or lower --workers"},
    {"remaining connection slots", "raise PostgreSQL's max_connections, or lower --workers"},
    {"session is read-only",
     "this is a replica or set to read only: promote it, or name the primary"},
    {"postgresql 25006", "this is a replica or set to read only: name the primary"},
    {"postgresql 53100", "make room on its disk"},
    {"postgresql 55P03", busy_advice},
    {"postgresql 57014", busy_advice},
    {"postgresql 42501", "make this user the owner of the database"},
    {"libpq", "install the package libpq5"},
    {"postgresql: ", "see that PostgreSQL runs there and can be reached from this machine"},
});

std::string_view advice_for_sqlite(int code) {
  const auto found = std::find_if(sqlite_table.begin(), sqlite_table.end(),
                                  [&](const SqliteAdvice& row) { return row.code == code; });
  return found == sqlite_table.end() ? std::string_view() : found->advice;
}

}  // namespace

std::string_view find_advice(std::string_view detail) {
  constexpr std::string_view sqlite = "sqlite ";
  int code = 0;
  if (detail.starts_with(sqlite) &&
      std::from_chars(detail.data() + sqlite.size(), detail.data() + detail.size(), code).ec ==
          std::errc{})
    return advice_for_sqlite(code & 0xFF);
  for (const WordsAdvice& row : words_table)
    if (detail.find(row.words) != std::string_view::npos) return row.advice;
  return {};
}

std::string_view advise_background(const Error& error) {
  const std::string_view advice = find_advice(error.detail);
  return advice.empty() ? "it is tried again: where it lasts, look at the database with agentauth "
                          "doctor, and at its own log"
                        : advice;
}

}  // namespace agentauth

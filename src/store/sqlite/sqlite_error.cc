#include "store/sqlite/sqlite_error.h"

#include <sqlite3.h>

#include <string>

namespace agentauth {
namespace {

int primary(int code) { return code & 0xFF; }

Errc classify(int code) {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_FOREIGNKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Errc::conflict;
    default:
      break;
  }
  switch (primary(code)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOTADB:
      return Errc::unavailable;
    default:
      return Errc::internal;  // also the constraints NOT NULL and CHECK: our own SQL broke a rule
  }
}

std::string_view sentence(int code, Errc meaning) {
  if (meaning == Errc::conflict) return "The change conflicts with what is stored";
  if (meaning == Errc::internal) return "Internal error";
  switch (primary(code)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "The database is busy";
    case SQLITE_FULL:
      return "The database is full";
    case SQLITE_READONLY:
      return "The database is read only";
    default:
      return "The database is not available";
  }
}

}  // namespace

Error sqlite_error(int code, std::string_view words) {
  const Errc meaning = classify(code);
  return {meaning, std::string(sentence(code, meaning)),
          "sqlite " + std::to_string(code) + ": " + std::string(words)};
}

bool breaks_sqlite_session(int code) {
  switch (primary(code)) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_CANTOPEN:
    case SQLITE_NOTADB:
    case SQLITE_PROTOCOL:
      return true;
    default:
      return code == SQLITE_READONLY_DBMOVED;
  }
}

}  // namespace agentauth

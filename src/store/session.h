// One connection to a database, and the few things in which the two databases differ.
//
// The contract, held by the suite in session_contract_test.cc against every driver:
// - A session belongs to one thread at a time.
// - SQL is one text for both databases: $1 parameters, RETURNING, ON CONFLICT, no dialect. It is a
//   string literal; anything else does not compile. Each text is prepared once per session.
// - Errors: conflict (a unique or foreign key refused the row), unavailable (cannot reach, busy,
//   full, read only, corrupt, i/o: nothing was changed, except that a COMMIT whose answer got lost
//   may have happened), invalid_argument (text with a NUL, which
//   PostgreSQL cannot hold), internal (our SQL is wrong). The message is safe for callers; the
//   driver's own words are in `detail`.
// - After a statement failed inside a transaction, nothing but rollback follows, or a rollback to
//   a savepoint before it.
// - After unavailable a session may be broken(); its owner replaces it.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/encoding.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

namespace agentauth {

// SQL that was written in the source, never put together at run time.
class Sql {
 public:
  consteval Sql(const char* literal) : text_(literal) {}
  const char* text() const { return text_; }

 private:
  const char* text_;
};

// A parameter: null, integer, text or bytes. Ids and times travel as text. Texts and bytes are
// views of what was given, which outlives the statement. The constructors are not explicit because
// a parameter is written as the value it stands for.
class Param {
 public:
  Param(std::nullptr_t) {}
  Param(std::int64_t value) : value_(value) {}
  Param(std::string_view value) : value_(value) {}
  Param(const std::string& value) : value_(std::string_view(value)) {}
  Param(const char* value) : value_(std::string_view(value)) {}
  Param(ByteView value) : value_(value) {}
  Param(const Bytes& value) : value_(ByteView(value)) {}
  Param(Timestamp value) : value_(Written{}) {
    auto& own = *std::get_if<Written>(&value_);
    own.size = static_cast<std::uint8_t>(write_rfc3339(value, own.text.data()));
  }
  template <class Tag>
  Param(const Id<Tag>& value) : value_(Written{}) {
    auto& own = *std::get_if<Written>(&value_);
    value.uuid.write(own.text.data());
    own.size = Uuid::characters;
  }
  template <class T>
  Param(const std::optional<T>& value) {
    if (value) *this = Param(*value);
  }

  // Views last as long as the parameter stands where it is.
  using Value = std::variant<std::monostate, std::int64_t, std::string_view, ByteView>;
  Value value() const;

 private:
  struct Written {
    std::array<char, std::max(Uuid::characters, rfc3339_characters_max)> text;
    std::uint8_t size;
  };
  std::variant<std::monostate, std::int64_t, std::string_view, ByteView, Written> value_;
};

// The current row of a result; views last until the next row. Columns count from 0.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual ByteView bytes(int column) const = 0;

  Timestamp time(int column) const;
  std::optional<Timestamp> optional_time(int column) const;
  template <class IdType>
  IdType id(int column) const {
    return IdType::parse(text(column)).value_or(IdType{});
  }
};

enum class Access : std::uint8_t {
  snapshot,        // several reads that see one moment, and may take minutes
  brief_snapshot,  // the same, each of which takes no longer than one by itself may
  write,           // takes the writer's place at once (SQLite), read committed (PostgreSQL)
  migrate,         // write, while other servers that want to migrate wait (an advisory lock)
};

class Session {
 public:
  virtual ~Session() = default;

  // Runs a statement and hands each row to `each`, which may stop it by failing and must not use
  // the session meanwhile.
  using EachRow = FunctionRef<Result<void>(const Row&)>;
  virtual Result<void> query(Sql sql, std::span<const Param> params, EachRow each) = 0;
  // Runs a statement for its effect; returns the number of rows it changed.
  virtual Result<std::int64_t> execute(Sql sql, std::span<const Param> params) = 0;
  // Runs the statements of a migration, several in one text, without parameters or results.
  virtual Result<void> run_script(const std::string& script) = 0;
  // Whether the schema has that table: what migrations ask of a database that may be empty.
  virtual Result<bool> has_table(const std::string& name) = 0;

  virtual Result<void> begin(Access access) = 0;
  virtual Result<void> commit() = 0;
  virtual void rollback() = 0;  // cannot fail in a way that matters: an unfinished change is undone

  // In a transaction: whoever watches is told of this revision when it commits. A hint, where
  // there is such a thing; nothing rests on it.
  virtual void announce(std::int64_t revision) { (void)revision; }

  virtual bool broken() const = 0;
  // Whether the last statement failed because writers block each other, and may succeed when its
  // transaction is tried again.
  virtual bool contended() const { return false; }

  // Short forms.
  Result<void> query(Sql sql, std::initializer_list<Param> params, EachRow each) {
    return query(sql, std::span<const Param>(params.begin(), params.size()), each);
  }
  Result<std::int64_t> execute(Sql sql, std::initializer_list<Param> params = {}) {
    return execute(sql, std::span<const Param>(params.begin(), params.size()));
  }
};

// Hears what sessions announce, those of other processes too. For one thread at a time.
class Watch {
 public:
  virtual ~Watch() = default;
  // The latest revision announced since the last call, waiting for one if there is none yet.
  // Errors: unavailable; ask for another watch then.
  virtual Result<std::optional<std::int64_t>> wait(std::chrono::milliseconds at_most) = 0;
};

// What migrations write differently for each database: {{uuid}} in a migration becomes `uuid`, …
struct ColumnTypes {
  std::string_view uuid;
  std::string_view new_uuid;   // a default that makes a version 4 UUID
  std::string_view timestamp;  // milliseconds; as text in SQLite, so that it sorts and compares
  std::string_view now;        // a default that gives the current time
  std::string_view bytes;
  std::string_view keyed_table;  // behind a table that is stored in the order of its primary key
  std::string_view ascii;        // behind a text: what is done to it is done to ASCII letters only
  std::string_view generated;    // how a generated column that is added later is kept
};

// Makes sessions of one database. Safe to use from any thread.
class Driver {
 public:
  virtual ~Driver() = default;
  virtual Result<std::unique_ptr<Session>> connect() = 0;
  // Null where nothing can be heard, and polling has to do. Errors: unavailable.
  virtual Result<std::unique_ptr<Watch>> watch() { return std::unique_ptr<Watch>(); }
  virtual const ColumnTypes& column_types() const = 0;
  virtual std::string_view name() const = 0;  // "sqlite" or "postgresql"
};

// `url` is sqlite:PATH, sqlite::memory: (for tests) or postgresql://…
// Errors: invalid_argument when it is neither.
Result<std::unique_ptr<Driver>> open_driver(const std::string& url);

}  // namespace agentauth

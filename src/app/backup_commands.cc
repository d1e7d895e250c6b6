#include "app/backup_commands.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include "app/client_commands.h"
#include "app/database_advice.h"
#include "app/new_file.h"
#include "app/node_name.h"
#include "app/option_values.h"
#include "app/pid_file.h"
#include "app/stored_trail.h"
#include "app/text_table.h"
#include "app/wiring.h"
#include "audit/chain.h"
#include "base/json.h"
#include "store/migrations.h"
#include "store/postgres/postgres_schema.h"
#include "store/sqlite/sqlite_copy.h"
#include "store/sqlite/sqlite_schema.h"

namespace agentauth::app {
namespace {

namespace fs = std::filesystem;

// Nobody revoked the tokens of one agent so often, or made so many changes, between a backup and
// what the backup replaces. 4,096 restores fit into a generation's 32 bits.
constexpr std::int64_t left_out_by_a_restore = 1 << 20;

bool is_file(const std::string& database) { return database.starts_with("sqlite:"); }
fs::path file_of(const std::string& database) { return database.substr(sizeof("sqlite:") - 1); }

Options with_database(Options options, const std::string& file) {
  options.database = "sqlite:" + file;
  return options;
}

// What a copy holds, once it is known to be whole.
struct Found {
  int schema_version = 0;
  Revision revision = 0;
  audit::Verification::Report trail{};
  std::optional<Timestamp> newest;  // of the trail's events
};

// Errors: invalid_argument, conflict.
Result<Found> verify(Database& database, const Ed25519PublicKey& key) {
  Found found;
  const auto trail =
      TRY(verify_stored_trail(database, {}, key, [&](const AuditEvent& event, const AuditHead&) {
        found.newest = event.at;
      }));
  found.trail = trail.report();
  found.schema_version = TRY(database.read(find_schema_version));
  found.revision = TRY(database.read([](Transaction& tx) { return tx.changes().revision(); }));
  return found;
}

// PostgreSQL ends the session of a process a moment after the process itself has ended.
constexpr std::chrono::seconds session_end_patience{3};

// A server would go on with what it has in memory, and write by it. One that comes later, or that
// PostgreSQL cannot see through a pooler, is the administrator's to keep out.
Result<void> refuse_connected_servers(Database& database) {
  const auto until = std::chrono::steady_clock::now() + session_end_patience;
  for (;;) {
    const std::int64_t others = TRY(count_other_sessions(database));
    if (others == 0) return {};
    if (std::chrono::steady_clock::now() >= until)
      return failure(Errc::conflict,
                     "servers or commands of AgentAuth are connected to the "
                     "database, with " +
                         std::to_string(others) + " sessions: end them first");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

// Of PostgreSQL, whose schema a dump brings along whole: refused before anything is written to it.
Result<void> refuse_foreign_code(Database& database, const Options& options) {
  auto checked = with_database_advice(require_no_foreign_code(database), options.database);
  if (!checked) checked.error().message += ": drop it first, it could undo what is revoked later";
  return checked;
}

Result<void> refuse_what_is_none(const std::string& file) {
  const auto database = TRY(Database::open("sqlite:" + file));
  if (TRY(database->read(find_schema_version)) == 0)
    return failure(Errc::invalid_argument, "it is no database of AgentAuth");
  return require_own_schema(*database);
}

struct Place {
  std::string_view name;
  std::optional<std::string> path;
};

void report(const CommandLine& line, const Found& found, std::initializer_list<Place> places,
            std::ostream& out) {
  std::string text;
  if (!line.wants_json()) {
    for (const Place& place : places)
      if (place.path) text += std::string(place.name) + ' ' + printable(*place.path) + ", ";
    text += "verified: schema version " + std::to_string(found.schema_version) + ", revision " +
            std::to_string(found.revision) + ", " + std::to_string(found.trail.events) +
            " audit events";
    if (found.newest) text += ", the last at " + format_rfc3339(*found.newest);
    out << text << '\n';
    return;
  }
  JsonWriter writer(text);
  writer.open();
  for (const Place& place : places) {
    writer.name(place.name);
    place.path ? writer.text(*place.path) : writer.null();
  }
  writer.member("schema_version", found.schema_version);
  writer.member("revision", found.revision);
  writer.member("audit_events", found.trail.events);
  writer.name("newest_event");
  found.newest ? writer.text(format_rfc3339(*found.newest)) : writer.null();
  writer.close();
  out << text << '\n';
}

AuditEvent restored_at(Timestamp now) {
  AuditEvent event;
  event.at = now;
  event.node = audit_node_name();
  event.action = AuditAction::database_restore;
  event.reason = AuditReason::command_line;
  return event;
}

// In the database that is put back, before anybody uses it.
Result<Found> settle(const Options& options) {
  const auto foundation = TRY(Foundation::create(options));
  Database& database = foundation->database();
  const audit::Signer signer(foundation->master_key());
  Found found = TRY(verify(database, signer.public_key()));
  TRY(database.write([&](Transaction& tx) -> Result<void> {
    TRY(tx.agents().revoke_all_tokens(left_out_by_a_restore));
    TRY(tx.changes().leave_out(left_out_by_a_restore));
    tx.record(restored_at(foundation->clock().now()));
    return {};
  }));
  found.revision += left_out_by_a_restore;
  return found;
}

Result<void> refuse_a_running_server(const Options& options) {
  const auto process = find_running(options.data_dir / "agentauth.pid");
  if (!process) return {};
  return failure(Errc::conflict, "a server runs on " + options.data_dir.string() + ", process " +
                                     std::to_string(*process) + ": end it first");
}

// The database that was there, with its logs and index, under a name of the moment.
Result<fs::path> set_aside(const fs::path& file) {
  const fs::path kept = file.string() + ".before-" + format_rfc3339(SystemClock().now());
  for (const std::string part : {"", "-wal", "-shm", "-journal"}) {
    std::error_code error;
    fs::rename(file.string() + part, kept.string() + part, error);
    if (error && error != std::errc::no_such_file_or_directory)
      return failure(Errc::unavailable,
                     "cannot move " + file.string() + part + " aside: " + error.message());
  }
  return kept;
}

Result<std::optional<std::string>> put_in_place(NewFile& copy, const fs::path& file) {
  std::optional<SqliteFileLock> lock;
  if (fs::exists(file)) {
    auto taken = SqliteFileLock::take(file.string());
    if (!taken && taken.error().code == Errc::conflict) taken.error().message += ": end it first";
    lock.emplace(TRY(std::move(taken)));
  }
  // Also where there is none: SQLite would read a log that was left behind into the new one.
  const fs::path kept = TRY(set_aside(file));
  TRY(copy.put_in_place(NewFile::Existing::keep));
  if (!lock) return std::nullopt;
  return kept.string();
}

// `begins`: what is so only where a database of before was put back, which "in place" cannot see.
void advise(const Found& found, std::string_view begins, std::ostream& advice) {
  advice
      << "agentauth: all tokens have ended. " << begins
      << " was revoked, suspended, deleted, denied or taken away "
      << (found.newest ? "after " + format_rfc3339(*found.newest) : "since then")
      << ", withdrawn signing keys too, is as it was before: do it again before a server starts, "
         "or at once after\n";
}

Result<int> restore_in_place(const CommandLine& line, const Options& options, std::ostream& out,
                             std::ostream& advice) {
  if (is_file(options.database)) {
    TRY(refuse_a_running_server(options));
    const std::string file = file_of(options.database).string();
    if (!fs::exists(file)) return failure(Errc::invalid_argument, no_database_at(file));
    TRY(SqliteFileLock::take(file));  // and let go of: nobody else knows of it
    TRY(check_sqlite_file(file));
    TRY(refuse_what_is_none(file));
  } else {
    const auto database = TRY(open_database(options));
    TRY(with_database_advice(refuse_connected_servers(*database), options.database));
    TRY(refuse_foreign_code(*database, options));
  }
  TRY(load_existing_master_key(options));
  const Found found = TRY(settle(options));
  report(line, found, {{"database", mask_url_password(options.database)}, {"kept", std::nullopt}},
         out);
  advise(found, "If an older database was put back, what", advice);
  return exit_done;
}

// What is wrong with a file is said with its name, and without that of the copy.
template <class T>
Result<T> about(Result<T> result, std::string_view what, const fs::path& file) {
  if (result) return result;
  Error& error = result.error();
  error.message = std::string(what) + ' ' + file.string() + ": " + error.message;
  return result;
}

bool is_same_file(const fs::path& one, const fs::path& other) {
  std::error_code error;  // one that is not there is no other
  return fs::equivalent(one, other, error);
}

Result<void> refuse_what_is_in_use(const fs::path& to, const Options& options) {
  if (is_same_file(to, master_key_path(options)))
    return failure(Errc::conflict, to.string() + " is the master key");
  for (const std::string part : {"", "-wal", "-shm"})
    if (is_same_file(to, file_of(options.database).string() + part))
      return failure(Errc::conflict, to.string() + " is the database itself");
  return {};
}

// SQLite would read it into whatever has the name of the database it belonged to.
Result<void> refuse_a_log_beside(const fs::path& to) {
  for (const std::string part : {"-wal", "-journal"}) {
    const fs::path log = to.string() + part;
    std::error_code error;
    const auto size = fs::file_size(log, error);
    if (error == std::errc::no_such_file_or_directory || (!error && size == 0)) continue;
    return failure(Errc::conflict, log.string() +
                                       " was left by a server that was killed: open its database "
                                       "once, or name another file");
  }
  return {};
}

// A slip of the hand must not cost the master key, the database or a file of somebody else. Nobody
// opens what may be replaced while what this returns lives; nothing when there is no such file.
Result<std::optional<SqliteFileLock>> reserve(const fs::path& to, const Options& options) {
  TRY(refuse_what_is_in_use(to, options));
  std::error_code error;
  std::optional<SqliteFileLock> lock;
  if (fs::exists(fs::symlink_status(to, error)))
    lock.emplace(TRY(about(SqliteFileLock::take(to.string()), "cannot replace", to)));
  TRY(refuse_a_log_beside(to));
  if (lock && fs::file_size(to, error) != 0 && !is_database_of_ours(to.string()))
    return failure(Errc::conflict,
                   to.string() + " is no database of AgentAuth: --replace does not replace it");
  return lock;
}

Result<Found> fill(const NewFile& copy, const fs::path& from, const Options& options) {
  TRY(copy_sqlite_file(from.string(), copy.path()));
  TRY(check_sqlite_file(copy.path()));
  TRY(copy.require_own());
  TRY(refuse_what_is_none(copy.path()));
  return settle(with_database(options, copy.path()));
}

}  // namespace

Result<int> backup_database(const CommandLine& line, const Options& options, std::ostream& out) {
  if (!is_file(options.database))
    return failure(Errc::invalid_argument,
                   "the database is PostgreSQL: back it up with pg_dump or continuous archiving");
  const fs::path to = *line.argument("to");
  if (!line.has("replace") && fs::exists(to))
    return failure(Errc::conflict, to.string() + " is there already; --replace replaces it");
  TRY(reserve(to, options));  // and let go of: what would be refused in the end is refused now
  const auto source = TRY(open_existing_database(options));
  const auto signer = TRY(load_signer(options, source.get()));
  NewFile copy = TRY(NewFile::create(to));
  TRY(about(copy_sqlite_file(file_of(options.database).string(), copy.path()), "cannot copy to",
            to));
  TRY(about(check_sqlite_file(copy.path()), "the copy of", file_of(options.database)));
  TRY(copy.require_own());
  Found found;
  {
    const auto database = TRY(Database::open("sqlite:" + copy.path()));
    // What restore would refuse is better known now.
    TRY(about(require_own_schema(*database), "the copy of", file_of(options.database)));
    found = TRY(verify(*database, signer->public_key()));
  }
  TRY(fold_sqlite_file(copy.path()));
  const auto reserved = TRY(reserve(to, options));
  TRY(copy.put_in_place(line.has("replace") ? NewFile::Existing::replace
                                            : NewFile::Existing::keep));
  report(line, found, {{"file", to.string()}}, out);
  return exit_done;
}

Result<int> restore_database(const CommandLine& line, const Options& options, std::ostream& out,
                             std::ostream& advice) {
  const auto from = line.argument("from");
  if (from.has_value() == line.has("in-place"))
    return tl::unexpected(Error{.code = Errc::invalid_argument,
                                .message = "One or more fields are invalid",
                                .fields = {{"--from", "or --in-place is needed, and not both"}}});
  if (!from) return restore_in_place(line, options, out, advice);
  if (!is_file(options.database))
    return failure(Errc::invalid_argument,
                   "the database is PostgreSQL: use pg_restore, then agentauth restore --in-place");
  const fs::path file = file_of(options.database);
  if (!line.has("replace") && fs::exists(file))
    return failure(Errc::conflict, "there is a database at " + file.string() +
                                       " already; --replace replaces it, and keeps it beside");
  TRY(refuse_a_running_server(options));
  auto key = load_existing_master_key(options);
  if (!key) key.error().message += "; the backup does not hold it";
  TRY(std::move(key));
  NewFile copy = TRY(NewFile::create(file));
  const Found found = TRY(about(fill(copy, *from, options), "cannot restore", *from));
  const auto kept = TRY(put_in_place(copy, file));
  report(line, found, {{"database", file.string()}, {"kept", kept}}, out);
  advise(found, "What", advice);
  return exit_done;
}

}  // namespace agentauth::app

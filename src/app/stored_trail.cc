#include "app/stored_trail.h"

#include <algorithm>
#include <filesystem>

#include "app/wiring.h"
#include "store/migrations.h"

namespace agentauth::app {
namespace {

using audit::Checkpoint;
using audit::Purpose;
using audit::Verification;

constexpr std::int64_t events_a_page = 1000;

}  // namespace

Result<std::unique_ptr<Database>> open_existing_database(const Options& options) {
  constexpr std::string_view sqlite = "sqlite:";
  if (options.database.starts_with(sqlite) &&
      !std::filesystem::exists(options.database.substr(sqlite.size())))
    return failure(Errc::invalid_argument,
                   "there is no database at " + options.database.substr(sqlite.size()));
  auto database = TRY(open_database(options));
  if (TRY(database->read(find_schema_version)) != schema_version())
    return failure(Errc::invalid_argument,
                   "the database has another schema version; see agentauth help migrate");
  return database;
}

Result<std::unique_ptr<audit::Signer>> load_signer(const Options& options, Database* database) {
  const MasterKey master_key = TRY(load_existing_master_key(options));
  if (database != nullptr) {
    const auto fingerprint =
        TRY(database->read([](Transaction& tx) { return tx.settings().find(master_key_setting); }));
    if (fingerprint != master_key.fingerprint())
      return failure(Errc::invalid_argument,
                     "the master key does not fit this database; name the right one by "
                     "--master-key-file");
  }
  return std::make_unique<audit::Signer>(master_key);
}

Result<Verification> verify_stored_trail(Database& database, std::vector<Checkpoint> checkpoints,
                                         const Ed25519PublicKey& key, OnEvent on_event) {
  struct Stored {
    AuditHead head;
    std::vector<StoredCheckpoint> checkpoints;
    std::vector<StoredCheckpoint> starts;
  };
  const Stored stored = TRY(database.snapshot([](Transaction& tx) -> Result<Stored> {
    return Stored{TRY(tx.audit().head()), TRY(tx.audit().checkpoints()), TRY(tx.audit().starts())};
  }));
  const std::string named = base64url_encode(key);
  const auto keep = [&](Purpose purpose, const StoredCheckpoint& one) {
    checkpoints.push_back({purpose, one.sequence, one.hash, one.at, "", named, one.signature});
  };
  std::int64_t last = 0;
  for (const StoredCheckpoint& start : stored.starts) last = std::max(last, start.sequence);
  for (const StoredCheckpoint& start : stored.starts) keep(Purpose::start, start);
  // Those before the start are being forgotten with their events.
  std::erase_if(checkpoints, [&](const Checkpoint& one) {
    return one.purpose == Purpose::checkpoint && one.sequence < last;
  });
  for (const StoredCheckpoint& one : stored.checkpoints)
    if (one.sequence >= last) keep(Purpose::checkpoint, one);

  Verification verification = TRY(Verification::create(std::move(checkpoints), key));
  while (last < stored.head.sequence) {
    const auto events =
        TRY(database.read([&](Transaction& tx) { return tx.audit().after(last, events_a_page); }));
    if (events.empty()) break;
    for (const AuditEvent& event : events) {
      if (event.sequence > stored.head.sequence) break;
      const AuditHead before = verification.head();
      TRY(verification.add(event));
      on_event(event, before);
    }
    last = events.back().sequence;
  }
  TRY(verification.finish(stored.head));
  return verification;
}

}  // namespace agentauth::app

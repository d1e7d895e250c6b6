#include "app/stored_trail.h"

#include <algorithm>

#include "app/wiring.h"
#include "audit/index_check.h"
#include "store/migrations.h"

namespace agentauth::app {
namespace {

using audit::Checkpoint;
using audit::Purpose;
using audit::Verification;

constexpr std::int64_t events_a_page = 1000;

// What was written there by somebody else than the chain, which will meet it.
Result<void> require_nothing_behind_head(Database& database) {
  const AuditRows rows =
      TRY(database.read([](Transaction& tx) { return tx.audit().behind_head(); }));
  if (rows.count == 0) return {};
  return failure(Errc::conflict, "event " + std::to_string(rows.first) +
                                     ": nobody recorded it; rows of audit_log behind the chain's "
                                     "head, which somebody wrote there: " +
                                     std::to_string(rows.count) + ", up to event " +
                                     std::to_string(rows.last));
}

}  // namespace

Result<std::unique_ptr<audit::Signer>> load_signer(const Options& options, Database* database) {
  return std::make_unique<audit::Signer>(TRY(database == nullptr
                                                 ? load_existing_master_key(options)
                                                 : load_master_key_of(*database, options)));
}

Result<Verification> verify_stored_trail(Database& database, std::vector<Checkpoint> checkpoints,
                                         const Ed25519PublicKey& key, OnEvent on_event) {
  struct Stored {
    AuditHead head;
    std::vector<StoredCheckpoint> checkpoints;
    std::vector<StoredCheckpoint> starts;
    AuditIndex index;
  };
  Stored stored = TRY(database.snapshot([](Transaction& tx) -> Result<Stored> {
    return Stored{TRY(tx.audit().head()), TRY(tx.audit().checkpoints()), TRY(tx.audit().starts()),
                  TRY(tx.audit().whole_index())};
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
  auto index = audit::IndexCheck::create(std::move(stored.index), last, stored.head);
  while (last < stored.head.sequence) {
    const auto events =
        TRY(database.read([&](Transaction& tx) { return tx.audit().after(last, events_a_page); }));
    if (events.empty()) break;
    for (const AuditEvent& event : events) {
      if (event.sequence > stored.head.sequence) break;
      const AuditHead before = verification.head();
      TRY(verification.add(event));
      // What is wrong with the chain is told first.
      if (index)
        if (auto added = index->add(event, database); !added)
          index = tl::unexpected(std::move(added).error());
      on_event(event, before);
    }
    last = events.back().sequence;
  }
  TRY(verification.finish(stored.head));
  TRY(require_nothing_behind_head(database));
  TRY(std::move(index));
  return verification;
}

}  // namespace agentauth::app

#include "keys/key_keeper.h"

#include <span>

#include "store/advice.h"
#include "store/write_uses.h"

namespace agentauth {
namespace {

constexpr std::chrono::seconds interval{2};
constexpr int rounds_between_looks = 5;

// However many keys end at the same time, nobody waits long for the notices of it.
constexpr std::int64_t notices_together = 100;
constexpr int batches_a_round = 10;
constexpr std::int64_t counted_max = 10'000;

}  // namespace

KeyKeeper::KeyKeeper(const Work& work, const Options& options)
    : work_(work),
      options_(options),
      rounds_(
          work.log, "key_keeper", interval, [this](Last last) { return round(last); },
          advise_background) {}

Result<void> KeyKeeper::round(Last last) {
  Result<void> written = write_uses();
  if (last == Last::no && options_.expiry_notice.count() > 0 && --rounds_to_look_ < 0)
    TRY(look_for_ends());
  return written;
}

Result<void> KeyKeeper::write_uses() {
  return agentauth::write_uses(
      work_.database, work_.uses.take(), KeyUseRepository::together_max,
      [](Transaction& tx, std::span<const KeyUse> batch) { return tx.key_uses().keep(batch); },
      [&](const KeyUse& use) { work_.uses.note(use); });
}

Result<void> KeyKeeper::look_for_ends() {
  rounds_to_look_ = 0;
  const Timestamp now = work_.clock.now();
  bool more = true;
  for (int batch = 0; more && batch < batches_a_round; ++batch) more = TRY(give_notice(now));
  expiring_ = TRY(work_.database.read([&](Transaction& tx) {
    return tx.keys().count_ending(now, now + options_.expiry_notice, counted_max);
  }));
  if (!more) rounds_to_look_ = rounds_between_looks;
  return {};
}

// Of a batch of keys; says whether there may be more. Commits with its events or not at all, so
// that each key has one, whichever node was first.
Result<bool> KeyKeeper::give_notice(Timestamp now) {
  const Timestamp until = now + options_.expiry_notice;
  const bool due = TRY(
      work_.database.read([&](Transaction& tx) { return tx.keys().is_notice_due(now, until); }));
  if (!due) return false;
  const auto keys = TRY(work_.database.write([&](Transaction& tx) -> Result<std::vector<ApiKey>> {
    TRY(tx.changes().lock());
    auto given = TRY(tx.keys().give_notice(now, until, notices_together));
    for (const ApiKey& key : given) tx.record(notice_of(key, now));
    return given;
  }));
  for (const ApiKey& key : keys) work_.recorder.count(notice_of(key, now));
  return true;
}

AuditEvent KeyKeeper::notice_of(const ApiKey& key, Timestamp now) const {
  AuditEvent event;
  event.at = now;
  event.node = options_.node;
  event.action = AuditAction::key_expiring;
  event.target_type = AuditTargetType::key;
  event.target_id = AuditText::of_id(key.key_id);
  event.target_agent_id = key.agent_id;
  event.detail = AuditText::of_kid(key.kid);
  return event;
}

}  // namespace agentauth

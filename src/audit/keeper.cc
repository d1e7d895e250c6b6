#include "audit/keeper.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "store/advice.h"

namespace agentauth::audit {
namespace {

constexpr std::int64_t events_a_page = 1000;
constexpr std::int64_t pruned_a_time = 1000;
// Logins wait for one such transaction, and stop() for one round.
constexpr std::int64_t indexed_a_time = AuditLog::span_length;
constexpr int transactions_a_round = 100;

StoredCheckpoint stored(const Checkpoint& checkpoint) {
  return {checkpoint.sequence, checkpoint.hash, checkpoint.at, checkpoint.signature};
}

struct Advice {
  std::string_view words;  // of the error's message
  std::string_view advice;
};
constexpr auto advice_table = std::to_array<Advice>({
    {"was changed by another program",
     "move the file away and send SIGHUP: a new one begins behind what was written; "
     "agentauth audit verify --file says what is left of the old one"},
    {"was written by another process, too",
     "nothing, after a restart; else let each server write a file of its own"},
    {"audit file cannot be written", "make room on its disk, and let this user write there"},
    {"The audit file ",
     "move the file away, or name another with --audit-file, and start the server anew"},
    {"the audit file ", "move away what is at its path, or let this user write there"},
    {"checkpoint of the audit trail was changed", "run agentauth audit verify"},
});

std::string_view advise(const Error& error) {
  for (const Advice& row : advice_table)
    if (error.message.find(row.words) != std::string::npos) return row.advice;
  return advise_background(error);
}

constexpr Timestamp end_of_time{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}};

}  // namespace

Keeper::Keeper(Database& database, const Signer& signer, const Clock& clock, Log& log,
               const Options& options)
    : database_(database),
      signer_(signer),
      clock_(clock),
      log_(log),
      options_(options),
      rounds_(
          log, "audit_keeper", options.interval, [this](Last last) { return round(last); },
          advise) {}

Result<void> Keeper::round(Last last) {
  const AuditHead head = TRY(database_.read([](Transaction& tx) { return tx.audit().head(); }));
  head_ = head.sequence;
  TRY(sign_checkpoint(head, last));
  TRY(index(head));
  if (sink_) TRY(write_file());
  if (options_.retention.count() > 0 && last == Last::no) TRY(prune());
  return {};
}

Result<void> Keeper::sign_checkpoint(const AuditHead& head, Last last) {
  const auto newest = TRY(
      database_.read([](Transaction& tx) { return tx.audit().newest_checkpoint(end_of_time); }));
  const std::int64_t unsigned_ = head.sequence - (newest ? newest->sequence : 0);
  if (unsigned_ == 0) return {};
  const Timestamp now = clock_.now();
  const bool due = unsigned_ >= options_.events_between_checkpoints || !newest ||
                   now - newest->at >= options_.between_checkpoints || last == Last::yes;
  if (!due) return {};
  const Checkpoint checkpoint = signer_.sign(Purpose::checkpoint, head, now);
  return database_.write(
      [&](Transaction& tx) { return tx.audit().insert_checkpoint(stored(checkpoint)); });
}

Result<void> Keeper::index(const AuditHead& head) {
  std::int64_t indexed = TRY(database_.read([](Transaction& tx) { return tx.audit().indexed(); }));
  for (int i = 0; i < transactions_a_round && indexed < head.sequence; ++i)
    indexed =
        TRY(database_.write([](Transaction& tx) { return tx.audit().index(indexed_a_time); }));
  return {};
}

Result<void> Keeper::write_file() {
  TRY(reopen_if_asked());
  TRY(sink_->require_unchanged());
  if (!sink_->position()) TRY(begin_file());
  if (!continues_) TRY(require_same_trail(*sink_->position()));
  continues_ = true;
  for (;;) {
    const AuditHead from = *sink_->position();
    const auto events = TRY(database_.read(
        [&](Transaction& tx) { return tx.audit().after(from.sequence, events_a_page); }));
    if (!events.empty() && events.front().sequence != from.sequence + 1)
      return failure(Errc::internal, "The audit file lacks events that the database has forgotten",
                     "after event " + std::to_string(from.sequence));
    TRY(append_to_file(events));
    in_file_ = sink_->position()->sequence;
    if (static_cast<std::int64_t>(events.size()) < events_a_page) break;
  }
  return write_checkpoint_to_file();
}

// The file that was moved away, or that another program changed, is let go of only when what is at
// the path is known to be good.
Result<void> Keeper::reopen_if_asked() {
  if (!reopen_.exchange(false)) return {};
  Result<void> done = reopen();
  if (!done) reopen_ = true;
  return done;
}

Result<void> Keeper::reopen() {
  if (sink_->is_at_its_path() && sink_->require_unchanged()) return {};
  FileSink opened = TRY(FileSink::open(sink_->path()));
  if (opened.position()) TRY(require_same_trail(*opened.position()));
  written_ = sink_->position();
  sink_ = std::move(opened);
  checkpoint_in_file_ = 0;
  return {};
}

// A database that was restored from an older copy, or another one, would make a chain that breaks.
Result<void> Keeper::require_same_trail(const AuditHead& position) {
  if (position.sequence == 0) return {};
  const auto found = TRY(
      database_.read([&](Transaction& tx) { return tx.audit().after(position.sequence - 1, 1); }));
  if (!found.empty() && found.front().sequence == position.sequence &&
      found.front().hash == position.hash)
    return {};
  // It may have been forgotten since: then the chain goes on behind a start.
  const auto starts = TRY(database_.read([](Transaction& tx) { return tx.audit().starts(); }));
  for (const StoredCheckpoint& start : starts)
    if (start.sequence == position.sequence && start.hash == position.hash) return {};
  return failure(Errc::internal, "The audit file holds another trail than the database",
                 "after event " + std::to_string(position.sequence) + "; name another file");
}

// Behind what the file before it held, or else with everything that there is.
Result<void> Keeper::begin_file() {
  AuditHead start = written_.value_or(AuditHead{});
  if (!written_) {
    const auto starts = TRY(database_.read([](Transaction& tx) { return tx.audit().starts(); }));
    if (!starts.empty()) start = {starts.back().sequence, starts.back().hash};
  }
  return sink_->begin(signer_.sign(Purpose::start, start, clock_.now()));
}

Result<void> Keeper::write_checkpoint_to_file() {
  const auto newest = TRY(
      database_.read([](Transaction& tx) { return tx.audit().newest_checkpoint(end_of_time); }));
  if (!newest || newest->sequence <= checkpoint_in_file_ ||
      newest->sequence > sink_->position()->sequence)
    return {};
  TRY(append_to_file(signer_.shown(Purpose::checkpoint, *newest)));
  checkpoint_in_file_ = newest->sequence;
  return {};
}

// What fails may have looked at the file again, and found another trail.
template <class What>
Result<void> Keeper::append_to_file(const What& what) {
  continues_ = false;
  TRY(sink_->append(what));
  continues_ = true;
  return {};
}

// Only up to a checkpoint, whose hash the rest of the chain continues, and never past what the
// file holds.
Result<void> Keeper::prune() {
  const Timestamp now = clock_.now();
  const auto last = TRY(database_.read(
      [&](Transaction& tx) { return tx.audit().newest_checkpoint(now - options_.retention); }));
  if (!last || (sink_ && sink_->position()->sequence < last->sequence)) return {};
  const auto oldest = TRY(database_.read([](Transaction& tx) { return tx.audit().after(0, 1); }));
  if (oldest.empty() || oldest.front().sequence > last->sequence) return {};
  // Who can write the database cannot have a start signed behind events of its own.
  if (!is_signed_by(signer_.shown(Purpose::checkpoint, *last), signer_.public_key()))
    return failure(Errc::internal, "A checkpoint of the audit trail was changed",
                   "checkpoint " + std::to_string(last->sequence) + "; nothing is forgotten");
  // The signed start first: whoever verifies in between finds the chain longer, not shorter.
  const Checkpoint start = signer_.sign(Purpose::start, {last->sequence, last->hash}, now);
  TRY(database_.write([&](Transaction& tx) { return tx.audit().insert_start(stored(start)); }));
  std::int64_t pruned = pruned_a_time;
  for (int i = 0; i < transactions_a_round && pruned == pruned_a_time; ++i)
    pruned = TRY(database_.write(
        [&](Transaction& tx) { return tx.audit().prune(last->sequence, pruned_a_time); }));
  log_.info("audit_pruned", {{"up_to", last->sequence}});
  return {};
}

}  // namespace agentauth::audit

// The tables of the audit trail. Who appends computes the chain (src/audit); this only stores it.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/function_ref.h"
#include "model/audit_event.h"
#include "store/session.h"

namespace agentauth {

struct AuditFilter {
  std::optional<AgentId> agent = {};  // who acted, or whom it was done to
  std::optional<AuditAction> action = {};
  std::optional<AuditOutcome> outcome = {};
  std::optional<Timestamp> since = {};  // at that time or later
  std::optional<Timestamp> until = {};  // before that time
};

// The numbers between these two.
struct AuditRange {
  std::int64_t after = 0;
  std::int64_t before = 0;
};

// Of rows that stand where no event can: how many, and the numbers of the first and the last.
struct AuditRows {
  std::int64_t count = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
};

// Events in a row that were entered into the index together, and between which times they lie, at
// least.
struct AuditSpan {
  std::int64_t first = 0;
  std::int64_t last = 0;
  Timestamp earliest;
  Timestamp latest;
};

// What list() finds agents and times by, without the agents.
struct AuditIndex {
  std::int64_t indexed = 0;  // up to which number it goes
  std::vector<AuditSpan> spans;
};

// Where a chain ends: the number and the hash of its last event.
struct AuditHead {
  std::int64_t sequence = 0;
  std::string hash = std::string(64, '0');  // of the chain before its first event
};

// A signed statement about the chain; src/audit knows how it is signed.
struct StoredCheckpoint {
  std::int64_t sequence = 0;
  std::string hash;
  Timestamp at;
  std::string signature;
};

// What stands behind the head, nobody recorded: lists show none of it.
class AuditLog {
 public:
  explicit AuditLog(Session& session) : session_(session) {}

  // Takes the next `count` numbers and locks the chain until the commit; returns the head as it
  // was. REQUIRES: the change counter is locked already if it is going to be, so that no two
  // transactions wait for each other.
  Result<AuditHead> reserve(std::int64_t count);
  // Numbered and hashed; the last one becomes the head.
  Result<void> append(AuditEvents events);

  Result<AuditHead> head();
  // Rows that somebody else wrote into the table. The chain comes to a stop where it meets them.
  Result<AuditRows> behind_head();
  // Newest first, numbers below `before`.
  Result<std::vector<AuditEvent>> list(const AuditFilter& filter, std::int64_t before,
                                       std::int64_t limit);
  // Oldest first, numbers above `after`.
  Result<std::vector<AuditEvent>> after(std::int64_t sequence, std::int64_t limit);
  // Enters at most `limit` further events into what list() finds agents and times by; returns up to
  // which number that goes. Apart from append(), because entries on pages of their own would be the
  // most expensive part of a login; list() reads what is not entered yet. Entries are sorted by
  // agent within spans of `span_length` events or more, so that a span is written from one end to
  // the other: a call that enters so many costs the same for each, however many agents there are.
  static constexpr std::int64_t span_length = 4000;
  Result<std::int64_t> index(std::int64_t limit);
  Result<std::int64_t> indexed();
  // For who compares the index with the events: its spans in order, and whom it holds for events of
  // the span that begins there, with numbers above the first of `range` and up to the second.
  Result<AuditIndex> whole_index();
  using EachParty = FunctionRef<void(const AgentId& agent, std::int64_t sequence)>;
  Result<void> each_party(std::int64_t span, std::pair<std::int64_t, std::int64_t> range,
                          EachParty each);
  // The last number of all that stand before `until`, or 0.
  Result<std::int64_t> last_before(Timestamp until);

  // Oldest first. Storing what is there already changes nothing.
  Result<std::vector<StoredCheckpoint>> checkpoints();
  Result<std::optional<StoredCheckpoint>> newest_checkpoint(Timestamp not_after);
  Result<void> insert_checkpoint(const StoredCheckpoint& checkpoint);
  // Behind which events the chain may begin, because what was before has been forgotten.
  Result<std::vector<StoredCheckpoint>> starts();
  // In the place of those before it.
  Result<void> insert_start(const StoredCheckpoint& start);
  // Forgets at most `limit` events up to that number, oldest first, and the checkpoints among
  // them; returns how many.
  Result<std::int64_t> prune(std::int64_t up_to, std::int64_t limit);

 private:
  Result<std::optional<std::int64_t>> growing_span();
  Result<AuditRange> range_of(const AuditFilter& filter, std::int64_t before);
  Result<std::vector<AuditEvent>> list_all(const AuditFilter& filter, const AuditRange& range,
                                           std::int64_t limit);
  Result<std::vector<AuditEvent>> list_unindexed(const AuditFilter& filter, const AuditRange& range,
                                                 std::int64_t limit);
  Result<std::vector<AuditEvent>> list_by_party(const AuditFilter& filter, const AuditRange& range,
                                                std::int64_t limit);
  Result<std::vector<AuditEvent>> query_events(Sql sql, std::span<const Param> params);

  Session& session_;
};

}  // namespace agentauth

#include "store/audit_log.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "store/rows.h"

namespace agentauth {
namespace {

using InsertEvents = RowsSql<
    "INSERT INTO audit_log (sequence, at, node, action, outcome, reason, agent_id, kid, "
    "on_behalf_of, client_address, operation, target_type, target_id, target_agent_id, "
    "detail, request_id, hash) VALUES ",
    17>;

void append_columns(const AuditEvent& event, Params& out) {
  out.emplace_back(event.sequence);
  out.emplace_back(event.at);
  out.emplace_back(event.node.view());
  out.emplace_back(to_string(event.action));
  out.emplace_back(to_string(event.outcome));
  out.emplace_back(to_string(event.reason));
  out.emplace_back(event.agent_id);
  out.emplace_back(event.kid.view());
  out.emplace_back(event.on_behalf_of.view());
  out.emplace_back(event.client_address.view());
  out.emplace_back(event.operation.view());
  out.emplace_back(to_string(event.target_type));
  out.emplace_back(event.target_id.view());
  out.emplace_back(event.target_agent_id);
  out.emplace_back(event.detail.view());
  out.emplace_back(event.request_id.view());
  out.emplace_back(event.hash);
}

// The columns that read_event() reads, and behind them what is given, put together by the compiler.
template <std::size_t Size>
consteval auto select_events(const char (&rest)[Size]) {
  constexpr std::string_view start =
      "SELECT e.sequence, e.at, e.node, e.action, e.outcome, e.reason, e.agent_id, e.kid, "
      "e.on_behalf_of, e.client_address, e.operation, e.target_type, e.target_id, "
      "e.target_agent_id, e.detail, e.request_id, e.hash ";
  std::array<char, start.size() + Size> text{};
  std::copy(std::begin(rest), std::end(rest), std::copy(start.begin(), start.end(), text.begin()));
  return text;
}

std::optional<AgentId> optional_agent(const Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.id<AgentId>(column);
}

// A word that this version does not know cannot be shown as what it is: such an event comes without
// its hash, so that it is not taken for one that was recorded so.
AuditEvent read_event(const Row& row) {
  AuditEvent event;
  bool known = true;
  event.sequence = row.integer(0);
  event.at = row.time(1);
  event.node = AuditText::recorded(row.text(2));
  known = parse(row.text(3), event.action) && known;
  known = parse(row.text(4), event.outcome) && known;
  known = parse(row.text(5), event.reason) && known;
  event.agent_id = optional_agent(row, 6);
  event.kid = AuditText::recorded(row.text(7));
  event.on_behalf_of = AuditText::recorded(row.text(8));
  event.client_address = AuditText::recorded(row.text(9));
  event.operation = AuditText::recorded(row.text(10));
  known = parse(row.text(11), event.target_type) && known;
  event.target_id = AuditText::recorded(row.text(12));
  event.target_agent_id = optional_agent(row, 13);
  event.detail = AuditText::recorded(row.text(14));
  event.request_id = AuditText::recorded(row.text(15));
  if (known) event.hash = row.text(16);
  return event;
}

Result<std::vector<StoredCheckpoint>> read_checkpoints(Session& session, Sql sql,
                                                       std::initializer_list<Param> params) {
  std::vector<StoredCheckpoint> found;
  TRY(session.query(sql, params, [&](const Row& row) -> Result<void> {
    found.push_back(
        {row.integer(0), std::string(row.text(1)), row.time(2), std::string(row.text(3))});
    return {};
  }));
  return found;
}

// Before and after every time there is.
constexpr Timestamp beginning_of_time{std::chrono::sys_days{std::chrono::year{1} / 1 / 1}};
constexpr Timestamp end_of_time{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}};

// $1 to $7 of every list.
std::vector<Param> filtered(const AuditFilter& filter, const AuditRange& range,
                            std::int64_t limit) {
  std::optional<std::string_view> action;
  if (filter.action) action = to_string(*filter.action);
  std::optional<std::string_view> outcome;
  if (filter.outcome) outcome = to_string(*filter.outcome);
  return {range.after,
          range.before,
          action,
          outcome,
          filter.since.value_or(beginning_of_time),
          filter.until.value_or(end_of_time),
          limit};
}

}  // namespace

Result<AuditHead> AuditLog::reserve(std::int64_t count) {
  std::optional<AuditHead> head;
  // RETURNING would make SQLite fill a temporary table: a third of what a commit of one event
  // costs.
  TRY(session_.execute("UPDATE audit_head SET sequence = sequence + $1", {count}));
  TRY(session_.query("SELECT sequence - $1, hash FROM audit_head", {count},
                     [&](const Row& row) -> Result<void> {
                       head = AuditHead{row.integer(0), std::string(row.text(1))};
                       return {};
                     }));
  if (!head) return failure(Errc::internal, "Internal error", "the audit trail has no head");
  return *std::move(head);
}

Result<void> AuditLog::append(AuditEvents events) {
  if (events.empty()) return {};
  TRY(execute_rows<InsertEvents>(
      session_, events, [](const AuditEvent* event, Params& out) { append_columns(*event, out); }));
  TRY(session_.execute("UPDATE audit_head SET hash = $1", {events.back()->hash}));
  return {};
}

Result<AuditHead> AuditLog::head() {
  AuditHead head;
  TRY(session_.query("SELECT sequence, hash FROM audit_head", {},
                     [&](const Row& row) -> Result<void> {
                       head = {row.integer(0), std::string(row.text(1))};
                       return {};
                     }));
  return head;
}

Result<AuditRows> AuditLog::behind_head() {
  AuditRows rows;
  // One statement: what others append meanwhile moves the head in the same moment.
  TRY(
      session_.query("SELECT COUNT(*), COALESCE(MIN(sequence), 0), COALESCE(MAX(sequence), 0) "
                     "FROM audit_log WHERE sequence > (SELECT sequence FROM audit_head)",
                     {}, [&](const Row& row) -> Result<void> {
                       rows = {row.integer(0), row.integer(1), row.integer(2)};
                       return {};
                     }));
  return rows;
}

Result<std::vector<AuditEvent>> AuditLog::list(const AuditFilter& filter, std::int64_t before,
                                               std::int64_t limit) {
  before = std::min(before, TRY(head()).sequence + 1);
  const std::int64_t indexed = TRY(this->indexed());
  auto events = TRY(list_unindexed(filter, {indexed, before}, limit));
  const std::int64_t wanted = limit - static_cast<std::int64_t>(events.size());
  if (wanted == 0) return events;
  const AuditRange range = TRY(range_of(filter, std::min(before, indexed + 1)));
  auto older =
      TRY(filter.agent ? list_by_party(filter, range, wanted) : list_all(filter, range, wanted));
  std::move(older.begin(), older.end(), std::back_inserter(events));
  return events;
}

// Nothing outside of it passes the filter, as far as what is indexed goes.
Result<AuditRange> AuditLog::range_of(const AuditFilter& filter, std::int64_t before) {
  AuditRange range{0, before};
  if (filter.since)
    TRY(session_.query(
        "SELECT COALESCE(MIN(first_sequence), $2) FROM audit_spans WHERE latest >= $1",
        {*filter.since, before}, [&](const Row& row) -> Result<void> {
          range.after = row.integer(0) - 1;
          return {};
        }));
  if (filter.until)
    TRY(session_.query(
        "SELECT COALESCE(MAX(last_sequence), 0) FROM audit_spans WHERE earliest < $1",
        {*filter.until}, [&](const Row& row) -> Result<void> {
          range.before = std::min(before, row.integer(0) + 1);
          return {};
        }));
  return range;
}

Result<std::vector<AuditEvent>> AuditLog::list_all(const AuditFilter& filter,
                                                   const AuditRange& range, std::int64_t limit) {
  static constexpr auto newest = select_events(
      "FROM audit_log e WHERE e.sequence > $1 AND e.sequence < $2 "
      "AND (CAST($3 AS TEXT) IS NULL OR e.action = $3) "
      "AND (CAST($4 AS TEXT) IS NULL OR e.outcome = $4) AND e.at >= $5 AND e.at < $6 "
      "ORDER BY e.sequence DESC LIMIT $7");
  return query_events(Sql(newest.data()), filtered(filter, range, limit));
}

Result<std::vector<AuditEvent>> AuditLog::list_unindexed(const AuditFilter& filter,
                                                         const AuditRange& range,
                                                         std::int64_t limit) {
  if (!filter.agent) return list_all(filter, range, limit);
  static constexpr auto of_agent = select_events(
      "FROM audit_log e WHERE e.sequence > $1 AND e.sequence < $2 "
      "AND (e.agent_id = $8 OR e.target_agent_id = $8) "
      "AND (CAST($3 AS TEXT) IS NULL OR e.action = $3) "
      "AND (CAST($4 AS TEXT) IS NULL OR e.outcome = $4) AND e.at >= $5 AND e.at < $6 "
      "ORDER BY e.sequence DESC LIMIT $7");
  std::vector<Param> params = filtered(filter, range, limit);
  params.emplace_back(filter.agent);
  return query_events(Sql(of_agent.data()), params);
}

Result<std::vector<AuditEvent>> AuditLog::list_by_party(const AuditFilter& filter,
                                                        const AuditRange& range,
                                                        std::int64_t limit) {
  static constexpr auto by_party = select_events(
      "FROM audit_spans s JOIN audit_parties p ON p.span = s.first_sequence "
      "JOIN audit_log e ON e.sequence = p.sequence "
      "WHERE s.last_sequence > $1 AND s.first_sequence < $2 "
      "AND p.agent_id = $8 AND p.sequence > $1 AND p.sequence < $2 "
      "AND (CAST($3 AS TEXT) IS NULL OR e.action = $3) "
      "AND (CAST($4 AS TEXT) IS NULL OR e.outcome = $4) AND e.at >= $5 AND e.at < $6 "
      "ORDER BY s.first_sequence DESC, p.sequence DESC LIMIT $7");
  std::vector<Param> params = filtered(filter, range, limit);
  params.emplace_back(filter.agent);
  return query_events(Sql(by_party.data()), params);
}

Result<std::vector<AuditEvent>> AuditLog::query_events(Sql sql, std::span<const Param> params) {
  std::vector<AuditEvent> events;
  TRY(session_.query(sql, params, [&](const Row& row) -> Result<void> {
    events.push_back(read_event(row));
    return {};
  }));
  return events;
}

Result<std::vector<AuditEvent>> AuditLog::after(std::int64_t sequence, std::int64_t limit) {
  static constexpr auto oldest = select_events(
      "FROM audit_log e WHERE e.sequence > $1 "
      "AND e.sequence <= (SELECT sequence FROM audit_head) "
      "ORDER BY e.sequence LIMIT $2");
  return query_events(Sql(oldest.data()), std::array<Param, 2>{sequence, limit});
}

Result<std::int64_t> AuditLog::indexed() {
  std::int64_t indexed = 0;
  TRY(session_.query("SELECT sequence FROM audit_parties_end", {},
                     [&](const Row& row) -> Result<void> {
                       indexed = row.integer(0);
                       return {};
                     }));
  return indexed;
}

Result<std::int64_t> AuditLog::index(std::int64_t limit) {
  // The lock first: of several nodes that want to, one at a time.
  TRY(session_.execute("UPDATE audit_parties_end SET sequence = sequence"));
  const std::int64_t from = TRY(indexed());
  const std::int64_t to = std::min(TRY(head()).sequence, from + limit);
  if (to <= from) return from;
  const std::int64_t span = TRY(growing_span()).value_or(from + 1);
  TRY(
      session_.execute("INSERT INTO audit_parties (span, agent_id, sequence) "
                       "SELECT CAST($1 AS BIGINT), agent_id, sequence FROM audit_log "
                       "WHERE sequence > $2 AND sequence <= $3 AND agent_id IS NOT NULL "
                       "UNION SELECT CAST($1 AS BIGINT), target_agent_id, sequence FROM audit_log "
                       "WHERE sequence > $2 AND sequence <= $3 AND target_agent_id IS NOT NULL "
                       "ORDER BY 2, 3",
                       {span, from, to}));
  TRY(
      session_.execute("INSERT INTO audit_spans AS span "
                       "(first_sequence, last_sequence, earliest, latest) "
                       "SELECT CAST($1 AS BIGINT), MAX(sequence), MIN(at), MAX(at) FROM audit_log "
                       "WHERE sequence > $2 AND sequence <= $3 HAVING COUNT(*) > 0 "
                       "ON CONFLICT (first_sequence) DO UPDATE SET "
                       "last_sequence = excluded.last_sequence, "
                       "earliest = CASE WHEN excluded.earliest < span.earliest "
                       "THEN excluded.earliest ELSE span.earliest END, "
                       "latest = CASE WHEN excluded.latest > span.latest "
                       "THEN excluded.latest ELSE span.latest END",
                       {span, from, to}));
  TRY(session_.execute("UPDATE audit_parties_end SET sequence = $1", {to}));
  return to;
}

Result<AuditIndex> AuditLog::whole_index() {
  AuditIndex index;
  index.indexed = TRY(indexed());
  TRY(session_.query(
      "SELECT first_sequence, last_sequence, earliest, latest FROM audit_spans "
      "ORDER BY first_sequence",
      {}, [&](const Row& row) -> Result<void> {
        index.spans.push_back({row.integer(0), row.integer(1), row.time(2), row.time(3)});
        return {};
      }));
  return index;
}

Result<void> AuditLog::each_party(std::int64_t span, std::pair<std::int64_t, std::int64_t> range,
                                  EachParty each) {
  return session_.query(
      "SELECT agent_id, sequence FROM audit_parties "
      "WHERE span = $1 AND sequence > $2 AND sequence <= $3",
      {span, range.first, range.second}, [&](const Row& row) -> Result<void> {
        each(row.id<AgentId>(0), row.integer(1));
        return {};
      });
}

// The last span, until it is long enough.
Result<std::optional<std::int64_t>> AuditLog::growing_span() {
  std::optional<std::int64_t> span;
  TRY(
      session_.query("SELECT first_sequence FROM audit_spans WHERE first_sequence = "
                     "(SELECT MAX(first_sequence) FROM audit_spans) "
                     "AND last_sequence - first_sequence + 1 < $1",
                     {span_length}, [&](const Row& row) -> Result<void> {
                       span = row.integer(0);
                       return {};
                     }));
  return span;
}

Result<std::int64_t> AuditLog::last_before(Timestamp until) {
  const auto last = TRY(list({.until = until}, std::numeric_limits<std::int64_t>::max(), 1));
  return last.empty() ? 0 : last.front().sequence;
}

Result<std::vector<StoredCheckpoint>> AuditLog::checkpoints() {
  return read_checkpoints(
      session_, "SELECT sequence, hash, at, signature FROM audit_checkpoints ORDER BY sequence",
      {});
}

Result<std::optional<StoredCheckpoint>> AuditLog::newest_checkpoint(Timestamp not_after) {
  auto found = TRY(read_checkpoints(session_,
                                    "SELECT sequence, hash, at, signature FROM audit_checkpoints "
                                    "WHERE at <= $1 ORDER BY sequence DESC LIMIT 1",
                                    {not_after}));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Result<void> AuditLog::insert_checkpoint(const StoredCheckpoint& checkpoint) {
  TRY(session_.execute(
      "INSERT INTO audit_checkpoints (sequence, hash, at, signature) "
      "VALUES ($1, $2, $3, $4) ON CONFLICT (sequence) DO NOTHING",
      {checkpoint.sequence, checkpoint.hash, checkpoint.at, checkpoint.signature}));
  return {};
}

Result<std::vector<StoredCheckpoint>> AuditLog::starts() {
  return read_checkpoints(
      session_, "SELECT sequence, hash, at, signature FROM audit_starts ORDER BY sequence", {});
}

Result<void> AuditLog::insert_start(const StoredCheckpoint& start) {
  TRY(
      session_.execute("INSERT INTO audit_starts (sequence, hash, at, signature) "
                       "VALUES ($1, $2, $3, $4) ON CONFLICT (sequence) DO NOTHING",
                       {start.sequence, start.hash, start.at, start.signature}));
  TRY(session_.execute("DELETE FROM audit_starts WHERE sequence < $1", {start.sequence}));
  return {};
}

Result<std::int64_t> AuditLog::prune(std::int64_t up_to, std::int64_t limit) {
  std::int64_t last = 0;
  TRY(
      session_.query("SELECT COALESCE(MAX(sequence), 0) FROM (SELECT sequence FROM audit_log "
                     "WHERE sequence <= $1 ORDER BY sequence LIMIT $2) AS oldest",
                     {up_to, limit}, [&](const Row& row) -> Result<void> {
                       last = row.integer(0);
                       return {};
                     }));
  TRY(
      session_.execute("DELETE FROM audit_parties WHERE sequence <= $1 AND span IN "
                       "(SELECT first_sequence FROM audit_spans WHERE first_sequence <= $1)",
                       {last}));
  TRY(session_.execute("DELETE FROM audit_spans WHERE last_sequence <= $1", {last}));
  const std::int64_t pruned =
      TRY(session_.execute("DELETE FROM audit_log WHERE sequence <= $1", {last}));
  if (pruned < limit)
    TRY(session_.execute("DELETE FROM audit_checkpoints WHERE sequence < $1", {up_to}));
  return pruned;
}

}  // namespace agentauth

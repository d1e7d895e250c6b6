#include "audit/index_check.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "crypto/random.h"

namespace agentauth::audit {
namespace {

tl::unexpected<Error> wrong(std::int64_t first, std::int64_t last, std::string_view what) {
  return failure(Errc::conflict, "events " + std::to_string(first) + " to " + std::to_string(last) +
                                     ": the index by which lists find them " + std::string(what) +
                                     "; somebody wrote into it, the chain itself is whole so far");
}

// Of entries in whatever order. Who writes the database does not know the key, and cannot choose
// entries that add up.
std::uint64_t summand(const SipHashKey& key, const AgentId& agent, std::int64_t sequence) {
  std::array<std::uint8_t, sizeof agent.uuid.bytes + sizeof sequence> entry{};
  std::memcpy(entry.data(), agent.uuid.bytes.data(), sizeof agent.uuid.bytes);
  std::memcpy(entry.data() + sizeof agent.uuid.bytes, &sequence, sizeof sequence);
  return siphash(key, entry);
}

}  // namespace

IndexCheck::IndexCheck(AuditIndex index, std::int64_t start)
    : index_(std::move(index)), start_(start) {
  SystemRandom().fill(key_);
}

Result<IndexCheck> IndexCheck::create(AuditIndex index, std::int64_t start, const AuditHead& head) {
  IndexCheck made(std::move(index), start);
  TRY(made.require_spans(head));
  std::erase_if(made.index_.spans, [&](const AuditSpan& span) { return span.last <= start; });
  return made;
}

// One behind the other, from the start to where the index ends.
Result<void> IndexCheck::require_spans(const AuditHead& head) const {
  if (index_.indexed > head.sequence)
    return wrong(head.sequence + 1, index_.indexed, "has them, and there are none");
  std::int64_t next = start_ + 1;
  for (const AuditSpan& span : index_.spans) {
    if (span.last <= start_) continue;
    if (span.first > next) return wrong(next, span.first - 1, "lacks them");
    const bool is_in_order = span.first == next || next == start_ + 1;
    if (!is_in_order || span.last > index_.indexed)
      return wrong(span.first, span.last, "has them twice or too early");
    next = span.last + 1;
  }
  if (next <= index_.indexed) return wrong(next, index_.indexed, "lacks them");
  return {};
}

Result<void> IndexCheck::add(const AuditEvent& event, Database& database) {
  if (event.sequence > index_.indexed || next_ == index_.spans.size()) return {};
  const AuditSpan& span = index_.spans[next_];
  // One that lost events, or grew since, covers more time than it has to.
  if (event.at < span.earliest || event.at > span.latest)
    return wrong(event.sequence, event.sequence, "has another time of them");
  if (event.agent_id) parties_ += summand(key_, *event.agent_id, event.sequence);
  if (event.target_agent_id && event.target_agent_id != event.agent_id)
    parties_ += summand(key_, *event.target_agent_id, event.sequence);
  if (event.sequence < span.last) return {};
  TRY(compare_parties(span, database));
  parties_ = 0;
  ++next_;
  return {};
}

Result<void> IndexCheck::compare_parties(const AuditSpan& span, Database& database) const {
  const bool may_grow = next_ + 1 == index_.spans.size();
  const std::int64_t last = may_grow ? span.last : std::numeric_limits<std::int64_t>::max();
  std::uint64_t found = 0;
  TRY(database.read([&](Transaction& tx) -> Result<void> {
    found = 0;
    return tx.audit().each_party(span.first, {start_, last},
                                 [&](const AgentId& agent, std::int64_t sequence) {
                                   found += summand(key_, agent, sequence);
                                 });
  }));
  if (found == parties_) return {};
  // What is forgotten meanwhile is signed for first.
  const auto starts = TRY(database.read([](Transaction& tx) { return tx.audit().starts(); }));
  if (!starts.empty() && starts.back().sequence > start_ && starts.back().sequence >= span.first)
    return {};
  return wrong(std::max(span.first, start_ + 1), span.last, "has other agents of them");
}

}  // namespace agentauth::audit

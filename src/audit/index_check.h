// Whether the index of the trail, by which lists find events of an agent or a time, says what the
// events say. The chain does not cover it: who can write the database could hide events by it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/siphash.h"
#include "store/database.h"

namespace agentauth::audit {

// Compares as many entries as there are, and keeps a sum of them only. Errors of all: conflict, in
// a sentence that names the first events of which the index is wrong; the database's.
class IndexCheck {
 public:
  // Of the index as it was when the chain had that head. Events up to `start` are being forgotten
  // with their entries, or are already.
  static Result<IndexCheck> create(AuditIndex index, std::int64_t start, const AuditHead& head);

  // REQUIRES: in order, without a gap, from start + 1 on.
  Result<void> add(const AuditEvent& event, Database& database);

 private:
  IndexCheck(AuditIndex index, std::int64_t start);

  Result<void> require_spans(const AuditHead& head) const;
  Result<void> compare_parties(const AuditSpan& span, Database& database) const;

  SipHashKey key_{};
  AuditIndex index_;
  std::int64_t start_;
  std::size_t next_ = 0;       // span
  std::uint64_t parties_ = 0;  // the sum of the events of that span so far
};

}  // namespace agentauth::audit

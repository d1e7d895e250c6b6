#include "audit/verification.h"

#include <algorithm>

#include "audit/chain.h"

namespace agentauth::audit {
namespace {

tl::unexpected<Error> wrong(std::int64_t sequence, std::string_view what) {
  return failure(Errc::conflict, "event " + std::to_string(sequence) + ": " + std::string(what));
}

}  // namespace

Result<Verification> Verification::create(std::vector<Checkpoint> checkpoints,
                                          const Ed25519PublicKey& key) {
  Verification made;
  for (Checkpoint& checkpoint : checkpoints) {
    if (!is_signed_by(checkpoint, key))
      return failure(Errc::conflict, std::string(to_string(checkpoint.purpose)) + " " +
                                         std::to_string(checkpoint.sequence) +
                                         ": the signature is not by this key");
    auto& kept = checkpoint.purpose == Purpose::start ? made.starts_ : made.checkpoints_;
    kept.push_back(std::move(checkpoint));
  }
  std::stable_sort(
      made.checkpoints_.begin(), made.checkpoints_.end(),
      [](const Checkpoint& a, const Checkpoint& b) { return a.sequence < b.sequence; });
  return made;
}

Result<void> Verification::begin_after(const AuditHead& start) {
  const auto hash = parse_hash(start.hash);
  if (!hash || start.sequence < 0) return failure(Errc::conflict, "the start is no start");
  begun_ = true;
  last_ = start.sequence;
  hash_ = *hash;
  while (next_checkpoint_ < checkpoints_.size() && checkpoints_[next_checkpoint_].sequence < last_)
    ++next_checkpoint_;
  return compare_with_checkpoints();
}

Result<void> Verification::begin_before(std::int64_t first) {
  if (first == 1) return begin_after({});
  const auto start = std::find_if(starts_.begin(), starts_.end(), [&](const Checkpoint& signed_) {
    return signed_.sequence == first - 1;
  });
  if (start == starts_.end())
    return wrong(1, "missing, and all before event " + std::to_string(first) +
                        "; no signed start allows that");
  return begin_after({start->sequence, start->hash});
}

Result<void> Verification::add(const AuditEvent& event) {
  if (!begun_) TRY(begin_before(event.sequence));
  if (event.sequence > last_ + 1) return wrong(last_ + 1, "missing");
  if (event.sequence != last_ + 1)
    return wrong(last_ + 1,
                 "missing; event " + std::to_string(event.sequence) + " is in its place");
  hash_ = link(hash_, event);
  if (event.hash != hex_encode(hash_))
    return wrong(event.sequence, "changed, or not behind the one before it");
  last_ = event.sequence;
  if (report_.events++ == 0) report_.first = last_;
  report_.last = last_;
  return compare_with_checkpoints();
}

Result<void> Verification::compare_with_checkpoints() {
  for (; next_checkpoint_ < checkpoints_.size() && checkpoints_[next_checkpoint_].sequence == last_;
       ++next_checkpoint_) {
    if (checkpoints_[next_checkpoint_].hash != hex_encode(hash_))
      return wrong(last_, "it or one before it is not what was signed");
    report_.signed_up_to = last_;
  }
  return {};
}

Result<void> Verification::finish(const std::optional<AuditHead>& head) {
  // All of it may have been taken away in good order.
  if (!begun_)
    TRY(begin_before(head && head->sequence > 0 && !starts_.empty() ? head->sequence + 1 : 1));
  if (next_checkpoint_ < checkpoints_.size())
    return wrong(last_ + 1, "missing; the chain was signed up to event " +
                                std::to_string(checkpoints_.back().sequence));
  if (head && (head->sequence != last_ || head->hash != hex_encode(hash_)))
    return wrong(last_ + 1, "missing; the chain's head is event " + std::to_string(head->sequence));
  return {};
}

}  // namespace agentauth::audit

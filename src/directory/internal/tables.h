// The tables of the directory.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "directory/directory.h"
#include "directory/internal/flat_table.h"

namespace agentauth {
namespace internal {

// A table whose slots point to what they own.
template <class Slot, auto Member>
class OwningTable {
 public:
  using Owned = std::remove_cv_t<
      std::remove_pointer_t<std::remove_reference_t<decltype(std::declval<Slot&>().*Member)>>>;

  OwningTable() = default;
  ~OwningTable() {
    table_.each([](const Slot& slot) { delete (slot.*Member); });
  }
  OwningTable(const OwningTable&) = delete;
  OwningTable& operator=(const OwningTable&) = delete;

  // nullptr when it is not there.
  template <class Key>
  const Owned* find(std::uint64_t hash, const Key& key) const {
    const Slot* slot = table_.find(hash, key);
    return slot == nullptr ? nullptr : slot->*Member;
  }

  // Takes over what the slot points to; what was there before goes when nobody reads it any more.
  // Without a domain nobody reads yet. When there is no memory, nothing was taken over.
  template <class Key>
  void put(const Slot& slot, const Key& key, EpochDomain* domain) {
    const Owned* const before = find(slot.hash(), key);
    table_.put(slot, key, domain);
    retire(before, domain);
  }
  template <class Key>
  void erase(std::uint64_t hash, const Key& key, EpochDomain& domain) {
    const Owned* const before = find(hash, key);
    if (before == nullptr) return;
    table_.erase(hash, key, &domain);
    retire(before, &domain);
  }

  template <class Visit>
  void each(Visit visit) const {
    table_.each([&](const Slot& slot) { visit(*(slot.*Member)); });
  }
  std::size_t size() const { return table_.size(); }

 private:
  static void retire(const Owned* owned, EpochDomain* domain) {
    std::unique_ptr<const Owned> old(owned);
    if (domain != nullptr && old) domain->retire(std::move(old));
  }

  FlatTable<Slot> table_;
};

}  // namespace internal

struct Directory::Tables {
  internal::FlatTable<AgentRecord> agents;
  internal::FlatTable<KeyRecord> keys;
  internal::FlatTable<FamilyRecord> revoked_families;
  internal::FlatTable<KeyLimitsRecord> limits;
  internal::OwningTable<ProfileRecord, &ProfileRecord::profile> profiles;
  internal::OwningTable<AgentPolicyRecord, &AgentPolicyRecord::policy> agent_policies;
  internal::OwningTable<PrincipalRecord, &PrincipalRecord::policy> principals;
  internal::OwningTable<EntityRecord, &EntityRecord::entity> entities;
  // That of agent:*, which every decision asks for, so it has a place of its own; we own it.
  std::atomic<const SubjectPolicy*> every_agent{nullptr};

  Tables() = default;
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;
  ~Tables() {
    agents.each([](const AgentRecord& agent) {
      if (agent.grant_count > AgentRecord::inline_max) delete agent.many;
    });
    limits.each([](const KeyLimitsRecord& record) { delete record.limits; });
    delete every_agent.load();
  }
};

}  // namespace agentauth

// The tables of the directory.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "directory/internal/flat_table.h"
#include "directory/internal/publication.h"
#include "directory/known_entity.h"
#include "directory/records.h"
#include "directory/subject_policy.h"

namespace agentauth::internal {

// A table whose slots point to what they own.
template <class Slot, auto Member>
class OwningTable {
 public:
  using Owned = std::remove_cv_t<
      std::remove_pointer_t<std::remove_reference_t<decltype(std::declval<Slot&>().*Member)>>>;

  // nullptr when it is not there.
  template <class Key>
  const Owned* find(std::uint64_t hash, const Key& key) const {
    const Slot* slot = table_.find(hash, key);
    return slot == nullptr ? nullptr : slot->*Member;
  }

  // Puts what `slot` is to point to. When there is no memory, it is nobody's yet.
  template <class Key>
  void put(Slot slot, std::unique_ptr<const Owned> owned, const Key& key,
           Publication& publication) {
    slot.*Member = owned.get();
    const Owned* const before = find(slot.hash(), key);
    table_.put(slot, key, publication);
    publication.reserve();
    publication.made(owned.release());
    if (before != nullptr) publication.replaced(before);
  }
  template <class Key>
  void erase(std::uint64_t hash, const Key& key, Publication& publication) {
    const Owned* const before = find(hash, key);
    if (before == nullptr) return;
    table_.erase(hash, key, publication);
    publication.reserve();
    publication.replaced(before);
  }

  template <class Visit>
  void each(Visit visit) const {
    table_.each([&](const Slot& slot) { visit(*(slot.*Member)); });
  }
  std::size_t size() const { return table_.size(); }

  // Of the last copy, which nobody reads any more.
  void destroy() {
    each([](const Owned& owned) { delete &owned; });
    table_.destroy();
  }

 private:
  FlatTable<Slot> table_;
};

// All of it in one state. A copy is the same one, until it is written.
struct Tables {
  FlatTable<AgentRecord> agents;
  FlatTable<KeyRecord> keys;
  FlatTable<FamilyRecord> revoked_families;
  OwningTable<KeyLimitsRecord, &KeyLimitsRecord::limits> limits;
  OwningTable<ProfileRecord, &ProfileRecord::profile> profiles;
  OwningTable<PrincipalRecord, &PrincipalRecord::policy> principals;
  OwningTable<EntityRecord, &EntityRecord::entity> entities;
  // That of agent:*, which every decision asks for, so it has a place of its own; we own it.
  const SubjectPolicy* every_agent = nullptr;

  static const GrantSet* many_grants(const AgentRecord& agent) {
    return agent.grant_count > AgentRecord::inline_max ? agent.many : nullptr;
  }

  // Of the last copy: all there is in it as well.
  static void destroy(const void* last) {
    std::unique_ptr<Tables> tables(static_cast<Tables*>(const_cast<void*>(last)));
    tables->agents.each([](const AgentRecord& agent) {
      delete many_grants(agent);
      delete agent.policy;
    });
    tables->agents.destroy();
    tables->keys.destroy();
    tables->revoked_families.destroy();
    tables->limits.destroy();
    tables->profiles.destroy();
    tables->principals.destroy();
    tables->entities.destroy();
    delete tables->every_agent;
  }
  struct Destroy {
    void operator()(const Tables* last) const { destroy(last); }
  };
};

}  // namespace agentauth::internal

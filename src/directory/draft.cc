#include "directory/internal/draft.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "policy/names.h"

namespace agentauth {

using internal::Publication;

namespace {

// Of what a record points to: what it does from now on, and what it did before.
template <class T>
void exchange(Publication& publication, std::unique_ptr<const T> next, const T* before) {
  publication.reserve();
  if (next) publication.made(next.release());
  if (before != nullptr) publication.replaced(before);
}

}  // namespace

Directory::Draft::Draft()
    : is_new(true),
      publication(std::make_unique<Publication>(Publication::Into::new_tables)),
      tables(std::make_unique<Tables>()) {}

Directory::Draft::Draft(const Tables& shown)
    : is_new(false),
      publication(std::make_unique<Publication>(Publication::Into::shown_tables)),
      tables(std::make_unique<Tables>(shown)) {}

Directory::Draft::~Draft() {
  if (is_new && tables) Tables::destroy(tables.release());
}

AgentRecord Directory::Draft::record_of(AgentId id) const {
  const AgentRecord* const known = tables->agents.find(id.uuid.hash(), id);
  return known == nullptr ? AgentRecord{} : *known;
}

void Directory::Draft::put_agent(Committed agent) {
  const AgentId id = agent.record.id;
  tables->profiles.put({id}, std::move(agent.profile), id, *publication);
  const AgentRecord before = record_of(id);
  tables->agents.put(agent.record, id, *publication);
  exchange(*publication, std::move(agent.many), Tables::many_grants(before));
  exchange(*publication, std::move(agent.policy), before.policy);
}

void Directory::Draft::put_status(AgentId id, AgentStatus status) {
  AgentRecord record = record_of(id);
  record.status = status;
  tables->agents.put(record, id, *publication);
}

void Directory::Draft::put_grants(AgentId id, std::span<const NameId> grants) {
  AgentRecord record = record_of(id);
  const GrantSet* const before = Tables::many_grants(record);
  auto many = record.take(grants);
  tables->agents.put(record, id, *publication);
  exchange(*publication, std::move(many), before);
}

void Directory::Draft::forget_agent(AgentId id) {
  if (!holds(id)) return;
  const AgentRecord before = record_of(id);
  tables->agents.erase(id.uuid.hash(), id, *publication);
  exchange<GrantSet>(*publication, nullptr, Tables::many_grants(before));
  exchange<SubjectPolicy>(*publication, nullptr, before.policy);
  tables->profiles.erase(id.uuid.hash(), id, *publication);
  forget_entity(subject_of(id));
  ++agents_forgotten;
}

void Directory::Draft::sweep_keys() {
  if (agents_forgotten <= 1000 + tables->agents.size() / 8) return;
  std::vector<KeyRecord> orphans;
  tables->keys.each([&](const KeyRecord& key) {
    if (tables->agents.find(key.agent_id.uuid.hash(), key.agent_id) == nullptr)
      orphans.push_back(key);
  });
  for (const KeyRecord& key : orphans) forget_key(key);
  agents_forgotten = 0;
}

void Directory::Draft::put_key(const KeyRecord& key, std::unique_ptr<const KeyLimits> limits) {
  const std::string_view kid = text_of(key.kid);
  if (limits) tables->limits.put({key.kid}, std::move(limits), kid, *publication);
  tables->keys.put(key, kid, *publication);
}

void Directory::Draft::forget_key(const KeyRecord& key) {
  tables->limits.erase(key.hash(), text_of(key.kid), *publication);
  tables->keys.erase(key.hash(), text_of(key.kid), *publication);
}

void Directory::Draft::put_family(const FamilyRecord& family) {
  tables->revoked_families.put(family, family.id, *publication);
}

void Directory::Draft::forget_family(const FamilyRecord& family) {
  tables->revoked_families.erase(family.hash(), family.id, *publication);
}

void Directory::Draft::put_policy(std::unique_ptr<const SubjectPolicy> policy) {
  const std::string name = policy->name();
  if (name == policy::every_agent) {
    publication->reserve();
    if (tables->every_agent != nullptr) publication->replaced(tables->every_agent);
    tables->every_agent = policy.get();
    publication->made(policy.release());
  } else if (const auto agent = agent_of(name)) {
    if (!holds(*agent)) return;
    AgentRecord record = record_of(*agent);
    const SubjectPolicy* const before = std::exchange(record.policy, policy.get());
    tables->agents.put(record, *agent, *publication);
    exchange(*publication, std::move(policy), before);
  } else {
    tables->principals.put({hash_of_name(name)}, std::move(policy), std::string_view(name),
                           *publication);
  }
}

void Directory::Draft::forget_policy(const std::string& principal) {
  if (principal != policy::every_agent)
    return tables->principals.erase(hash_of_name(principal), std::string_view(principal),
                                    *publication);
  if (tables->every_agent == nullptr) return;
  publication->reserve();
  publication->replaced(tables->every_agent);
  tables->every_agent = nullptr;
}

void Directory::Draft::put_entity(std::unique_ptr<const KnownEntity> entity) {
  const std::string_view name = entity->name;
  tables->entities.put({hash_of_name(name)}, std::move(entity), name, *publication);
}

void Directory::Draft::forget_entity(std::string_view name) {
  tables->entities.erase(hash_of_name(name), name, *publication);
}

}  // namespace agentauth

#include "directory/internal/draft.h"

#include <algorithm>
#include <vector>

#include "policy/names.h"

namespace agentauth {

using internal::Publication;

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

// The set that `many` is, if it is one, goes along with the record.
void Directory::Draft::put_record(AgentRecord record, std::unique_ptr<const GrantSet> many) {
  const AgentRecord* const before = tables->agents.find(record.hash(), record.id);
  const GrantSet* const old = before == nullptr ? nullptr : Tables::many_grants(*before);
  tables->agents.put(record, record.id, *publication);
  publication->reserve();
  if (many) publication->made(many.release());
  if (old != nullptr) publication->replaced(old);
}

void Directory::Draft::put_agent(Committed agent) {
  const AgentId id = agent.record.id;
  tables->profiles.put({id}, std::move(agent.profile), id, *publication);
  if (agent.policy) {
    tables->agent_policies.put({id}, std::move(agent.policy), id, *publication);
  } else {
    tables->agent_policies.erase(id.uuid.hash(), id, *publication);
  }
  put_record(agent.record, std::move(agent.many));
}

void Directory::Draft::put_status(AgentId id, AgentStatus status) {
  AgentRecord record = *tables->agents.find(id.uuid.hash(), id);
  record.status = status;
  tables->agents.put(record, id, *publication);  // its grants stay the table's
}

void Directory::Draft::put_grants(AgentId id, std::span<const NameId> grants) {
  AgentRecord record = *tables->agents.find(id.uuid.hash(), id);
  auto many = record.take(grants);
  put_record(record, std::move(many));
}

void Directory::Draft::forget_agent(AgentId id) {
  const AgentRecord* const before = tables->agents.find(id.uuid.hash(), id);
  if (before == nullptr) return;
  const GrantSet* const old = Tables::many_grants(*before);
  tables->agents.erase(id.uuid.hash(), id, *publication);
  publication->reserve();
  if (old != nullptr) publication->replaced(old);
  tables->agent_policies.erase(id.uuid.hash(), id, *publication);
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
    const AgentRecord* const found = tables->agents.find(agent->uuid.hash(), *agent);
    if (found == nullptr) return;
    AgentRecord record = *found;
    record.has_policy = true;
    tables->agents.put(record, *agent, *publication);
    tables->agent_policies.put({*agent}, std::move(policy), *agent, *publication);
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

// The tables of the directory while they are written.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "directory/directory.h"

namespace agentauth {

// Nobody sees any of it before it is published, and nobody ever when it is not.
struct Directory::Draft {
  Draft();                              // of new tables, with nothing in them
  explicit Draft(const Tables& shown);  // of what they are to become
  ~Draft();
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  bool holds(AgentId id) const { return tables->agents.find(id.uuid.hash(), id) != nullptr; }
  void put_agent(Committed agent);
  void put_status(AgentId id, AgentStatus status);
  // Of an agent that is there.
  void put_grants(AgentId id, std::span<const NameId> grants);
  void forget_agent(AgentId id);
  // `limits`: of a key that is limited.
  void put_key(const KeyRecord& key, std::unique_ptr<const KeyLimits> limits);
  void forget_key(const KeyRecord& key);
  void put_family(const FamilyRecord& family);
  void forget_family(const FamilyRecord& family);
  // Of a subject that is no agent, or of an agent that is there.
  void put_policy(std::unique_ptr<const SubjectPolicy> policy);
  void forget_policy(const std::string& principal);
  void put_entity(std::unique_ptr<const KnownEntity> entity);
  void forget_entity(std::string_view name);
  // Keys of an agent that is gone lead nowhere (their agent is not found) but take room; they are
  // not known by agent, so they are swept together once there are many.
  void sweep_keys();

  const bool is_new;
  std::unique_ptr<internal::Publication> publication;
  std::unique_ptr<Tables> tables;
  Revision revision = 0;                      // what it is a picture of
  std::optional<Revision> settings_revision;  // of the last change of settings, if there is one
  bool is_about_signing_keys = false;         // they have changed as well
  std::size_t agents_forgotten = 0;           // whose keys were not swept yet

 private:
  AgentRecord record_of(AgentId id) const;  // an empty one of an agent that is not there
};

}  // namespace agentauth

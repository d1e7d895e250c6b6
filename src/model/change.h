// One row of the change log: something that decisions read was changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/agent.h"
#include "model/token_family.h"

namespace agentauth {

// Revisions number the changes in commit order, without gaps, from 1.
using Revision = std::int64_t;

// `status`: of an agent nothing but its status. `agent`, `key` and `permission` stand for all there
// is about an agent; `principal` for what was granted to another subject, and what it is a member
// of; `entity` for the attributes of something.
enum class ChangeKind : std::uint8_t {
  agent,
  key,
  permission,
  token_family,
  status,
  setting,
  signing_key,
  principal,
  entity,
};

std::string_view to_string(ChangeKind kind);
bool parse(std::string_view text, ChangeKind& kind);

// A follower reads again what there is about that token family, principal or entity, or else,
// whatever the kind, about that agent: a change never says more than where to look, so it cannot go
// stale. What is no agent's has one that is all zeros.
struct Change {
  Revision revision = 0;
  ChangeKind kind = ChangeKind::agent;
  AgentId agent_id;
  std::optional<FamilyId> family = {};
  std::string name = {};  // of the principal or entity, type:id
};

}  // namespace agentauth

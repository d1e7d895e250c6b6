// The table of token families. A family has a row from its first refresh, or from its end if that
// comes sooner: a login writes nothing.
#pragma once

#include <optional>
#include <vector>

#include "model/agent.h"
#include "model/token_family.h"
#include "store/session.h"

namespace agentauth {

class TokenFamilyRepository {
 public:
  explicit TokenFamilyRepository(Session& session) : session_(session) {}

  // The refresh token with this number of its family.
  struct Token {
    FamilyId family;
    AgentId agent_id;
    std::int64_t number = 0;  // 0 is the login's
    Timestamp ends_at;        // the family's
  };
  // Spends it, if it is the one that is to be spent next, was not left lying since `idle_since` and
  // its family lives: one compare-and-set. Of any number of callers one is told true.
  Result<bool> spend(const Token& token, Timestamp now, Timestamp idle_since);

  // Of so many tokens before the next a family knows when they were spent.
  static constexpr std::size_t spends_kept = 8;
  struct State {
    std::int64_t next = 0;          // the number of the token that is to be spent next
    std::vector<Timestamp> spends;  // when those before it were, the last first; never empty
    std::optional<Timestamp> revoked_at;

    // Nothing: it was not yet, or too many were since.
    std::optional<Timestamp> when_spent(std::int64_t number) const;
  };
  Result<std::optional<State>> find(FamilyId family);

  // What every token of a family rests on, as it is committed, not as some node has heard of it.
  struct Standing {
    AgentStatus status = AgentStatus::suspended;
    std::int64_t token_generation = 0;
    bool is_key_revoked = true;
    std::optional<Timestamp> key_ends_at;
  };
  // Nothing: the agent or its key is gone, or the key is another agent's.
  Result<std::optional<Standing>> find_standing(AgentId agent, std::string_view kid);

  // True when it was not revoked before.
  Result<bool> revoke(const Token& token, Timestamp now);
  Result<void> each_revoked(Timestamp since, FunctionRef<void(FamilyId, Timestamp)> visit);

  // Whether a family ended before that, and forgetting at most `limit` of those.
  Result<bool> has_ended(Timestamp before);
  Result<std::int64_t> sweep(Timestamp before, std::int64_t limit);

 private:
  Session& session_;
};

}  // namespace agentauth

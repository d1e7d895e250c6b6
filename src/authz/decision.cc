#include "authz/decision.h"

namespace agentauth {
namespace {

bool reaches_administration(std::string_view permission) {
  return permission == "*" || permission.starts_with("agentauth:");
}

}  // namespace

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::granted:
      return "granted";
    case Reason::not_granted:
      return "not_granted";
    case Reason::agent_suspended:
      return "agent_suspended";
    case Reason::agent_unknown:
      return "agent_unknown";
  }
  return "";
}

Result<const AgentRecord*> find_acting(const Directory::View& view, const Caller& caller,
                                       Timestamp now) {
  const auto refused = [](std::string_view why) {
    return failure(Errc::unauthenticated, "The access token is not valid", why);
  };
  const AgentRecord* agent = view.find_agent(caller.agent_id);
  if (agent == nullptr || agent->status != AgentStatus::active) return refused("agent may not act");
  if (agent->token_generation != caller.token_generation) return refused("token was revoked");
  if (view.is_revoked(caller.family)) return refused("login has ended");
  const KeyRecord* key = view.find_key(text_of(caller.key));
  if (key == nullptr || key->agent_id != agent->id || !key->usable_at(now))
    return refused("key may not be used");
  return agent;
}

Decision decide(const AgentRecord* agent, const Requirement& requirement) {
  if (agent == nullptr) return {Reason::agent_unknown};
  if (agent->status != AgentStatus::active) return {Reason::agent_suspended};
  return {agent->holds_any_of(requirement) ? Reason::granted : Reason::not_granted};
}

bool may_grant(const Directory::View& view, const AgentRecord* agent, std::string_view permission) {
  return decide(agent, view.names().find_requirement(permission)).allowed() ||
         decide(agent, view.names().find_requirement(administrator_permission)).allowed();
}

bool covers(const Directory::View& view, const AgentRecord* agent, const AgentRecord* other) {
  if (agent == nullptr || other == nullptr) return false;
  if (agent->status != AgentStatus::active) return false;
  if (agent->id == other->id) return true;
  for (const NameId id : other->held())
    if (!may_grant(view, agent, view.names().text(id))) return false;
  return true;
}

bool may_manage(const Directory::View& view, const AgentRecord* agent, const AgentRecord* other) {
  if (agent == nullptr || other == nullptr) return false;
  if (agent->status != AgentStatus::active) return false;
  if (agent->id == other->id) return true;
  for (const NameId id : other->held()) {
    const std::string_view name = view.names().text(id);
    if (reaches_administration(name) && !may_grant(view, agent, name)) return false;
  }
  return true;
}

}  // namespace agentauth

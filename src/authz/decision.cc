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
    case Reason::outside_key:
      return "outside_key";
    case Reason::agent_suspended:
      return "agent_suspended";
    case Reason::agent_unknown:
      return "agent_unknown";
  }
  return "";
}

Result<Actor> find_acting(const Directory::View& view, const Caller& caller, Timestamp now) {
  return acting_as(view, view.find_agent(caller.agent_id), caller, now);
}

Result<Actor> acting_as(const Directory::View& view, const AgentRecord* agent, const Caller& caller,
                        Timestamp now) {
  const auto refused = [](std::string_view why) {
    return failure(Errc::unauthenticated, "The access token is not valid", why);
  };
  if (agent == nullptr || agent->status != AgentStatus::active) return refused("agent may not act");
  if (agent->token_generation != caller.token_generation) return refused("token was revoked");
  if (view.is_revoked(caller.family)) return refused("login has ended");
  const KeyRecord* key = view.find_key(text_of(caller.key));
  if (key == nullptr || key->agent_id != agent->id || !view.admits(*key, now, caller.address))
    return refused("key may not be used");
  return Actor(agent, key->limited ? view.find_limits(*key) : nullptr);
}

Decision decide(const Actor& actor, const Requirement& requirement) {
  if (actor.agent == nullptr) return {Reason::agent_unknown};
  if (actor.agent->status != AgentStatus::active) return {Reason::agent_suspended};
  if (!actor.agent->holds_any_of(requirement)) return {Reason::not_granted};
  const bool by_key = actor.limits == nullptr || actor.limits->holds_any_of(requirement);
  return {by_key ? Reason::granted : Reason::outside_key};
}

bool may_grant(const Directory::View& view, const Actor& actor, std::string_view permission) {
  return decide(actor, view.names().find_requirement(permission)).allowed() ||
         decide(actor, view.names().find_requirement(administrator_permission)).allowed();
}

bool covers(const Directory::View& view, const Actor& actor, const AgentRecord* other) {
  if (actor.agent == nullptr || other == nullptr) return false;
  if (actor.agent->status != AgentStatus::active) return false;
  const bool is_whole = actor.limits == nullptr || !actor.limits->narrows_permissions();
  if (actor.agent->id == other->id && is_whole) return true;
  for (const NameId id : other->held())
    if (!may_grant(view, actor, view.names().text(id))) return false;
  return true;
}

bool may_manage(const Directory::View& view, const Actor& actor, const AgentRecord* other) {
  if (actor.agent == nullptr || other == nullptr) return false;
  if (actor.agent->status != AgentStatus::active) return false;
  if (actor.agent->id == other->id) return true;
  for (const NameId id : other->held()) {
    const std::string_view name = view.names().text(id);
    if (reaches_administration(name) && !may_grant(view, actor, name)) return false;
  }
  return true;
}

}  // namespace agentauth

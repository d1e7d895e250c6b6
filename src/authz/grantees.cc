#include "authz/grantees.h"

#include "authz/permission_service.h"
#include "directory/records.h"
#include "policy/names.h"

namespace agentauth {

Result<GrantSubject> Grantees::find(const std::string& name) { return TRY(look_up(name))->subject; }

Result<void> Grantees::look_up_all(const std::set<std::string>& names) {
  std::vector<AgentId> agents;
  std::vector<std::string> roles;
  for (const std::string& name : names) {
    if (const auto agent = agent_of(name)) {
      agents.push_back(*agent);
    } else if (policy::is_role_or_group(name)) {
      roles.push_back(name);
    } else {
      known_.emplace(name, Grantee{{name}, {}, 0});
    }
  }
  TRY(tx_.agents().each_state_of(agents, [&](const AgentRepository::State& state) {
    const std::string name = subject_of(state.id);
    known_.emplace(name, Grantee{{name, state.id}, 0, 0});
  }));
  TRY(tx_.roles().each_state_of(roles, [&](const RoleRepository::State& state) {
    known_.emplace(state.principal, Grantee{{state.principal, {}, state.id}, {}, 0});
  }));
  TRY(tx_.policies().count_permissions_of(agents, [&](AgentId agent, std::int64_t count) {
    known_.at(subject_of(agent)).plain = count;
  }));
  return tx_.policies().count_rules_of(
      std::vector(names.begin(), names.end()), [&](const std::string& name, std::int64_t count) {
        if (const auto known = known_.find(name); known != known_.end())
          known->second.rules = count;
      });
}

Result<Grantees::Grantee*> Grantees::look_up(const std::string& name) {
  if (const auto known = known_.find(name); known != known_.end()) return &known->second;
  GrantSubject subject{name};
  subject.agent_id = agent_of(name);
  if (subject.agent_id) {
    TRY(tx_.agents().find(*subject.agent_id));
  } else if (policy::is_role_or_group(name)) {
    subject.role_id = TRY(tx_.roles().find(name)).id;
  }
  return &known_.emplace(name, Grantee{std::move(subject), {}, {}}).first->second;
}

Result<void> Grantees::take_room(const Grant& wanted) {
  Grantee* const grantee = TRY(look_up(wanted.subject));
  const bool plain = is_plain(wanted);
  auto& held = plain ? grantee->plain : grantee->rules;
  if (!held)
    held = plain ? TRY(tx_.permissions().count_of(*grantee->subject.agent_id))
                 : TRY(tx_.grants().count_rules_of(wanted.subject));
  const std::size_t most = plain ? AgentRecord::grants_max : PermissionService::rules_max;
  if (*held >= static_cast<std::int64_t>(most))
    return failure(Errc::conflict, "The subject holds as many permissions as one may");
  ++*held;
  return {};
}

}  // namespace agentauth

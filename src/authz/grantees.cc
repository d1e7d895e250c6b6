#include "authz/grantees.h"

#include "authz/permission_service.h"
#include "directory/records.h"
#include "policy/names.h"

namespace agentauth {

Result<GrantSubject> Grantees::find(const std::string& name) { return TRY(look_up(name))->subject; }

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

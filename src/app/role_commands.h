// What agents, roles and groups may do, over HTTP. The group of the command, role or group, says
// which of the two is meant.
#pragma once

#include "app/client_call.h"

namespace agentauth::app {

Result<int> list_permissions(const Call& call);
Result<int> grant_permission(const Call& call);
Result<int> revoke_permission(const Call& call);

Result<int> list_roles(const Call& call);
// With its permissions and members.
Result<int> show_role(const Call& call);
Result<int> create_role(const Call& call);
Result<int> delete_role(const Call& call);
Result<int> grant_to_role(const Call& call);
Result<int> revoke_from_role(const Call& call);
Result<int> add_member(const Call& call);
Result<int> remove_member(const Call& call);

Result<int> list_grants(const Call& call);
Result<int> put_grant(const Call& call);
Result<int> delete_grant(const Call& call);
Result<int> list_unused_grants(const Call& call);

// Whom a person means: type:id as it is, agent:NAME and a name alone by the agent's id.
Result<std::string> find_subject(ApiClient& api, const std::string& subject);

}  // namespace agentauth::app

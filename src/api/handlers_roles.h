// Roles, groups and their members; and what is known of entities.
#pragma once

#include "api/operations.h"
#include "authz/role_service.h"

namespace agentauth::api {

template <RoleKind Kind>
Result<void> create_role(Services& services, ApiExchange& exchange);
template <RoleKind Kind>
Result<void> put_role(Services& services, ApiExchange& exchange);
template <RoleKind Kind>
Result<void> delete_role(Services& services, ApiExchange& exchange);
template <RoleKind Kind>
Result<void> add_member(Services& services, ApiExchange& exchange);
template <RoleKind Kind>
Result<void> put_member(Services& services, ApiExchange& exchange);
template <RoleKind Kind>
Result<void> delete_member(Services& services, ApiExchange& exchange);

Result<void> give_role(Services& services, ApiExchange& exchange);
Result<void> put_agent_role(Services& services, ApiExchange& exchange);
Result<void> take_role(Services& services, ApiExchange& exchange);

Result<void> put_entity(Services& services, ApiExchange& exchange);
Result<void> delete_entity(Services& services, ApiExchange& exchange);

}  // namespace agentauth::api

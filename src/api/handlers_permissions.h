// What agents, roles and groups may do.
#pragma once

#include "api/operations.h"
#include "authz/permission_service.h"

namespace agentauth::api {

Result<void> grant_permission(Services& services, ApiExchange& exchange);
Result<void> revoke_permission(Services& services, ApiExchange& exchange);
// From memory, unless what allows it is counted.
Result<bool> check_permission_from_memory(Services& services, ApiExchange& exchange,
                                          http::ShareName& share);
Result<void> check_permission(Services& services, ApiExchange& exchange);
template <RoleKind Kind>
Result<void> grant_to_role(Services& services, ApiExchange& exchange);
template <RoleKind Kind>
Result<void> revoke_from_role(Services& services, ApiExchange& exchange);

struct NameGrant {
  GrantId id;
  static constexpr auto fields() {
    return std::array{field<&NameGrant::id>({.name = "id", .place = Place::path})};
  }
};

// A grant to whomever, under an id that the caller chooses.
struct PutGrant : Terms {
  GrantId id;
  std::string subject;
  std::string action;
  static constexpr auto fields() {
    return joined(
        std::array{
            field<&PutGrant::id>({.name = "id", .place = Place::path}),
            field<&PutGrant::subject>(
                {.name = "subject",
                 .max = policy::entity_characters_max,
                 .valid = policy::is_principal,
                 .rule = "must be agent:ID, agent:*, role:NAME, group:NAME or another type:ID",
                 .example = "user:alice"}),
            field<&PutGrant::action>({.name = "action",
                                      .max = permission_characters_max,
                                      .valid = is_permission,
                                      .rule = permission_rule,
                                      .example = "read_weather"})},
        term_fields<PutGrant>());
  }
};

struct ListGrants {
  std::optional<std::string> subject;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;
  static constexpr auto fields() {
    return std::array{
        field<&ListGrants::subject>({.name = "subject",
                                     .max = policy::entity_characters_max,
                                     .place = Place::query,
                                     .valid = policy::is_principal,
                                     .rule = "must be agent:ID, agent:*, role:NAME, group:NAME or "
                                             "another type:ID",
                                     .example = "user:alice",
                                     .about = "Only those of this subject"}),
        field<&ListGrants::limit>(page_limit),
        field<&ListGrants::cursor>(page_cursor),
    };
  }
};

Result<void> find_grant(Services& services, ApiExchange& exchange);
Result<void> put_grant(Services& services, ApiExchange& exchange);
Result<void> delete_grant(Services& services, ApiExchange& exchange);
Result<void> list_grants(Services& services, ApiExchange& exchange);

}  // namespace agentauth::api

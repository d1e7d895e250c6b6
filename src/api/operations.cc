#include "api/operations.h"

#include <algorithm>
#include <array>

#include "api/bind.h"
#include "api/handlers.h"
#include "api/handlers_access.h"
#include "api/handlers_permissions.h"
#include "api/handlers_policy.h"
#include "api/handlers_roles.h"

namespace agentauth::api {
namespace {

using http::Method;

constexpr std::string_view agents_read = "agentauth:agents:read";
constexpr std::string_view agents_write = "agentauth:agents:write";
constexpr std::string_view permissions_read = "agentauth:permissions:read";
constexpr std::string_view permissions_write = "agentauth:permissions:write";
constexpr std::string_view roles_read = "agentauth:roles:read";
constexpr std::string_view roles_write = "agentauth:roles:write";
constexpr std::string_view grants_read = "agentauth:grants:read";
constexpr std::string_view grants_write = "agentauth:grants:write";
constexpr std::string_view entities_read = "agentauth:entities:read";
constexpr std::string_view entities_write = "agentauth:entities:write";
constexpr std::string_view evaluate_access = "agentauth:access:evaluate";
constexpr std::string_view policy_read = "agentauth:policy:read";
constexpr std::string_view policy_write = "agentauth:policy:write";
constexpr std::string_view keys_read = "agentauth:keys:read";
constexpr std::string_view keys_write = "agentauth:keys:write";
constexpr std::string_view audit_read = "agentauth:audit:read";
constexpr std::string_view changes_read = "agentauth:changes:read";
constexpr std::string_view limits_read = "agentauth:limits:read";
constexpr std::string_view limits_write = "agentauth:limits:write";
constexpr std::string_view gateway_read = "agentauth:gateway:read";
constexpr std::string_view gateway_write = "agentauth:gateway:write";

// Enough for as many changes as one policy makes, and for as many routes as there may be.
constexpr std::size_t document_bytes_max = 2 * 1024 * std::size_t{1024};
// A thousand questions that say all they may.
constexpr std::size_t questions_bytes_max = 512 * std::size_t{1024};

// clang-format off
constexpr std::array table = {
    Operation{Method::post, "/agents/register", "registerAgent",
              "Register an agent and get its first API key", Access::registrant, agents_write,
              Runs::on_hasher, 201, composes<RegisterAgent, CreatedAgent, register_agent>(AuditAction::agent_create), true},
    Operation{Method::post, "/auth/login", "logIn",
              "Exchange an API key for a short-lived access token", Access::anonymous, "",
              Runs::hasher_if_new, 200, composes<Login, LoggedIn, log_in, log_in_from_memory>(AuditAction::login)},
    Operation{Method::post, "/auth/refresh", "refreshTokens",
              "Exchange a refresh token, once, for the next pair of tokens", Access::anonymous, "",
              Runs::inline_but_write, 200,
              composes<Refresh, LoggedIn, refresh>(AuditAction::login_refresh)},
    Operation{Method::post, "/auth/logout", "logOut",
              "End the login that the access token belongs to, with all its tokens",
              Access::any_agent, "", Runs::on_worker, 204,
              composes<LogOut, void, log_out>(AuditAction::logout)},

    Operation{Method::post, "/auth/rotate", "rotateOwnKey",
              "Get a new API key in place of the one that this access token was got with", Access::any_agent, "",
              Runs::on_hasher, 201, composes<RotateOwnKey, CreatedApiKey, rotate_own_key>(AuditAction::key_rotate_own), true},

    Operation{Method::get, "/data/weather", "getWeather",
              "Protected weather data", Access::permission, "read_weather",
              Runs::inline_, 200, composes<void, ProtectedData, weather_data>()},
    Operation{Method::get, "/data/stock", "getStock",
              "Protected stock data", Access::permission, "read_stock",
              Runs::inline_, 200, composes<void, ProtectedData, stock_data>()},

    Operation{Method::get, "/agents", "listAgents",
              "List agents, oldest first", Access::permission, agents_read,
              Runs::on_worker, 200, lists<&AgentService::list>()},
    Operation{Method::get, "/agents/me", "getCurrentAgent",
              "The agent that calls", Access::any_agent, "",
              Runs::on_worker, 200, composes<void, Agent, current_agent>()},
    Operation{Method::get, "/agents/{id}", "getAgent",
              "One agent", Access::permission, agents_read,
              Runs::on_worker, 200, reads<&AgentService::find>()},
    Operation{Method::patch, "/agents/{id}", "updateAgent",
              "Change an agent's name, owner or labels", Access::permission, agents_write,
              Runs::on_worker, 200, writes<&AgentService::update>(AuditAction::agent_update)},
    Operation{Method::post, "/agents/{id}/suspend", "suspendAgent",
              "Suspend an agent: its next request is refused", Access::permission, agents_write,
              Runs::on_worker, 200, writes<&AgentService::suspend>(AuditAction::agent_suspend)},
    Operation{Method::post, "/agents/{id}/resume", "resumeAgent",
              "Let a suspended agent act again", Access::permission, agents_write,
              Runs::on_worker, 200, writes<&AgentService::resume>(AuditAction::agent_resume)},
    Operation{Method::post, "/agents/{id}/revoke-tokens", "revokeTokens",
              "Revoke all tokens an agent has; its API keys stay", Access::permission_or_self,
              agents_write, Runs::on_worker, 204,
              writes<&AgentService::revoke_tokens>(AuditAction::agent_revoke_tokens)},
    Operation{Method::delete_, "/agents/{id}", "deleteAgent",
              "Delete an agent with its keys and permissions", Access::permission, agents_write,
              Runs::on_worker, 204, writes<&AgentService::erase>(AuditAction::agent_delete)},

    Operation{Method::post, "/owners/{email}/suspend", "suspendOwner",
              "Suspend an owner: the next requests of all its agents are refused, and it gets no others", Access::permission, agents_write,
              Runs::on_worker, 200, composes<NameOwner, ChangedOwner, suspend_owner>(AuditAction::owner_suspend)},
    Operation{Method::post, "/owners/{email}/resume", "resumeOwner",
              "Let the agents of an owner act again that were suspended with it", Access::permission, agents_write,
              Runs::on_worker, 200, composes<NameOwner, ChangedOwner, resume_owner>(AuditAction::owner_resume)},

    Operation{Method::get, "/agents/{id}/permissions", "listPermissions",
              "What an agent was granted", Access::permission, permissions_read,
              Runs::on_worker, 200, lists<&PermissionService::list>()},
    Operation{Method::post, "/agents/{id}/permissions", "grantPermission",
              "Grant a permission that the caller holds itself; an administrator grants any", Access::permission, permissions_write,
              Runs::on_worker, 201, composes<GrantPermission, AgentGrant, grant_permission>(AuditAction::permission_grant), true, 200},
    Operation{Method::get, "/agents/{id}/permissions/{permission}", "checkPermission",
              "Whether an agent may do this now, and why", Access::permission_or_self,
              permissions_read, Runs::worker_if_needed, 200,
              composes<CheckPermission, CheckedPermission, check_permission, check_permission_from_memory>()},
    Operation{Method::delete_, "/agents/{id}/permissions/{permission}", "revokePermission",
              "Take a permission away: the next request is denied", Access::permission,
              permissions_write, Runs::on_worker, 204,
              composes<NamePermission, void, revoke_permission>(AuditAction::permission_revoke)},
    Operation{Method::get, "/agents/{id}/roles", "listAgentRoles",
              "The roles and groups an agent is a member of", Access::permission, roles_read,
              Runs::on_worker, 200, lists<&RoleService::list_roles>()},
    Operation{Method::post, "/agents/{id}/roles", "giveRole",
              "Make an agent a member of a role whose permissions the caller holds", Access::permission, roles_write,
              Runs::on_worker, 201, composes<GiveRole, Membership, give_role>(AuditAction::member_add), true, 200},
    Operation{Method::put, "/agents/{id}/roles/{name}", "putAgentRole",
              "Make an agent a member of a role, or change until when", Access::permission, roles_write,
              Runs::on_worker, 201, composes<PutAgentRole, Membership, put_agent_role>(AuditAction::member_add), false, 200},
    Operation{Method::delete_, "/agents/{id}/roles/{name}", "takeRole",
              "End an agent's membership of a role", Access::permission, roles_write,
              Runs::on_worker, 204, composes<NameAgentRole, void, take_role>(AuditAction::member_remove)},

    Operation{Method::get, "/roles", "listRoles", "List roles, oldest first", Access::permission, roles_read,
              Runs::on_worker, 200, lists<&RoleService::list_kind<RoleKind::role>>()},
    Operation{Method::post, "/roles", "createRole", "Create a role", Access::permission, roles_write,
              Runs::on_worker, 201, composes<CreateRole<RoleKind::role>, Role, create_role<RoleKind::role>>(AuditAction::role_put), true, 200},
    Operation{Method::get, "/roles/{name}", "getRole", "One role", Access::permission, roles_read,
              Runs::on_worker, 200, reads<&RoleService::find_role<RoleKind::role>>()},
    Operation{Method::put, "/roles/{name}", "putRole", "Create a role, or describe it anew", Access::permission, roles_write,
              Runs::on_worker, 201, composes<PutRole<RoleKind::role>, Role, put_role<RoleKind::role>>(AuditAction::role_put), false, 200},
    Operation{Method::delete_, "/roles/{name}", "deleteRole",
              "Delete a role with its permissions and memberships", Access::permission, roles_write,
              Runs::on_worker, 204, composes<NameRole<RoleKind::role>, void, delete_role<RoleKind::role>>(AuditAction::role_delete)},
    Operation{Method::get, "/roles/{name}/permissions", "listRolePermissions",
              "What a role was granted", Access::permission, roles_read,
              Runs::on_worker, 200, lists<&PermissionService::list_of_role<RoleKind::role>>()},
    Operation{Method::post, "/roles/{name}/permissions", "grantToRole",
              "Grant a role a permission that the caller holds itself", Access::permission, roles_write,
              Runs::on_worker, 201, composes<GrantToRole<RoleKind::role>, RoleGrant, grant_to_role<RoleKind::role>>(AuditAction::permission_grant), true, 200},
    Operation{Method::delete_, "/roles/{name}/permissions/{permission}", "revokeFromRole",
              "Take a permission away from a role", Access::permission, roles_write,
              Runs::on_worker, 204, composes<NameRolePermission<RoleKind::role>, void, revoke_from_role<RoleKind::role>>(AuditAction::permission_revoke)},
    Operation{Method::get, "/roles/{name}/members", "listRoleMembers",
              "Who is a member of a role, oldest membership first", Access::permission, roles_read,
              Runs::on_worker, 200, lists<&RoleService::list_role_members<RoleKind::role>>()},
    Operation{Method::post, "/roles/{name}/members", "addRoleMember",
              "Make a principal a member of a role whose permissions the caller holds", Access::permission, roles_write,
              Runs::on_worker, 201, composes<AddMember<RoleKind::role>, Membership, add_member<RoleKind::role>>(AuditAction::member_add), true, 200},
    Operation{Method::put, "/roles/{name}/members/{member}", "putRoleMember",
              "Make a principal a member of a role, or change until when", Access::permission, roles_write,
              Runs::on_worker, 201, composes<PutMember<RoleKind::role>, Membership, put_member<RoleKind::role>>(AuditAction::member_add), false, 200},
    Operation{Method::delete_, "/roles/{name}/members/{member}", "removeRoleMember",
              "End a membership of a role", Access::permission, roles_write,
              Runs::on_worker, 204, composes<NameMember<RoleKind::role>, void, delete_member<RoleKind::role>>(AuditAction::member_remove)},

    Operation{Method::get, "/groups", "listGroups", "List groups, oldest first", Access::permission, roles_read,
              Runs::on_worker, 200, lists<&RoleService::list_kind<RoleKind::group>>()},
    Operation{Method::post, "/groups", "createGroup", "Create a group", Access::permission, roles_write,
              Runs::on_worker, 201, composes<CreateRole<RoleKind::group>, Role, create_role<RoleKind::group>>(AuditAction::role_put), true, 200},
    Operation{Method::get, "/groups/{name}", "getGroup", "One group", Access::permission, roles_read,
              Runs::on_worker, 200, reads<&RoleService::find_role<RoleKind::group>>()},
    Operation{Method::put, "/groups/{name}", "putGroup", "Create a group, or describe it anew", Access::permission, roles_write,
              Runs::on_worker, 201, composes<PutRole<RoleKind::group>, Role, put_role<RoleKind::group>>(AuditAction::role_put), false, 200},
    Operation{Method::delete_, "/groups/{name}", "deleteGroup",
              "Delete a group with its permissions and memberships", Access::permission, roles_write,
              Runs::on_worker, 204, composes<NameRole<RoleKind::group>, void, delete_role<RoleKind::group>>(AuditAction::role_delete)},
    Operation{Method::get, "/groups/{name}/permissions", "listGroupPermissions",
              "What a group was granted", Access::permission, roles_read,
              Runs::on_worker, 200, lists<&PermissionService::list_of_role<RoleKind::group>>()},
    Operation{Method::post, "/groups/{name}/permissions", "grantToGroup",
              "Grant a group a permission that the caller holds itself", Access::permission, roles_write,
              Runs::on_worker, 201, composes<GrantToRole<RoleKind::group>, RoleGrant, grant_to_role<RoleKind::group>>(AuditAction::permission_grant), true, 200},
    Operation{Method::delete_, "/groups/{name}/permissions/{permission}", "revokeFromGroup",
              "Take a permission away from a group", Access::permission, roles_write,
              Runs::on_worker, 204, composes<NameRolePermission<RoleKind::group>, void, revoke_from_role<RoleKind::group>>(AuditAction::permission_revoke)},
    Operation{Method::get, "/groups/{name}/members", "listGroupMembers",
              "Who is a member of a group, oldest membership first", Access::permission, roles_read,
              Runs::on_worker, 200, lists<&RoleService::list_role_members<RoleKind::group>>()},
    Operation{Method::post, "/groups/{name}/members", "addGroupMember",
              "Make a principal a member of a group whose permissions the caller holds", Access::permission, roles_write,
              Runs::on_worker, 201, composes<AddMember<RoleKind::group>, Membership, add_member<RoleKind::group>>(AuditAction::member_add), true, 200},
    Operation{Method::put, "/groups/{name}/members/{member}", "putGroupMember",
              "Make a principal a member of a group, or change until when", Access::permission, roles_write,
              Runs::on_worker, 201, composes<PutMember<RoleKind::group>, Membership, put_member<RoleKind::group>>(AuditAction::member_add), false, 200},
    Operation{Method::delete_, "/groups/{name}/members/{member}", "removeGroupMember",
              "End a membership of a group", Access::permission, roles_write,
              Runs::on_worker, 204, composes<NameMember<RoleKind::group>, void, delete_member<RoleKind::group>>(AuditAction::member_remove)},

    Operation{Method::get, "/grants", "listGrants",
              "All grants, or those of one subject", Access::permission, grants_read,
              Runs::on_worker, 200, pages<ListGrants, Grant, list_grants>()},
    Operation{Method::get, "/grants/unused", "listUnusedGrants",
              "Grants that nobody has used since a time, or ever", Access::permission, grants_read,
              Runs::on_worker, 200, lists<&PermissionService::list_unused>()},
    Operation{Method::get, "/grants/{id}", "getGrant", "One grant", Access::permission, grants_read,
              Runs::on_worker, 200, composes<NameGrant, Grant, find_grant>()},
    Operation{Method::put, "/grants/{id}", "putGrant",
              "Grant to any subject, under an id of the caller's choice", Access::permission, grants_write,
              Runs::on_worker, 201, composes<PutGrant, Grant, put_grant>(AuditAction::permission_grant), false, 200},
    Operation{Method::delete_, "/grants/{id}", "deleteGrant", "Take one grant away", Access::permission, grants_write,
              Runs::on_worker, 204, composes<NameGrant, void, delete_grant>(AuditAction::permission_revoke)},

    Operation{Method::get, "/entities/{type}/{id}", "getEntity",
              "The stored attributes of a subject or resource", Access::permission, entities_read,
              Runs::on_worker, 200, reads<&EntityService::find>()},
    Operation{Method::put, "/entities/{type}/{id}", "putEntity",
              "Store the attributes that conditions look at, in place of those before", Access::permission, entities_write,
              Runs::on_worker, 200, composes<PutEntity, StoredEntity, put_entity>(AuditAction::entity_put)},
    Operation{Method::delete_, "/entities/{type}/{id}", "deleteEntity",
              "Forget the stored attributes", Access::permission, entities_write,
              Runs::on_worker, 204, composes<NameEntity, void, delete_entity>(AuditAction::entity_delete)},

    Operation{Method::get, "/.well-known/authzen-configuration", "getDecisionPoint",
              "Where the endpoints of the AuthZEN Authorization API 1.0 are", Access::anonymous, "",
              Runs::inline_, 200, composes<void, DecisionPoint, decision_point>()},
    Operation{Method::post, "/access/v1/evaluation", "evaluateAccess",
              "AuthZEN: whether a subject may do something to a resource", Access::permission_or_about_self, evaluate_access,
              Runs::worker_if_needed, 200, answers<Evaluate, Evaluated, evaluate, evaluate_from_memory>()},
    Operation{Method::post, "/access/v1/evaluations", "evaluateAccesses",
              "AuthZEN: the same for up to 1,000 questions", Access::permission_or_about_self, evaluate_access,
              Runs::worker_if_needed, 200, answers<EvaluateMany, EvaluatedMany, evaluate_many, evaluate_many_from_memory>(), false, 0, false, questions_bytes_max},
    Operation{Method::post, "/access/v1/search/subject", "searchSubjects",
              "AuthZEN: which subjects of a type may do something to a resource", Access::permission, evaluate_access,
              Runs::on_worker, 200, answers<Search, Found, search_subjects>()},
    Operation{Method::post, "/access/v1/search/resource", "searchResources",
              "AuthZEN: to which resources of a type a subject may do something", Access::permission_or_about_self, evaluate_access,
              Runs::on_worker, 200, answers<Search, Found, search_resources>()},
    Operation{Method::post, "/access/v1/search/action", "searchActions",
              "AuthZEN: what a subject may do to a resource", Access::permission_or_about_self, evaluate_access,
              Runs::on_worker, 200, answers<SearchActions, Found, search_actions>()},
    Operation{Method::post, "/access/v1/explain", "explainAccess",
              "Why a subject may do something to a resource, or what is missing", Access::permission_or_about_self, evaluate_access,
              Runs::on_worker, 200, answers<Explain, Explained, explain_access>()},
    Operation{Method::post, "/access/v1/simulate", "simulateAccess",
              "What evaluations would come to if grants or memberships were changed", Access::permission_or_about_self, evaluate_access,
              Runs::on_worker, 200, answers<Simulate, Simulated, simulate_access>(), false, 0, false, questions_bytes_max},

    Operation{Method::get, "/policy", "getPolicy",
              "The whole policy as one document, to be kept and applied elsewhere", Access::permission, policy_read,
              Runs::on_worker, 200, composes<void, PolicyDocument, show_policy>()},
    Operation{Method::put, "/policy", "applyPolicy",
              "Make the policy equal to a document, for the kinds of things it lists, all or nothing", Access::permission, policy_write,
              Runs::on_worker, 200, composes<ApplyPolicy, PolicyDiff, apply_policy>(AuditAction::policy_apply), false, 0, false, document_bytes_max},

    Operation{Method::get, "/agents/{id}/keys", "listKeys",
              "An agent's API keys, without their secrets", Access::permission_or_self, keys_read,
              Runs::on_worker, 200, lists<&KeyService::list>()},
    Operation{Method::post, "/agents/{id}/keys", "createKey",
              "Create another API key for an agent", Access::permission_or_self, keys_write,
              Runs::on_hasher, 201, composes<CreateKey, CreatedApiKey, create_key>(AuditAction::key_create), true},
    Operation{Method::post, "/agents/{id}/keys/{key_id}/rotate", "rotateKey",
              "Create a key in place of an old one, which works until the overlap ends", Access::permission_or_self, keys_write,
              Runs::on_hasher, 201, composes<RotateKey, CreatedApiKey, rotate_key>(AuditAction::key_rotate), true},
    Operation{Method::delete_, "/agents/{id}/keys/{key_id}", "revokeKey",
              "Revoke an API key", Access::permission_or_self, keys_write,
              Runs::on_worker, 204, writes<&KeyService::revoke>(AuditAction::key_revoke)},

    Operation{Method::get, "/changes", "listChanges",
              "What was changed that decisions read, oldest first; live with Accept: text/event-stream", Access::permission, changes_read,
              Runs::on_worker, 200, pages<ListChanges, ListedChange, list_changes>(), false, 0, false, http::body_bytes_max, true},

    Operation{Method::get, "/audit", "listAuditEvents",
              "What was done, newest first", Access::permission, audit_read,
              Runs::on_worker, 200, lists<&audit::AuditService::list>()},
    Operation{Method::get, "/audit/checkpoint", "getAuditCheckpoint",
              "Where the chain of events stands, signed", Access::permission, audit_read,
              Runs::on_worker, 200, reads<&audit::AuditService::checkpoint>()},
    Operation{Method::get, "/audit/stream", "streamAuditEvents",
              "What is done from now on, or after Last-Event-ID, as text/event-stream; 410 when it is not all kept", Access::permission, audit_read,
              Runs::on_worker, 200, composes<void, void, stream_audit>(), false, 0, false, http::body_bytes_max, true},
    Operation{Method::get, "/limits", "showLimits",
              "The rate limits", Access::permission, limits_read,
              Runs::on_worker, 200, reads<&LimitService::find>()},
    Operation{Method::put, "/limits", "replaceLimits",
              "Replace all rate limits, on every node within a second", Access::permission, limits_write,
              Runs::on_worker, 200, writes<&LimitService::replace>(AuditAction::limits_replace)},

    Operation{Method::get, "/gateway/routes", "showGatewayRoutes",
              "The routes that gateways ask about", Access::permission, gateway_read,
              Runs::on_worker, 200, reads<&GatewayRouteService::find>()},
    Operation{Method::put, "/gateway/routes", "replaceGatewayRoutes",
              "Replace all routes that gateways ask about, on every node within a second", Access::permission, gateway_write,
              Runs::on_worker, 200, writes<&GatewayRouteService::replace>(AuditAction::gateway_replace), false, 0, false, document_bytes_max},
    Operation{Method::get, "/gateway/auth-request", "answerNginx",
              "Whether nginx (auth_request) may pass a request on", Access::gateway, "",
              Runs::worker_if_needed, 200, composes<NginxQuestion, void, answer_nginx, answer_nginx_from_memory>(), false, 0, true},
    Operation{Method::any, "/gateway/forward-auth", "answerForwardAuth",
              "Whether Traefik (ForwardAuth) or Caddy (forward_auth) may pass a request on", Access::gateway, "",
              Runs::worker_if_needed, 200, composes<ForwardedQuestion, void, answer_forward_auth, answer_forward_auth_from_memory>()},
    Operation{Method::any, "/gateway/ext-authz/*", "answerEnvoy",
              "Whether Envoy (ext_authz over HTTP) may pass a request on: it is the request itself, behind this prefix", Access::gateway, "",
              Runs::worker_if_needed, 200, composes<EnvoyQuestion, void, answer_envoy, answer_envoy_from_memory>()},

    Operation{Method::get, "/healthz", "getHealth",
              "Whether the process lives", Access::anonymous, "",
              Runs::inline_, 200, composes<void, Health, health>()},
    Operation{Method::get, "/readyz", "getReadiness",
              "Whether it can serve: database reachable, schema current", Access::anonymous, "",
              Runs::on_worker, 200, composes<void, Readiness, readiness>()},
    Operation{Method::get, "/metrics", "getMetrics",
              "Metrics in Prometheus' text format", Access::anonymous, "",
              Runs::inline_, 200, composes<void, void, metrics>()},
    Operation{Method::get, "/openapi.json", "getOpenApi",
              "This API in OpenAPI 3.1", Access::anonymous, "",
              Runs::inline_, 200, composes<void, void, openapi>()},
    Operation{Method::get, "/docs", "getDocumentation",
              "This API as a page", Access::anonymous, "",
              Runs::inline_, 200, composes<void, void, documentation>()},
    Operation{Method::get, "/docs/{file}", "getDocumentationFile",
              "What the page consists of", Access::anonymous, "",
              Runs::inline_, 200, composes<void, void, documentation>()},
    Operation{Method::get, "/explorer", "getExplorer",
              "A page that shows why a decision is what it is, and what roles lead to", Access::anonymous, "",
              Runs::inline_, 200, composes<void, void, documentation>()},
    Operation{Method::get, "/explorer/{file}", "getExplorerFile",
              "What the explorer consists of", Access::anonymous, "",
              Runs::inline_, 200, composes<void, void, documentation>()},
};
// clang-format on

}  // namespace

std::span<const Operation> operations() { return table; }

std::vector<http::LargeBodyRule> large_bodies() {
  std::vector<http::LargeBodyRule> rules;
  for (const Operation& operation : table)
    if (operation.body_bytes_max > http::body_bytes_max)
      rules.push_back({operation.method, operation.path, operation.body_bytes_max});
  return rules;
}

std::size_t index_of(const Operation& operation) {
  return static_cast<std::size_t>(&operation - table.data());
}

std::string_view noun_of(const Operation& operation) {
  const std::string_view path = operation.path;
  if (path.starts_with("/roles") || path.starts_with("/groups")) return "roles";
  if (path.ends_with("/roles") || path.ends_with("/roles/{name}")) return "roles";
  if (path.find("/permissions") != std::string_view::npos) return "permissions";
  if (path.starts_with("/grants") || path.starts_with("/entities")) return "permissions";
  if (path == "/policy") return "permissions";
  if (path.find("/keys") != std::string_view::npos) return "keys";
  if (path.starts_with("/audit")) return "audit";
  if (path.starts_with("/access/") || path.starts_with("/.well-known/authzen")) return "access";
  if (path == "/changes") return "changes";
  if (path == "/auth/rotate") return "keys";
  if (path.starts_with("/agents") || path.starts_with("/owners")) return "agents";
  if (path == "/limits") return "limits";
  if (path.starts_with("/gateway/")) return "gateway";
  if (path.starts_with("/auth/")) return "login";
  if (path.starts_with("/data/")) return "demonstration";
  return "server";
}

bool takes_body(const Operation& operation) {
  if (operation.binding.request == nullptr) return false;
  const auto fields = operation.binding.request();
  return std::any_of(fields.begin(), fields.end(),
                     [](const Field& field) { return field.rule.place == Place::body; });
}

bool answers_with_key(const Operation& operation) {
  if (operation.binding.response == nullptr) return false;
  const auto fields = operation.binding.response();
  return std::any_of(fields.begin(), fields.end(),
                     [](const Field& field) { return field.rule.name == "api_key"; });
}

}  // namespace agentauth::api

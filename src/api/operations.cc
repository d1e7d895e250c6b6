#include "api/operations.h"

#include <algorithm>
#include <array>

#include "api/bind.h"
#include "api/handlers.h"

namespace agentauth::api {
namespace {

using http::Method;

constexpr std::string_view agents_read = "agentauth:agents:read";
constexpr std::string_view agents_write = "agentauth:agents:write";
constexpr std::string_view permissions_read = "agentauth:permissions:read";
constexpr std::string_view permissions_write = "agentauth:permissions:write";
constexpr std::string_view keys_read = "agentauth:keys:read";
constexpr std::string_view keys_write = "agentauth:keys:write";
constexpr std::string_view audit_read = "agentauth:audit:read";
constexpr std::string_view changes_read = "agentauth:changes:read";
constexpr std::string_view limits_read = "agentauth:limits:read";
constexpr std::string_view limits_write = "agentauth:limits:write";

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
              Runs::on_worker, 200, composes<Refresh, LoggedIn, refresh>(AuditAction::login_refresh)},
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
              "Suspend all agents of an owner: their next requests are refused", Access::permission, agents_write,
              Runs::on_worker, 200, composes<NameOwner, ChangedOwner, suspend_owner>(AuditAction::owner_suspend)},
    Operation{Method::post, "/owners/{email}/resume", "resumeOwner",
              "Let all agents of an owner act again", Access::permission, agents_write,
              Runs::on_worker, 200, composes<NameOwner, ChangedOwner, resume_owner>(AuditAction::owner_resume)},

    Operation{Method::get, "/agents/{id}/permissions", "listPermissions",
              "What an agent was granted", Access::permission, permissions_read,
              Runs::on_worker, 200, lists<&PermissionService::list>()},
    Operation{Method::post, "/agents/{id}/permissions", "grantPermission",
              "Grant a permission that the caller holds itself; an administrator grants any", Access::permission, permissions_write,
              Runs::on_worker, 201, composes<GrantPermission, Grant, grant_permission>(AuditAction::permission_grant), true, 200},
    Operation{Method::get, "/agents/{id}/permissions/{permission}", "checkPermission",
              "Whether an agent may do this now, and why", Access::permission_or_self,
              permissions_read, Runs::inline_, 200,
              composes<CheckPermission, CheckedPermission, check_permission>()},
    Operation{Method::delete_, "/agents/{id}/permissions/{permission}", "revokePermission",
              "Take a permission away: the next request is denied", Access::permission,
              permissions_write, Runs::on_worker, 204,
              writes<&PermissionService::revoke>(AuditAction::permission_revoke)},

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
              Runs::on_worker, 200, pages<ListChanges, ListedChange, list_changes>()},

    Operation{Method::get, "/audit", "listAuditEvents",
              "What was done, newest first", Access::permission, audit_read,
              Runs::on_worker, 200, lists<&audit::AuditService::list>()},
    Operation{Method::get, "/audit/checkpoint", "getAuditCheckpoint",
              "Where the chain of events stands, signed", Access::permission, audit_read,
              Runs::on_worker, 200, reads<&audit::AuditService::checkpoint>()},
    Operation{Method::get, "/audit/stream", "streamAuditEvents",
              "What is done from now on, or after Last-Event-ID, as text/event-stream", Access::permission, audit_read,
              Runs::on_worker, 200, composes<void, void, stream_audit>()},
    Operation{Method::get, "/limits", "showLimits",
              "The rate limits", Access::permission, limits_read,
              Runs::on_worker, 200, reads<&LimitService::find>()},
    Operation{Method::put, "/limits", "replaceLimits",
              "Replace all rate limits, on every node within a second", Access::permission, limits_write,
              Runs::on_worker, 200, writes<&LimitService::replace>(AuditAction::limits_replace)},

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
};
// clang-format on

}  // namespace

std::span<const Operation> operations() { return table; }

std::size_t index_of(const Operation& operation) {
  return static_cast<std::size_t>(&operation - table.data());
}

std::string_view noun_of(const Operation& operation) {
  const std::string_view path = operation.path;
  if (path.find("/permissions") != std::string_view::npos) return "permissions";
  if (path.find("/keys") != std::string_view::npos) return "keys";
  if (path.starts_with("/audit")) return "audit";
  if (path == "/changes") return "changes";
  if (path == "/auth/rotate") return "keys";
  if (path.starts_with("/agents") || path.starts_with("/owners")) return "agents";
  if (path == "/limits") return "limits";
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

// The handlers that compose several services, or none. All others are bindings in the table.
#pragma once

#include <limits>

#include "api/operations.h"
#include "authz/role_service.h"
#include "model/change.h"

namespace agentauth::api {

// handlers_credentials.cc
struct CreatedAgent {
  AgentId agent_id;
  std::string api_key;
  static constexpr auto fields() {
    return std::array{
        field<&CreatedAgent::agent_id>({.name = "agent_id"}),
        field<&CreatedAgent::api_key>({.name = "api_key", .about = "Shown once"}),
    };
  }
};

struct Login {
  std::string api_key;
  static constexpr auto fields() {
    return std::array{
        field<&Login::api_key>({.name = "api_key", .opaque = true, .about = "aa_<kid>_<secret>"})};
  }
};

struct LoggedIn {
  std::string access_token;
  std::string token_type;
  std::int64_t expires_in = 0;
  std::string refresh_token;
  std::int64_t refresh_expires_in = 0;
  static constexpr auto fields() {
    return std::array{
        field<&LoggedIn::access_token>({.name = "access_token", .max = 8192}),
        field<&LoggedIn::token_type>({.name = "token_type", .example = "bearer"}),
        field<&LoggedIn::expires_in>({.name = "expires_in", .example = "900", .about = "Seconds"}),
        field<&LoggedIn::refresh_token>(
            {.name = "refresh_token", .about = "Gives the next pair, once: POST /auth/refresh"}),
        field<&LoggedIn::refresh_expires_in>({.name = "refresh_expires_in",
                                              .min = 0,
                                              .example = "604800",
                                              .about = "Seconds until it must have been used"}),
    };
  }
};

struct Refresh {
  std::string refresh_token;
  static constexpr auto fields() {
    return std::array{field<&Refresh::refresh_token>(
        {.name = "refresh_token", .opaque = true, .about = "ar_…, of a login or a refresh"})};
  }
};

struct LogOut {
  static constexpr std::array<Field, 0> fields() { return {}; }
};

Result<void> register_agent(Services& services, ApiExchange& exchange);
Result<void> log_in(Services& services, ApiExchange& exchange);
Result<void> refresh(Services& services, ApiExchange& exchange);
Result<void> log_out(Services& services, ApiExchange& exchange);
Result<bool> log_in_from_memory(Services& services, ApiExchange& exchange, http::ShareName& share);

// handlers_keys.cc
struct CreatedApiKey : KeyDescription {
  AgentId agent_id;
  std::string api_key;
  static constexpr auto fields() {
    return joined(KeyDescription::fields<CreatedApiKey>(),
                  std::array{
                      field<&CreatedApiKey::agent_id>({.name = "agent_id"}),
                      field<&CreatedApiKey::api_key>({.name = "api_key", .about = "Shown once"}),
                  });
  }
};

struct RotateOwnKey {
  std::optional<std::int64_t> overlap_seconds;
  static constexpr auto fields() {
    return std::array{field<&RotateOwnKey::overlap_seconds>(overlap_field)};
  }
};

Result<void> create_key(Services& services, ApiExchange& exchange);
Result<void> rotate_key(Services& services, ApiExchange& exchange);
Result<void> rotate_own_key(Services& services, ApiExchange& exchange);

// handlers_owners.cc
struct NameOwner {
  std::string email;
  static constexpr auto fields() {
    return std::array{
        field<&NameOwner::email>({.name = "email",
                                  .max = 254,
                                  .place = Place::path,
                                  .example = "ops@example.com",
                                  .about = "The owner, in whatever case of letters"})};
  }
};

struct ChangedOwner {
  std::string owner_email;
  std::int64_t agents = 0;
  static constexpr auto fields() {
    return std::array{
        field<&ChangedOwner::owner_email>({.name = "owner_email", .example = "ops@example.com"}),
        field<&ChangedOwner::agents>({.name = "agents",
                                      .example = "12",
                                      .about = "How many were suspended with the owner, "
                                               "or act again"}),
    };
  }
};

Result<void> suspend_owner(Services& services, ApiExchange& exchange);
Result<void> resume_owner(Services& services, ApiExchange& exchange);

// handlers_permissions.cc

// handlers_changes.cc: what followers of this service read
struct ListChanges {
  std::optional<std::int64_t> since;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;
  static constexpr auto fields() {
    return std::array{
        field<&ListChanges::since>({.name = "since",
                                    .min = 0,
                                    .max = std::numeric_limits<std::int64_t>::max() - 1,
                                    .place = Place::query,
                                    .example = "42",
                                    .about = "The last revision that is known"}),
        field<&ListChanges::limit>(page_limit),
        field<&ListChanges::cursor>(page_cursor),
    };
  }
};

struct ListedChange {
  Revision revision = 0;
  std::string kind;
  AgentId agent_id;
  static ListedChange of(const Change& change);
  static constexpr auto fields() {
    return std::array{
        field<&ListedChange::revision>({.name = "revision", .example = "43"}),
        field<&ListedChange::kind>(
            {.name = "kind", .example = "permission", .about = "What was changed"}),
        field<&ListedChange::agent_id>(
            {.name = "agent_id",
             .about = "All zeros for a setting or a signing key, which is nobody's"}),
    };
  }
};

// A change's place in the list is its revision.
inline PageStart page_end(const ListedChange& change) {
  return {Timestamp{std::chrono::milliseconds{change.revision}}, {}};
}

Result<void> list_changes(Services& services, ApiExchange& exchange);

// handlers_audit.cc
Result<void> stream_audit(Services& services, ApiExchange& exchange);

// handlers_data.cc: the protected data of the demonstration
struct ProtectedData {
  std::string message;
  AgentId agent_id;
  static constexpr auto fields() {
    return std::array{
        field<&ProtectedData::message>({.name = "message", .example = "Protected weather data"}),
        field<&ProtectedData::agent_id>({.name = "agent_id"}),
    };
  }
};

Result<void> weather_data(Services& services, ApiExchange& exchange);
Result<void> stock_data(Services& services, ApiExchange& exchange);

// handlers_gateway.cc: what gateways ask, told in headers that the handlers read themselves
struct NginxQuestion {
  std::string method;
  std::string uri;
  std::optional<std::string> host;
  static constexpr auto fields() {
    return std::array{
        field<&NginxQuestion::method>({.name = "X-Original-Method",
                                       .max = 32,
                                       .place = Place::header,
                                       .example = "GET",
                                       .about = "$request_method"}),
        field<&NginxQuestion::uri>({.name = "X-Original-URI",
                                    .max = 8192,
                                    .place = Place::header,
                                    .example = "/projects/7/weather?day=1",
                                    .about = "$request_uri"}),
        field<&NginxQuestion::host>({.name = "X-Original-Host",
                                     .place = Place::header,
                                     .example = "api.example.com",
                                     .about = "$http_host; needed where routes name hosts"}),
    };
  }
};

struct ForwardedQuestion {
  std::string method;
  std::string uri;
  std::optional<std::string> host;
  static constexpr auto fields() {
    return std::array{
        field<&ForwardedQuestion::method>(
            {.name = "X-Forwarded-Method", .max = 32, .place = Place::header, .example = "GET"}),
        field<&ForwardedQuestion::uri>({.name = "X-Forwarded-Uri",
                                        .max = 8192,
                                        .place = Place::header,
                                        .example = "/projects/7/weather?day=1"}),
        field<&ForwardedQuestion::host>({.name = "X-Forwarded-Host",
                                         .place = Place::header,
                                         .example = "api.example.com",
                                         .about = "Needed where routes name hosts"}),
    };
  }
};

// Method, path, query and Host of this very request are those of the original.
struct EnvoyQuestion {
  static constexpr std::array<Field, 0> fields() { return {}; }
};

Result<void> answer_nginx(Services& services, ApiExchange& exchange);
Result<bool> answer_nginx_from_memory(Services& services, ApiExchange& exchange,
                                      http::ShareName& share);
Result<void> answer_forward_auth(Services& services, ApiExchange& exchange);
Result<bool> answer_forward_auth_from_memory(Services& services, ApiExchange& exchange,
                                             http::ShareName& share);
Result<void> answer_envoy(Services& services, ApiExchange& exchange);
Result<bool> answer_envoy_from_memory(Services& services, ApiExchange& exchange,
                                      http::ShareName& share);

// handlers_system.cc
struct Health {
  std::string status;
  static constexpr auto fields() {
    return std::array{field<&Health::status>({.name = "status", .example = "ok"})};
  }
};

struct Readiness {
  std::string status;
  std::string database;
  std::int64_t schema_version = 0;
  std::int64_t revision = 0;
  static constexpr auto fields() {
    return std::array{
        field<&Readiness::status>({.name = "status", .example = "ready"}),
        field<&Readiness::database>(
            {.name = "database", .example = "sqlite", .about = "sqlite or postgresql"}),
        field<&Readiness::schema_version>({.name = "schema_version", .example = "1"}),
        field<&Readiness::revision>(
            {.name = "revision", .example = "42", .about = "Of the directory"}),
    };
  }
};

Result<void> current_agent(Services& services, ApiExchange& exchange);
Result<void> health(Services& services, ApiExchange& exchange);
Result<void> readiness(Services& services, ApiExchange& exchange);
Result<void> metrics(Services& services, ApiExchange& exchange);
Result<void> openapi(Services& services, ApiExchange& exchange);
Result<void> documentation(Services& services, ApiExchange& exchange);

}  // namespace agentauth::api

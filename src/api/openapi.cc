#include "api/openapi.h"

#include <algorithm>
#include <set>
#include <string>

#include "api/errors.h"
#include "api/operations.h"

namespace agentauth::api {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// Bounds are what a request is held to. An answer says what there is, whatever its size.
enum class Side : std::uint8_t { request, request_with_unknown_fields, answer };

void write_schema(const Field& field, Side side, JsonWriter& out);

void write_object(std::span<const Field> fields, Side side, JsonWriter& out) {
  out.open();
  out.member("type", "object");
  out.name("properties");
  out.open();
  for (const Field& field : fields) {
    if (field.rule.place != Place::body) continue;
    out.name(field.rule.name);
    write_schema(field, side, out);
  }
  out.close();
  out.name("required");
  out.open_array();
  for (const Field& field : fields)
    if (field.rule.place == Place::body && (field.required || field.rule.stated))
      out.text(field.rule.name);
  out.close_array();
  if (side != Side::request_with_unknown_fields) out.member_flag("additionalProperties", false);
  out.close();
}

void write_type(std::string_view type, bool required, JsonWriter& out) {
  out.name("type");
  if (required) return out.text(type);
  out.open_array();
  out.text(type);
  out.text("null");
  out.close_array();
}

void write_schema(const Field& field, Side side, JsonWriter& out) {
  const FieldRule& rule = field.rule;
  const bool required = field.required || rule.place != Place::body;
  out.open();
  switch (field.kind) {
    case FieldKind::text:
      write_type("string", required, out);
      if (side == Side::request && !rule.opaque) {
        out.member("minLength", rule.min);
        out.member("maxLength", rule.max);
      }
      break;
    case FieldKind::integer:
      write_type("integer", required, out);
      if (side == Side::request) {
        out.member("minimum", rule.min);
        out.member("maximum", rule.max);
      }
      break;
    case FieldKind::boolean:
      write_type("boolean", required, out);
      break;
    case FieldKind::timestamp:
      write_type("string", required, out);
      out.member("format", "date-time");
      break;
    case FieldKind::uuid:
      write_type("string", required, out);
      out.member("format", "uuid");
      break;
    case FieldKind::labels:
      write_type("object", required, out);
      out.member("maxProperties", rule.max);
      out.name("additionalProperties");
      out.raw(R"({"type":"string","maxLength":256})");
      break;
    case FieldKind::texts:
      write_type("array", required, out);
      if (side == Side::request) {
        out.member("minItems", rule.min);
        out.member("maxItems", rule.max);
      }
      out.name("items");
      out.raw(R"({"type":"string"})");
      break;
    case FieldKind::list:
      write_type("array", required, out);
      out.name("items");
      write_object(field.element(), side, out);
      break;
    case FieldKind::object:
      write_type("object", required, out);
      break;
  }
  const std::string about = std::string(rule.about) +
                            (rule.about.empty() || rule.rule.empty() ? "" : "; ") +
                            std::string(rule.rule);
  if (!about.empty()) out.member("description", about);
  // A list's example would be one level deeper than our own reader goes.
  if (rule.example.empty() || field.kind == FieldKind::texts) return out.close();
  if (field.kind == FieldKind::integer) {
    out.name("examples");
    out.raw("[" + std::string(rule.example) + "]");
  } else {
    out.name("examples");
    out.open_array();
    out.text(rule.example);
    out.close_array();
  }
  out.close();
}

// Scripts and styles are for the browser that shows a page, not for whoever reads about the API.
bool is_file_of_a_page(const Operation& operation) {
  return operation.path.find("{file}") != std::string_view::npos;
}

void write_parameter(const Field& field, JsonWriter& out) {
  const bool path = field.rule.place == Place::path;
  const bool header = field.rule.place == Place::header;
  out.open();
  out.member("name", field.rule.name);
  out.member("in", path ? "path" : header ? "header" : "query");
  out.member_flag("required", path || (header && field.required));
  out.name("schema");
  write_schema(field, Side::request, out);
  out.close();
}

void write_parameters(const Operation& operation, JsonWriter& out) {
  out.name("parameters");
  out.open_array();
  if (operation.binding.request != nullptr)
    for (const Field& field : operation.binding.request())
      if (field.rule.place != Place::body) write_parameter(field, out);
  if (takes_min_revision(operation))
    for (const Field& field : fields_of<AsOf>()) write_parameter(field, out);
  if (operation.creates) {
    out.open();
    out.member("name", "Idempotency-Key");
    out.member("in", "header");
    out.member_flag("required", false);
    out.name("schema");
    out.raw(R"({"type":"string","minLength":1,"maxLength":255})");
    out.member("description", answers_with_key(operation)
                                  ? "For 24 hours the same key and body create nothing again: the "
                                    "answer is 409 already_created with the id of what was "
                                    "created, since the API key is not kept"
                                  : "The same key and body give the same answer for 24 hours");
    out.close();
  }
  out.close_array();
}

void write_request_body(const Operation& operation, JsonWriter& out) {
  if (!takes_body(operation)) return;
  const auto fields = operation.binding.request();
  out.name("requestBody");
  out.open();
  out.member_flag("required", std::any_of(fields.begin(), fields.end(), [](const Field& field) {
                    return field.rule.place == Place::body && field.required;
                  }));
  out.name("content");
  out.open();
  out.name("application/json");
  out.open();
  out.name("schema");
  write_object(fields,
               operation.binding.takes_authzen ? Side::request_with_unknown_fields : Side::request,
               out);
  out.close();
  out.close();
  out.close();
}

void write_content(const Operation& operation, JsonWriter& out) {
  if (operation.binding.response == nullptr) return;
  out.name("content");
  out.open();
  out.name("application/json");
  out.open();
  out.name("schema");
  if (operation.binding.is_page) {
    out.open();
    out.member("type", "object");
    out.name("properties");
    out.open();
    out.name("items");
    out.open();
    out.member("type", "array");
    out.name("items");
    write_object(operation.binding.response(), Side::answer, out);
    out.close();
    out.name("next_cursor");
    out.raw(R"({"type":["string","null"]})");
    out.close();
    out.name("required");
    out.raw(R"(["items","next_cursor"])");
    out.close();
  } else {
    write_object(operation.binding.response(), Side::answer, out);
  }
  out.close();
  out.close();
}

// Which errors an operation can answer, as statuses.
std::set<int> error_statuses(const Operation& operation) {
  if (operation.only_verdicts) return {401, 403};
  if (operation.access == Access::gateway) return {401, 403, 429, 503};
  // `PUT /limits` may limit any of them.
  std::set<int> statuses = {400, 429, 503};
  const bool needs_agent = operation.access != Access::anonymous;
  // Login and refresh take a credential in the body.
  if (needs_agent || operation.path.starts_with("/auth/")) statuses.insert(401);
  if (needs_agent && operation.access != Access::any_agent) statuses.insert(403);
  if (operation.path.find('{') != std::string_view::npos) statuses.insert(404);
  if (operation.creates) statuses.insert(409);
  if (takes_body(operation)) statuses.insert({413, 422});
  if (takes_body(operation) && !operation.binding.takes_authzen) statuses.insert(415);
  if (operation.binding.is_page) statuses.insert(422);
  if (operation.follows_log) statuses.insert(410);
  return statuses;
}

void write_success(const Operation& operation, int status, std::string_view about,
                   JsonWriter& out) {
  out.name(std::to_string(status));
  out.open();
  out.member("description", about);
  write_content(operation, out);
  out.close();
}

void write_responses(const Operation& operation, JsonWriter& out) {
  out.name("responses");
  out.open();
  write_success(operation, operation.status, http::reason_phrase(operation.status), out);
  if (operation.status_already != 0)
    write_success(operation, operation.status_already, "It was so already; nothing was created",
                  out);
  for (const int status : error_statuses(operation)) {
    out.name(std::to_string(status));
    out.raw(status == 429 ? R"({"$ref":"#/components/responses/RateLimited"})"
                          : R"({"$ref":"#/components/responses/Problem"})");
  }
  out.close();
}

void write_operation(const Operation& operation, std::string_view method, JsonWriter& out) {
  const bool any = operation.method == http::Method::any;
  out.name(method);
  out.open();
  // Unique in the document.
  out.member("operationId", any && method != "get"
                                ? std::string(operation.name).append("_").append(method)
                                : std::string(operation.name));
  out.member("summary", operation.summary);
  out.name("tags");
  out.open_array();
  out.text(noun_of(operation));
  out.close_array();
  std::string description;
  switch (operation.access) {
    case Access::anonymous:
      break;
    case Access::gateway:
      description =
          "For gateways, on behalf of whoever sent the original request, with its "
          "Authorization header; the routes of PUT /gateway/routes say who may. An "
          "allowed answer has X-Agent-Id, X-Agent-Name and X-Agent-Owner, every answer "
          "X-AgentAuth-Reason";
      if (any) description += ". Every method is answered alike";
      break;
    case Access::registrant:
      description =
          "As the option registration says: open to everybody; or with the registration "
          "token, sent as Authorization: Bearer TOKEN; or closed. An access token of an "
          "agent that holds " +
          std::string(operation.permission) + " always does";
      break;
    case Access::any_agent:
      description = "For every agent";
      break;
    case Access::permission:
      description = "Needs the permission " + std::string(operation.permission);
      break;
    case Access::permission_or_self:
      description = "Needs the permission " + std::string(operation.permission) +
                    ", or the agent is the caller itself";
      break;
    case Access::permission_or_about_self:
      description = "Needs the permission " + std::string(operation.permission) +
                    ", unless the caller asks about itself";
      break;
  }
  if (!description.empty()) out.member("description", description);
  if (!operation.permission.empty() && operation.access != Access::registrant)
    out.member("x-permission", operation.permission);
  out.name("security");
  if (operation.access == Access::anonymous) {
    out.raw("[]");
  } else if (operation.access == Access::registrant || operation.access == Access::gateway) {
    out.raw(R"([{},{"bearer":[]}])");
  } else {
    out.raw(R"([{"bearer":[]}])");
  }
  write_parameters(operation, out);
  write_request_body(operation, out);
  write_responses(operation, out);
  out.close();
}

// OpenAPI has no word for every method: all that it knows, then.
void write_operations(const Operation& operation, JsonWriter& out) {
  if (operation.method != http::Method::any)
    return write_operation(operation, lower(http::to_string(operation.method)), out);
  for (const char* method : {"get", "head", "post", "put", "patch", "delete", "options"})
    write_operation(operation, method, out);
}

constexpr std::string_view components = R"({
"securitySchemes":{"bearer":{"type":"http","scheme":"bearer","bearerFormat":"JWT",
"description":"Log in with POST /auth/login and an API key, and paste the access_token of its answer"}},
"responses":{"Problem":{"description":"RFC 9457 problem","content":{"application/problem+json":
{"schema":{"$ref":"#/components/schemas/Problem"}}}},
"RateLimited":{"description":"RFC 9457 problem: a limit of GET /limits is used up","headers":
{"Retry-After":{"description":"Seconds until it may be tried again","schema":{"type":"integer"}},
"RateLimit":{"description":"What is left of each limit","schema":{"type":"string"}},
"RateLimit-Policy":{"description":"The limits that count here","schema":{"type":"string"}}},
"content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}}},
"schemas":{"Problem":{"type":"object","required":["type","title","status","detail","code",
"request_id"],"properties":{"type":{"type":"string"},"title":{"type":"string"},
"status":{"type":"integer"},"detail":{"type":"string"},"code":{"type":"string"},
"request_id":{"type":"string"},"errors":{"type":"array","items":{"type":"object","properties":
{"field":{"type":"string"},"message":{"type":"string"}}}}}}}})";

}  // namespace

void write_openapi(std::string_view version, std::string& text) {
  JsonWriter out(text);
  out.open();
  out.member("openapi", "3.1.0");
  out.name("info");
  out.open();
  out.member("title", "AgentAuth");
  out.member("version", version);
  out.member("description", "Identity and authorization for software agents");
  out.close();
  out.name("paths");
  out.open();
  std::set<std::string_view> written;
  for (const Operation& operation : operations()) {
    if (is_file_of_a_page(operation)) continue;
    if (!written.insert(operation.path).second) continue;
    out.name(operation.path);
    out.open();
    for (const Operation& same_path : operations())
      if (same_path.path == operation.path) write_operations(same_path, out);
    out.close();
  }
  out.close();
  out.name("components");
  out.raw(components);
  out.close();
}

}  // namespace agentauth::api

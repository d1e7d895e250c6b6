#include "app/api_client.h"

#include <cstdio>
#include <vector>

#include "app/server_url.h"
#include "base/uuid.h"

namespace agentauth::app {
namespace {

constexpr std::string_view page_size = "1000";

// "Permission denied (permission_denied, request 0b1c…)": one line, then one a field.
Error explain_problem(const HttpAnswer& answer) {
  std::string detail;
  std::string code;
  std::string request_id = answer.request_id;
  std::vector<FieldError> fields;
  if (const auto problem = parse_json(answer.body)) {
    detail = member_text(*problem, "detail");
    if (detail.empty()) detail = member_text(*problem, "title");
    code = member_text(*problem, "code");
    if (const auto id = member_text(*problem, "request_id"); !id.empty()) request_id = id;
    if (const JsonValue* errors = problem->find("errors"))
      for (const JsonValue& error : errors->items)
        fields.push_back({member_text(error, "field"), member_text(error, "message")});
  }
  std::string message =
      detail.empty() ? "the server answered " + std::to_string(answer.status) : detail;
  if (code.empty() && !detail.empty()) code = "status " + std::to_string(answer.status);
  if (!code.empty() && !request_id.empty()) code += ", ";
  if (!request_id.empty()) code += "request " + request_id;
  if (!code.empty()) message += " (" + code + ")";
  return Error{Errc::internal, std::move(message), {}, std::move(fields), {}};
}

Error not_understood(std::string_view path) {
  return Error{Errc::internal,
               "the answer to " + std::string(path) +
                   " is not one of AgentAuth's; is --server the right address?",
               {},
               {},
               {}};
}

std::string number_text(double number) {
  char text[32];
  return {text, static_cast<std::size_t>(std::snprintf(text, sizeof text, "%.17g", number))};
}

}  // namespace

void append_json(const JsonValue& value, JsonWriter& out) {
  using Type = JsonValue::Type;
  switch (value.type) {
    case Type::null:
      return out.null();
    case Type::boolean:
      return out.boolean(value.boolean);
    case Type::integer:
      return out.integer(value.integer);
    case Type::real:
      return out.raw(number_text(value.real));
    case Type::text:
      return out.text(value.text);
    case Type::array:
      out.open_array();
      for (const JsonValue& item : value.items) append_json(item, out);
      return out.close_array();
    case Type::object:
      out.open();
      for (const JsonMember& member : value.members) {
        out.name(member.name);
        append_json(member.value, out);
      }
      return out.close();
  }
}

std::string member_text(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.type == JsonValue::Type::object ? object.find(name) : nullptr;
  if (!value || value->type == JsonValue::Type::null) return {};
  if (value->type == JsonValue::Type::text) return std::string(value->text);
  std::string text;
  JsonWriter out(text);
  append_json(*value, out);
  return text;
}

Result<void> ApiClient::log_in() {
  if (!access_token_.empty()) return {};
  if (api_key_.empty())
    return failure(Errc::invalid_argument,
                   "--api-key-file is missing; AGENTAUTH_API_KEY does as well");
  std::string body;
  JsonWriter out(body);
  out.open();
  out.member("api_key", api_key_);
  out.close();
  const std::string answer = TRY(call_as({}, "POST", "/auth/login", body));
  if (const auto parsed = parse_json(answer)) access_token_ = member_text(*parsed, "access_token");
  if (access_token_.empty()) return tl::unexpected(not_understood("/auth/login"));
  return {};
}

Result<std::string> ApiClient::call(std::string_view method, std::string_view path,
                                    std::string_view body) {
  TRY(log_in());
  return call_as(access_token_, method, path, body);
}

Result<std::string> ApiClient::call_as(std::string_view bearer, std::string_view method,
                                       std::string_view path, std::string_view body) {
  HttpAnswer answer = TRY(transport_.send(
      {std::string(method), std::string(path), std::string(body), std::string(bearer)}));
  if (answer.status / 100 != 2) return tl::unexpected(explain_problem(answer));
  return std::move(answer.body);
}

Result<void> ApiClient::each_page(std::string_view path, OnPage on_page) {
  const char separator = path.find('?') == std::string_view::npos ? '?' : '&';
  const std::string first = std::string(path) + separator + "limit=" + std::string(page_size);
  std::string cursor;
  do {
    const std::string body =
        TRY(call("GET", cursor.empty() ? first : first + "&cursor=" + percent_encode(cursor)));
    const auto page = parse_json(body);
    const JsonValue* items = page ? page->find("items") : nullptr;
    if (!items || items->type != JsonValue::Type::array)
      return tl::unexpected(not_understood(path));
    // Before on_page, which may parse something else.
    std::string next = member_text(*page, "next_cursor");
    if (!next.empty() && next == cursor) return tl::unexpected(not_understood(path));
    on_page(*items);
    cursor = std::move(next);
  } while (!cursor.empty());
  return {};
}

Result<std::string> ApiClient::find_agent(std::string_view agent) {
  if (Uuid::parse(agent)) return std::string(agent);
  if (agent == "me") {
    const std::string body = TRY(call("GET", "/agents/me"));
    const auto parsed = parse_json(body);
    std::string id = parsed ? member_text(*parsed, "agent_id") : "";
    if (id.empty()) return tl::unexpected(not_understood("/agents/me"));
    return id;
  }
  std::vector<std::string> ids;
  TRY(each_page("/agents?name=" + percent_encode(agent), [&](const JsonValue& items) {
    for (const JsonValue& item : items.items)
      if (member_text(item, "agent_name") == agent) ids.push_back(member_text(item, "agent_id"));
  }));
  if (ids.size() == 1) return ids.front();
  if (ids.empty())
    return failure(Errc::not_found, "no agent is named \"" + std::string(agent) + "\"");
  std::string message = std::to_string(ids.size()) + " agents are named \"" + std::string(agent) +
                        "\"; say which by its id:";
  for (std::size_t i = 0; i < ids.size() && i < 5; ++i) message += ' ' + ids[i];
  return failure(Errc::conflict, message + (ids.size() > 5 ? " ..." : ""));
}

Result<std::string> ApiClient::find_key(std::string_view agent_id, std::string_view key) {
  if (Uuid::parse(key)) return std::string(key);
  std::string id;
  TRY(each_page("/agents/" + std::string(agent_id) + "/keys", [&](const JsonValue& items) {
    for (const JsonValue& item : items.items)
      if (member_text(item, "kid") == key) id = member_text(item, "key_id");
  }));
  if (!id.empty()) return id;
  return failure(Errc::not_found, "the agent has no key \"" + std::string(key) + "\"");
}

}  // namespace agentauth::app

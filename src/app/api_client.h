// The server's API as the commands use it: logs in once, follows cursors, explains refusals.
#pragma once

#include <string>
#include <string_view>

#include "app/transport.h"
#include "base/function_ref.h"
#include "base/json.h"
#include "base/result.h"

namespace agentauth::app {

// Errors of every call: unavailable when the server could not be reached; any other code when it
// answered with a problem, whose detail, code and request id are in the message.
class ApiClient {
 public:
  // The transport is the caller's and outlives this. An empty key is an error at the first call
  // that needs one.
  ApiClient(Transport& transport, std::string api_key)
      : transport_(transport), api_key_(std::move(api_key)) {}

  // The body of a 2xx answer. Logs in before the first call.
  Result<std::string> call(std::string_view method, std::string_view path,
                           std::string_view body = {});
  // The same with a credential of the caller's choice, or none.
  Result<std::string> call_as(std::string_view bearer, std::string_view method,
                              std::string_view path, std::string_view body = {});

  // Hands over the items of every page of a list. What it is handed ends with the call.
  using OnPage = FunctionRef<void(const JsonValue& items)>;
  Result<void> each_page(std::string_view path, OnPage on_page);

  // The id of the agent that a person means: an id, "me", or a name that one agent alone has.
  Result<std::string> find_agent(std::string_view agent);
  // The id of the key that a person means: an id, or a kid of that agent.
  Result<std::string> find_key(std::string_view agent_id, std::string_view key);

  // The next call logs in again.
  void log_in_anew() { access_token_.clear(); }

  bool has_key() const { return !api_key_.empty(); }

 private:
  Result<void> log_in();

  Transport& transport_;
  std::string api_key_;
  std::string access_token_;
};

// Appends a parsed value as JSON text again.
void append_json(const JsonValue& value, JsonWriter& out);
// The member's text, number or "true"/"false"; empty when it is null or missing.
std::string member_text(const JsonValue& object, std::string_view name);

}  // namespace agentauth::app

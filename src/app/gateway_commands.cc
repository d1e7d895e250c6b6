#include "app/gateway_commands.h"

namespace agentauth::app {
namespace {

constexpr std::string_view path = "/gateway/routes";

// As people keep them under version control: one line a route. What is not JSON comes back as it
// is.
std::string pretty(const std::string& json) {
  const auto answer = parse_json(json);
  const JsonValue* routes = answer ? answer->find("routes") : nullptr;
  if (routes == nullptr || routes->items.empty()) return json;
  std::string text = "{\"routes\": [";
  const char* separator = "\n  ";
  for (const JsonValue& route : routes->items) {
    text += separator;
    JsonWriter writer(text);
    append_json(route, writer);
    separator = ",\n  ";
  }
  return text + "\n]}";
}

Result<int> get_routes(const Call& call) {
  const std::string body = TRY(call.api.call("GET", std::string(path)));
  const std::string text = (call.line.wants_json() ? body : pretty(body)) + '\n';
  if (call.line.positionals.size() < 2) {
    call.out << text;
  } else {
    TRY(write_text_file(call.positional(1), text));
  }
  return exit_done;
}

Result<int> put_routes(const Call& call) {
  if (call.line.positionals.size() < 2)
    return failure(Errc::invalid_argument, "FILE is missing: which routes to put");
  const std::string text = TRY(read_text_file(call.positional(1), gateway_routes_bytes_max));
  const std::string body = TRY(call.api.call("PUT", std::string(path), text));
  const auto answer = parse_json(body);
  const JsonValue* routes = answer ? answer->find("routes") : nullptr;
  if (call.line.wants_json() || routes == nullptr) {
    call.out << body << '\n';
  } else {
    call.out << routes->items.size() << " routes in force\n";
  }
  return exit_done;
}

}  // namespace

Result<int> gateway_routes(const Call& call) {
  return call.positional(0) == "get" ? get_routes(call) : put_routes(call);
}

}  // namespace agentauth::app

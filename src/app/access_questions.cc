#include "app/access_questions.h"

namespace agentauth::app {
namespace {

using Type = JsonValue::Type;

Result<std::string> body_of(const SearchQuestion& question, const std::string& token) {
  std::string body;
  JsonWriter out(body);
  out.open();
  if (!question.subject_type.empty()) {
    out.name("subject");
    out.open();
    out.member("type", question.subject_type);
    out.close();
  } else {
    TRY(write_entity("subject", question.subject, out));
  }
  if (!question.action.empty()) {
    out.name("action");
    out.open();
    out.member("name", question.action);
    out.close();
  }
  TRY(write_entity("resource", question.resource.empty() ? no_resource : question.resource, out));
  if (!token.empty()) {
    out.name("page");
    out.open();
    out.member("token", token);
    out.close();
  }
  out.close();
  return body;
}

std::string result_text(const JsonValue& result) {
  const std::string name = member_text(result, "name");
  return name.empty() ? member_text(result, "type") + ':' + member_text(result, "id") : name;
}

}  // namespace

Result<void> write_entity(std::string_view name, std::string_view entity, JsonWriter& out) {
  const std::size_t colon = entity.find(':');
  if (colon == 0 || colon == entity.npos || colon + 1 == entity.size())
    return failure(Errc::invalid_argument,
                   std::string(name) + " must be type:id, not \"" + std::string(entity) + '"');
  out.name(name);
  out.open();
  out.member("type", entity.substr(0, colon));
  out.member("id", entity.substr(colon + 1));
  out.close();
  return {};
}

Result<void> write_question(std::string_view subject, std::string_view action,
                            std::string_view resource, JsonWriter& out) {
  TRY(write_entity("subject", subject, out));
  out.name("action");
  out.open();
  out.member("name", action);
  out.close();
  return write_entity("resource", resource.empty() ? no_resource : resource, out);
}

Result<std::vector<std::string>> search(ApiClient& api, std::string_view path,
                                        const SearchQuestion& question) {
  std::vector<std::string> found;
  std::string token;
  do {
    const std::string body = TRY(api.call("POST", path, TRY(body_of(question, token))));
    const auto answer = parse_json(body);
    const JsonValue* results = answer ? answer->find("results") : nullptr;
    if (results == nullptr || results->type != Type::array)
      return failure(Errc::internal, "the server's answer holds no results");
    for (const JsonValue& result : results->items) found.push_back(result_text(result));
    const JsonValue* page = answer->find("page");
    std::string next = page != nullptr ? member_text(*page, "next_token") : "";
    if (!next.empty() && next == token)
      return failure(Errc::internal, "the server's pages do not end");
    token = std::move(next);
  } while (!token.empty());
  return found;
}

Result<int> print_search(const Call& call, std::string_view path, const SearchQuestion& question) {
  const auto found = TRY(search(call.api, path, question));
  if (!call.line.wants_json()) {
    for (const std::string& name : found) call.out << printable(name) << '\n';
    return exit_done;
  }
  std::string text;
  JsonWriter out(text);
  out.open();
  out.name("results");
  out.open_array();
  for (const std::string& name : found) out.text(name);
  out.close_array();
  out.close();
  call.out << text << '\n';
  return exit_done;
}

}  // namespace agentauth::app

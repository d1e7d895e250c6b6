// agentauth explain: which grants were considered for one decision, and what each of them said.
#include "app/access_questions.h"
#include "app/policy_commands.h"
#include "app/role_commands.h"

namespace agentauth::app {
namespace {

using Type = JsonValue::Type;

Result<std::string> body_of(const Call& call) {
  const bool has_resource = call.line.positionals.size() > 2;
  const std::string subject = TRY(find_subject(call.api, call.positional(0)));
  std::string body;
  JsonWriter out(body);
  out.open();
  TRY(write_question(subject, call.positional(1), has_resource ? call.positional(2) : "", out));
  if (const auto text = call.line.argument("context")) {
    const auto context = parse_json(*text);
    if (!context || context->type != Type::object)
      return failure(Errc::invalid_argument, "--context must be a JSON object");
    out.name("context");
    append_json(*context, out);
  }
  out.close();
  return body;
}

void add_rule(const JsonValue& rule, TextTable& table) {
  const JsonValue* grant = rule.find("grant");
  if (grant == nullptr) return;
  std::string by;
  if (const JsonValue* path = rule.find("path"); path != nullptr)
    for (const JsonValue& name : path->items) by.append(by.empty() ? "" : " > ") += name.text;
  table.add({member_text(rule, "outcome"), member_text(*grant, "effect"),
             member_text(*grant, "action"), member_text(*grant, "resource"), by,
             member_text(*grant, "id"), member_text(rule, "detail")});
}

}  // namespace

Result<int> explain_decision(const Call& call) {
  const std::string body = TRY(call.api.call("POST", "/access/v1/explain", TRY(body_of(call))));
  const auto answer = parse_json(body);
  const JsonValue* decision = answer ? answer->find("decision") : nullptr;
  const JsonValue* considered = answer ? answer->find("considered") : nullptr;
  // Anything but a plain yes or no must not pass for either.
  if (considered == nullptr || decision == nullptr || decision->type != Type::boolean)
    return failure(Errc::internal, "the server's answer holds no decision");
  if (call.line.wants_json()) {
    call.out << body << '\n';
    return exit_done;
  }
  call.out << (decision->boolean ? "allowed" : "denied") << ": "
           << printable(member_text(*answer, "reason")) << '\n';
  if (const JsonValue* by = answer->find("grants"); by != nullptr && !by->items.empty())
    call.out << "decided by grant " << printable(member_text(by->items.front(), "id")) << '\n';
  TextTable table(call.out);
  for (const std::string_view heading :
       {"OUTCOME", "EFFECT", "ACTION", "RESOURCE", "BY", "GRANT", "DETAIL"})
    table.add_column(heading);
  for (const JsonValue& rule : considered->items) add_rule(rule, table);
  if (!considered->items.empty()) table.print();
  if (const JsonValue* miss = answer->find("nearest_miss"); miss && miss->type == Type::object)
    call.out << "nearest miss: " << printable(member_text(*miss, "message")) << '\n';
  return exit_done;
}

}  // namespace agentauth::app

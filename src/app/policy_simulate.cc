// agentauth policy simulate: what a change would do to some decisions, without making it.
#include "app/access_questions.h"
#include "app/policy_commands.h"
#include "app/role_commands.h"
#include "base/json_text.h"

namespace agentauth::app {
namespace {

using Type = JsonValue::Type;

// What is sent, and how people are shown each of the questions.
struct Simulated {
  std::string body;
  std::vector<std::string> shown;
};

std::string entity_text(const JsonValue* entity) {
  if (entity == nullptr || entity->type != Type::object) return "?";
  return member_text(*entity, "type") + ':' + member_text(*entity, "id");
}

// A member that an evaluation does not say is the document's.
std::string question_text(const JsonValue& item, const JsonValue& document) {
  const auto find = [&](std::string_view name) {
    const JsonValue* own = item.find(name);
    return own != nullptr ? own : document.find(name);
  };
  const JsonValue* action = find("action");
  const bool has_action = action != nullptr && action->type == Type::object;
  return entity_text(find("subject")) + ' ' + (has_action ? member_text(*action, "name") : "?") +
         ' ' + entity_text(find("resource"));
}

// The question on the command line, if there is one. `subject` is type:id.
Result<std::string> asked_question(const Call& call, const std::string& subject) {
  const bool has_resource = call.line.positionals.size() > 3;
  std::string text;
  JsonWriter out(text);
  out.open();
  TRY(write_question(subject, call.positional(2), has_resource ? call.positional(3) : "", out));
  out.close();
  return text;
}

Result<JsonValue> read_document(const Call& call, const std::string& file) {
  auto document = parse_json(file);
  if (document) return document;
  return failure(Errc::invalid_argument, call.positional(0) + ": " + document.error().message);
}

Result<Simulated> with_question(const Call& call, const std::string& file) {
  const std::string subject = TRY(find_subject(call.api, call.positional(1)));
  const std::string question = TRY(asked_question(call, subject));
  const JsonValue document = TRY(read_document(call, file));
  const JsonValue* change = document.type == Type::object ? document.find("change") : nullptr;
  if (change == nullptr)
    return failure(Errc::invalid_argument, call.positional(0) + R"( must be {"change":{...}})");
  Simulated simulated;
  simulated.body = R"({"change":)";
  append_json(*change, simulated.body);
  simulated.body += R"(,"evaluations":[)" + question + "]}";
  simulated.shown.push_back(
      subject + ' ' + call.positional(2) + ' ' +
      (call.line.positionals.size() > 3 ? call.positional(3) : std::string(no_resource)));
  return simulated;
}

Result<Simulated> as_file_says(const Call& call, const std::string& file) {
  const JsonValue document = TRY(read_document(call, file));
  const JsonValue* items = document.type == Type::object ? document.find("evaluations") : nullptr;
  if (items == nullptr || items->type != Type::array)
    return failure(Errc::invalid_argument,
                   call.positional(0) + R"( must be {"change":{...},"evaluations":[...]})");
  Simulated simulated{file, {}};
  for (const JsonValue& item : items->items)
    simulated.shown.push_back(question_text(item, document));
  return simulated;
}

std::string side_text(const JsonValue& side) {
  const JsonValue* decision = side.find("decision");
  if (decision == nullptr || decision->type != Type::boolean) return "?";
  return std::string(decision->boolean ? "allowed" : "denied") + " (" +
         member_text(side, "reason") + ')';
}

// Whether it could be asked.
Result<bool> print_row(const Call& call, const std::string& shown, const JsonValue& row) {
  if (const JsonValue* error = row.find("error")) {
    call.out << "FAIL " << printable(shown) << ": " << printable(member_text(*error, "message"))
             << '\n';
    return false;
  }
  const JsonValue* before = row.find("before");
  const JsonValue* after = row.find("after");
  // Anything but a plain yes or no must not pass for either.
  if (before == nullptr || after == nullptr || side_text(*before) == "?" ||
      side_text(*after) == "?")
    return failure(Errc::internal, "the server's answer holds no decision");
  const bool is_same = before->find("decision")->boolean == after->find("decision")->boolean;
  call.out << (is_same ? "= " : "~ ") << printable(shown) << ": " << printable(side_text(*before))
           << " -> " << printable(side_text(*after)) << '\n';
  return true;
}

}  // namespace

Result<int> simulate_policy(const Call& call) {
  const std::size_t given = call.line.positionals.size();
  if (given == 2) return failure(Errc::invalid_argument, "ACTION is missing");
  const std::string file = TRY(read_text_file(call.positional(0)));
  const Simulated simulated = TRY(given > 2 ? with_question(call, file) : as_file_says(call, file));
  const std::string body = TRY(call.api.call("POST", "/access/v1/simulate", simulated.body));
  const auto answer = parse_json(body);
  const JsonValue* rows = answer ? answer->find("evaluations") : nullptr;
  if (rows == nullptr || rows->items.size() != simulated.shown.size())
    return failure(Errc::internal, "the server did not answer every question");
  bool could_all_be_asked = true;
  for (std::size_t i = 0; i < rows->items.size(); ++i) {
    if (call.line.wants_json()) {
      could_all_be_asked = could_all_be_asked && rows->items[i].find("error") == nullptr;
    } else if (!TRY(print_row(call, simulated.shown[i], rows->items[i]))) {
      could_all_be_asked = false;
    }
  }
  if (call.line.wants_json()) call.out << body << '\n';
  return could_all_be_asked ? exit_done : exit_failed;
}

}  // namespace agentauth::app

#include "api/access_request.h"

#include <algorithm>

#include "policy/names.h"

namespace agentauth::api {
namespace {

using Type = JsonValue::Type;

tl::unexpected<Error> malformed(std::string_view what, std::string_view why) {
  return failure(Errc::malformed_request, std::string(what).append(" ").append(why));
}

// The member of that name; null is as good as none.
const JsonValue* find_member(const JsonValue& object, std::string_view name) {
  const JsonValue* member = object.find(name);
  return member == nullptr || member->type == Type::null ? nullptr : member;
}

Result<const JsonValue*> find_object(const JsonValue& object, std::string_view name,
                                     std::string_view path) {
  const JsonValue* member = find_member(object, name);
  if (member != nullptr && member->type != Type::object)
    return malformed(path, "must be an object");
  return member;
}

// What an item says, or else its defaults. What is required and missing in it, its defaults say,
// too; the rest is its own alone.
struct SentObject {
  const JsonValue* said;
  const JsonValue* defaults;  // nullptr: none

  const JsonValue* find_required(std::string_view name) const {
    const JsonValue* member = find_member(*said, name);
    return member == nullptr && defaults != nullptr ? find_member(*defaults, name) : member;
  }
};

Result<SentObject> require_object(const JsonValue& item, const JsonValue& defaults,
                                  std::string_view name) {
  const JsonValue* other = find_member(defaults, name);
  if (other != nullptr && other->type != Type::object) other = nullptr;
  if (const JsonValue* said = TRY(find_object(item, name, name))) return SentObject{said, other};
  if (TRY(find_object(defaults, name, name)) == nullptr) return malformed(name, "is required");
  return SentObject{other, nullptr};
}

Result<std::string_view> require_text(const JsonValue* member, std::string_view path) {
  if (member == nullptr) return malformed(path, "is required");
  if (member->type != Type::text) return malformed(path, "must be a text");
  if (member->text.empty()) return malformed(path, "must not be empty");
  return member->text;
}

struct Paths {
  std::string_view type, id, properties;
};
constexpr Paths subject_paths = {"subject.type", "subject.id", "subject.properties"};
constexpr Paths resource_paths = {"resource.type", "resource.id", "resource.properties"};

// With `is_sought`, an id that was sent is not looked at.
Result<SentEntity> read_entity(const SentObject& object, const Paths& paths, bool is_sought) {
  SentEntity entity;
  entity.type = TRY(require_text(object.find_required("type"), paths.type));
  if (!policy::is_type(entity.type))
    return malformed(paths.type, "must be 1 to 64 characters of A-Z a-z 0-9 _ . -");
  if (!is_sought) {
    entity.id = TRY(require_text(object.find_required("id"), paths.id));
    if (!policy::is_id(entity.id))
      return malformed(paths.id, "must be 1 to 256 bytes without control characters");
  }
  entity.properties = TRY(find_object(*object.said, "properties", paths.properties));
  return entity;
}

}  // namespace

Result<JsonValue> read_access_body(ApiExchange& exchange) {
  const RequestInput input = TRY(exchange.input());
  if (!input.query.empty())
    return failure(Errc::malformed_request, "Unknown query parameter " +
                                                std::string(input.query.front().name) +
                                                ": this one is unknown here");
  if (input.body.empty()) return failure(Errc::malformed_request, "A JSON body is required");
  auto body = TRY(parse_json(input.body));
  if (body.type != Type::object) return malformed("The body", "must be a JSON object");
  return body;
}

Result<SentQuestion> read_question(const JsonValue& item, const JsonValue& defaults,
                                   Sought sought) {
  if (item.type != Type::object) return malformed("An evaluation", "must be an object");
  SentQuestion question;
  const SentObject subject = TRY(require_object(item, defaults, "subject"));
  question.subject = TRY(read_entity(subject, subject_paths, sought == Sought::subjects));
  if (sought != Sought::actions) {
    const SentObject action = TRY(require_object(item, defaults, "action"));
    question.action = TRY(require_text(action.find_required("name"), "action.name"));
    question.action_properties = TRY(find_object(*action.said, "properties", "action.properties"));
  }
  if (sought != Sought::explanation || find_member(item, "resource") != nullptr) {
    const SentObject resource = TRY(require_object(item, defaults, "resource"));
    question.resource = TRY(read_entity(resource, resource_paths, sought == Sought::resources));
  }
  question.context = TRY(find_object(item, "context", "context"));
  if (question.context == nullptr)
    question.context = TRY(find_object(defaults, "context", "context"));
  return question;
}

Result<SentBatch> read_batch(const JsonValue& body) {
  SentBatch batch;
  if (const JsonValue* items = find_member(body, "evaluations")) {
    if (items->type != Type::array) return malformed("evaluations", "must be an array");
    if (items->items.size() > SentBatch::items_max)
      return malformed("evaluations", "must have at most 1000 items");
    batch.items = items->items;
  }
  const JsonValue* options = TRY(find_object(body, "options", "options"));
  if (options == nullptr || find_member(*options, "evaluations_semantic") == nullptr) return batch;
  static constexpr std::string_view name = "options.evaluations_semantic";
  const auto semantic = TRY(require_text(find_member(*options, "evaluations_semantic"), name));
  if (semantic == "deny_on_first_deny") {
    batch.until = SentBatch::Until::first_deny;
  } else if (semantic == "permit_on_first_permit") {
    batch.until = SentBatch::Until::first_permit;
  } else if (semantic != "execute_all") {
    return malformed(name, "must be execute_all, deny_on_first_deny or permit_on_first_permit");
  }
  return batch;
}

Result<SentPage> read_page(const JsonValue& body) {
  SentPage page;
  const JsonValue* sent = TRY(find_object(body, "page", "page"));
  if (sent == nullptr) return page;
  if (const JsonValue* token = find_member(*sent, "token")) {
    if (token->type != Type::text) return malformed("page.token", "must be a text");
    page.token = token->text;
  }
  if (const JsonValue* limit = find_member(*sent, "limit")) {
    if (limit->type != Type::integer || limit->integer < 1 || limit->integer > SentPage::limit_max)
      return malformed("page.limit", "must be a whole number from 1 to 1000");
    page.limit = limit->integer;
  }
  return page;
}

}  // namespace agentauth::api

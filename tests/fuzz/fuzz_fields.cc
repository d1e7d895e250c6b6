// What handlers are given: every request type, decoded from a body and a query out of the input,
// keeps what its description promises.
//
// The first line of the input is the query, the rest is the body.
#include <algorithm>
#include <string>
#include <vector>

#include "api/handlers.h"
#include "authz/permission_service.h"
#include "authz/policy_document.h"
#include "identity/agent_service.h"
#include "keys/key_service.h"
#include "tests/fuzz/fuzz.h"

namespace agentauth {
namespace {

constexpr std::string_view some_id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";

std::vector<RequestInput::Pair> pairs_of(std::string_view query) {
  std::vector<RequestInput::Pair> pairs;
  while (!query.empty() && pairs.size() < 16) {
    std::string_view value = fuzz::take_until(query, '&');
    const std::string_view name = fuzz::take_until(value, '=');
    pairs.push_back({name, value});
  }
  return pairs;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_known(std::span<const Field> fields, Place place, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
    return field.rule.place == place && field.rule.name == name;
  });
}

// Written as JSON, the object is within the bounds of its own description.
void check_bounds(std::span<const Field> fields, const JsonValue& written) {
  MUST(written.members.size() == fields.size());
  for (const Field& field : fields) {
    const JsonValue* value = written.find(field.rule.name);
    MUST(value != nullptr);
    if (value->type == JsonValue::Type::null) {
      MUST(!field.required);
    } else if (field.kind == FieldKind::text && !field.rule.opaque) {
      MUST(value->type == JsonValue::Type::text && !has_control(value->text));
      MUST(value->text.size() <= 4 * static_cast<std::size_t>(field.rule.max));
      MUST(static_cast<std::int64_t>(value->text.size()) >= field.rule.min);
      if (field.rule.valid != nullptr) MUST(field.rule.valid(value->text));
    } else if (field.kind == FieldKind::integer) {
      MUST(value->integer >= field.rule.min && value->integer <= field.rule.max);
    } else if (field.kind == FieldKind::texts) {
      const auto count = static_cast<std::int64_t>(value->items.size());
      MUST(count >= field.rule.min && count <= field.rule.max);
      for (const JsonValue& item : value->items)
        MUST(!has_control(item.text) &&
             (field.rule.valid == nullptr || field.rule.valid(item.text)));
    } else if (field.kind == FieldKind::labels) {
      MUST(static_cast<std::int64_t>(value->members.size()) <= field.rule.max);
    }
  }
}

template <class T>
void check(const RequestInput& input) {
  const auto fields = fields_of<T>();
  const auto object = decode<T>(input);
  if (!object) {
    const Error& error = object.error();
    MUST(error.code == Errc::malformed_request || error.code == Errc::invalid_argument ||
         error.code == Errc::not_found);
    MUST((error.code == Errc::invalid_argument) == !error.fields.empty());
    return;
  }
  // Nothing that was sent was ignored.
  for (const auto& pair : input.query) MUST(is_known(fields, Place::query, pair.name));
  if (!input.body.empty()) {
    const auto body = parse_json(input.body);
    MUST(body && body->type == JsonValue::Type::object);
    for (const JsonMember& member : body->members) MUST(is_known(fields, Place::body, member.name));
  }
  std::string text;
  JsonWriter out(text);
  write_fields(*object, out);
  const auto written = parse_json(text);
  MUST(written);
  check_bounds(fields, *written);
}

FUZZ(std::string_view input) {
  std::string_view body = input;
  const auto query = pairs_of(fuzz::take_until(body, '\n'));
  const RequestInput::Pair with_id[] = {{"id", some_id}, {"key_id", some_id}};
  const RequestInput::Pair with_permission[] = {{"id", some_id}, {"permission", "read_weather"}};
  const std::string_view raw = query.empty() ? std::string_view() : query.front().value;
  const RequestInput::Pair raw_path[] = {{"id", raw}, {"permission", raw}};

  check<RegisterAgent>({{}, query, body});
  check<ListAgents>({{}, query, body});
  check<api::Login>({{}, query, body});
  check<UpdateAgent>({with_id, query, body});
  check<CreateKey>({with_id, query, body});
  check<NameKey>({with_id, query, body});
  check<ListKeys>({with_id, query, body});
  check<GrantPermission>({with_id, query, body});
  check<ListPermissions>({with_id, query, body});
  check<CheckPermission>({with_permission, query, body});
  const std::string policy = spell_out_policy(body);
  check<PolicyDocument>({{}, {}, policy});
  check<NamePermission>({raw_path, {}, {}});
  check<NameAgent>({raw_path, {}, {}});
}

}  // namespace
}  // namespace agentauth

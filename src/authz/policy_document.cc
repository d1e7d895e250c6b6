#include "authz/policy_document.h"

#include <algorithm>

namespace agentauth {
namespace {

using Type = JsonValue::Type;

void spell_out(std::string_view first_field, JsonValue& list) {
  if (list.type != Type::array) return;
  for (JsonValue& item : list.items) {
    if (item.type != Type::text) continue;
    JsonValue object;
    object.type = Type::object;
    object.members.push_back({first_field, std::move(item)});
    item = std::move(object);
  }
}

void spell_out_roles(JsonValue& roles) {
  for (JsonValue& role : roles.items)
    for (JsonMember& member : role.members) {
      if (member.name == "permissions") spell_out("permission", member.value);
      if (member.name == "members") spell_out("member", member.value);
    }
}

// Members that are absent stay away.
void write_present(const Field& field, const void* object, JsonWriter& out) {
  std::string text;
  JsonWriter value(text);
  field.write(object, value);
  if (text == "null") return;
  out.name(field.rule.name);
  out.raw(text);
}

template <class T>
void write_all_present(const T& object, JsonWriter& out) {
  out.open();
  for (const Field& field : fields_of<T>()) write_present(field, &object, out);
  out.close();
}

void write(const PolicyPermission& permission, JsonWriter& out) {
  if (!permission.any()) return out.text(permission.permission);
  write_all_present(permission, out);
}
void write(const PolicyMember& member, JsonWriter& out) {
  if (!member.expires_at) return out.text(member.member);
  write_all_present(member, out);
}
void write(const PolicyGrant& grant, JsonWriter& out) { write_all_present(grant, out); }
void write(const PolicyEntity& entity, JsonWriter& out) { write_all_present(entity, out); }

template <class T>
void write_list(std::string_view name, const std::optional<std::vector<T>>& list, JsonWriter& out);

void write(const PolicyRole& role, JsonWriter& out) {
  out.open();
  out.member("name", role.name);
  if (role.about && !role.about->empty()) out.member("about", *role.about);
  write_list("permissions", role.permissions, out);
  write_list("members", role.members, out);
  out.close();
}

template <class T>
void write_list(std::string_view name, const std::optional<std::vector<T>>& list, JsonWriter& out) {
  if (!list) return;
  out.name(name);
  out.open_array();
  for (const T& item : *list) write(item, out);
  out.close_array();
}

}  // namespace

std::string spell_out_policy(std::string_view body) {
  auto document = parse_json(body);
  if (!document) return std::string(body);
  for (JsonMember& member : document->members)
    if (member.name == "roles" || member.name == "groups") spell_out_roles(member.value);
  std::string text;
  append_json(*document, text);
  return text;
}

void write_policy(const PolicyDocument& document, JsonWriter& out) {
  out.open();
  write_list("roles", document.roles, out);
  write_list("groups", document.groups, out);
  write_list("grants", document.grants, out);
  write_list("entities", document.entities, out);
  out.close();
}

}  // namespace agentauth

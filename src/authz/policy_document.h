// The declarative policy: what GET /policy answers, PUT /policy takes, and people keep in git.
// No ids and no times of creation, so that it can be applied elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "authz/entity_service.h"
#include "authz/permission_service.h"
#include "authz/role_service.h"

namespace agentauth {

// Of each kind of line, in one document and in what is stored.
inline constexpr std::int64_t policy_lines_max = 50'000;

inline constexpr FieldRule policy_subject{
    .name = "subject",
    .max = policy::entity_characters_max,
    .valid = policy::is_principal,
    .rule = "must be agent:ID, agent:*, role:NAME, group:NAME or another type:ID",
    .example = "user:alice"};

// A grant to the role or group that it stands in.
struct PolicyPermission : Terms {
  std::string permission;
  static constexpr auto fields() {
    return joined(std::array{field<&PolicyPermission::permission>(permission_field)},
                  term_fields<PolicyPermission>());
  }
};

struct PolicyMember {
  std::string member;
  std::optional<Timestamp> expires_at;
  static constexpr auto fields() {
    return std::array{field<&PolicyMember::member>({.name = "member",
                                                    .max = policy::entity_characters_max,
                                                    .valid = policy::is_principal,
                                                    .rule = member_in_path.rule,
                                                    .example = "user:alice"}),
                      field<&PolicyMember::expires_at>(membership_end)};
  }
};

// A role or a group, with exactly these permissions and members.
struct PolicyRole {
  std::string name;
  std::optional<std::string> about;
  std::optional<std::vector<PolicyPermission>> permissions;
  std::optional<std::vector<PolicyMember>> members;
  static constexpr auto fields() {
    return std::array{
        field<&PolicyRole::name>(role_field), field<&PolicyRole::about>(about_field),
        field<&PolicyRole::permissions>(
            {.name = "permissions",
             .min = 0,
             .max = policy_lines_max,
             .about = "All of them; one without terms may be written as a string"}),
        field<&PolicyRole::members>(
            {.name = "members",
             .min = 0,
             .max = policy_lines_max,
             .about = "All of them; one that does not end may be written as a string"})};
  }
};

struct PolicyGrant : Terms {
  std::string subject;
  std::string action;
  static constexpr auto fields() {
    return joined(std::array{field<&PolicyGrant::subject>(policy_subject),
                             field<&PolicyGrant::action>({.name = "action",
                                                          .max = permission_characters_max,
                                                          .valid = is_permission,
                                                          .rule = permission_rule,
                                                          .example = "read_weather"})},
                  term_fields<PolicyGrant>());
  }
};

struct PolicyEntity {
  std::string type;
  std::string id;
  JsonObject properties;
  static constexpr auto fields() {
    return std::array{
        field<&PolicyEntity::type>({.name = "type",
                                    .max = policy::type_characters_max,
                                    .valid = policy::is_type,
                                    .rule = entity_type_in_path.rule,
                                    .example = "record"}),
        field<&PolicyEntity::id>(
            {.name = "id", .max = policy::id_bytes_max, .example = "record-1"}),
        field<&PolicyEntity::properties>({.name = "properties", .min = 0, .max = 8192})};
  }
};

// A list that is absent says nothing of that kind of thing.
struct PolicyLists {
  std::optional<std::vector<PolicyRole>> roles;
  std::optional<std::vector<PolicyRole>> groups;
  std::optional<std::vector<PolicyGrant>> grants;
  std::optional<std::vector<PolicyEntity>> entities;
};
template <class Object>
constexpr auto policy_list_fields() {
  constexpr auto list = [](std::string_view name, std::string_view about) {
    return FieldRule{.name = name, .min = 0, .max = policy_lines_max, .about = about};
  };
  return std::array{field<&PolicyLists::roles, Object>(list("roles", "All roles")),
                    field<&PolicyLists::groups, Object>(list("groups", "All groups")),
                    field<&PolicyLists::grants, Object>(
                        list("grants", "All that was granted to others than roles and groups")),
                    field<&PolicyLists::entities, Object>(
                        list("entities", "All stored attributes of subjects and resources"))};
}

struct PolicyDocument : PolicyLists {
  static constexpr auto fields() { return policy_list_fields<PolicyDocument>(); }
};

// The request's body with strings that stand for whole permissions and members spelled out, as
// decode() takes it. What is not JSON stays as it is. Errors: none.
std::string spell_out_policy(std::string_view body);

// Canonical: lists in order, nothing that is absent, strings where they suffice.
void write_policy(const PolicyDocument& document, JsonWriter& out);

}  // namespace agentauth

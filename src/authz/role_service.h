// Roles and groups, and who is a member of them.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "authz/permission_service.h"

namespace agentauth {

inline constexpr FieldRule role_field{.name = "name",
                                      .max = policy::type_characters_max,
                                      .valid = policy::is_type,
                                      .rule = "must be 1 to 64 of A-Z a-z 0-9 _ . -",
                                      .example = "weather_reader"};
inline constexpr FieldRule about_field{
    .name = "about", .min = 0, .max = 255, .example = "Reads the weather"};
inline constexpr FieldRule membership_end{.name = "expires_at",
                                          .about = "When the membership ends; never if absent"};
inline constexpr FieldRule member_in_path{
    .name = "member",
    .max = policy::entity_characters_max,
    .place = Place::path,
    .valid = policy::is_principal,
    .rule = "must be agent:ID, role:NAME, group:NAME or another type:ID",
    .example = "user:alice"};

template <RoleKind Kind>
struct CreateRole {
  std::string name;
  std::optional<std::string> about;
  static constexpr auto fields() {
    return std::array{field<&CreateRole::name>(role_field), field<&CreateRole::about>(about_field)};
  }
};

template <RoleKind Kind>
struct PutRole {
  std::string name;
  std::optional<std::string> about;
  static constexpr auto fields() {
    return std::array{field<&PutRole::name>(role_in_path), field<&PutRole::about>(about_field)};
  }
};

template <RoleKind Kind>
struct NameRole {
  std::string name;
  static constexpr auto fields() { return std::array{field<&NameRole::name>(role_in_path)}; }
};

template <RoleKind Kind>
struct ListRoles {
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;
  static constexpr auto fields() {
    return std::array{field<&ListRoles::limit>(page_limit), field<&ListRoles::cursor>(page_cursor)};
  }
};

template <RoleKind Kind>
struct AddMember {
  std::string name;
  std::string member;
  std::optional<Timestamp> expires_at;
  static constexpr auto fields() {
    return std::array{field<&AddMember::name>(role_in_path),
                      field<&AddMember::member>({.name = "member",
                                                 .max = policy::entity_characters_max,
                                                 .valid = policy::is_principal,
                                                 .rule = member_in_path.rule,
                                                 .example = "user:alice"}),
                      field<&AddMember::expires_at>(membership_end)};
  }
};

template <RoleKind Kind>
struct PutMember {
  std::string name;
  std::string member;
  std::optional<Timestamp> expires_at;
  static constexpr auto fields() {
    return std::array{field<&PutMember::name>(role_in_path),
                      field<&PutMember::member>(member_in_path),
                      field<&PutMember::expires_at>(membership_end)};
  }
};

template <RoleKind Kind>
struct NameMember {
  std::string name;
  std::string member;
  static constexpr auto fields() {
    return std::array{field<&NameMember::name>(role_in_path),
                      field<&NameMember::member>(member_in_path)};
  }
};

template <RoleKind Kind>
struct ListMembers {
  std::string name;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;
  static constexpr auto fields() {
    return std::array{field<&ListMembers::name>(role_in_path),
                      field<&ListMembers::limit>(page_limit),
                      field<&ListMembers::cursor>(page_cursor)};
  }
};

// An agent's roles, by its own path.
struct GiveRole {
  AgentId agent_id;
  std::string role;
  std::optional<Timestamp> expires_at;
  static constexpr auto fields() {
    return std::array{field<&GiveRole::agent_id>(agent_id_in_path),
                      field<&GiveRole::role>({.name = "role",
                                              .max = policy::type_characters_max,
                                              .valid = policy::is_type,
                                              .rule = role_field.rule,
                                              .example = "weather_reader"}),
                      field<&GiveRole::expires_at>(membership_end)};
  }
};

struct PutAgentRole {
  AgentId agent_id;
  std::string name;
  std::optional<Timestamp> expires_at;
  static constexpr auto fields() {
    return std::array{field<&PutAgentRole::agent_id>(agent_id_in_path),
                      field<&PutAgentRole::name>(role_in_path),
                      field<&PutAgentRole::expires_at>(membership_end)};
  }
};

struct NameAgentRole {
  AgentId agent_id;
  std::string name;
  static constexpr auto fields() {
    return std::array{field<&NameAgentRole::agent_id>(agent_id_in_path),
                      field<&NameAgentRole::name>(role_in_path)};
  }
};

struct ListAgentRoles {
  AgentId agent_id;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;
  static constexpr auto fields() {
    return std::array{field<&ListAgentRoles::agent_id>(agent_id_in_path),
                      field<&ListAgentRoles::limit>(page_limit),
                      field<&ListAgentRoles::cursor>(page_cursor)};
  }
};

class RoleService {
 public:
  // Of one member directly, and with the roles and groups that those are members of: with its own
  // grants and every agent's, what decisions look at.
  static constexpr std::int64_t memberships_max = 64;
  static constexpr std::int64_t closure_max = 254;
  // Levels above the lowest role or group.
  static constexpr std::int64_t depth_max = 16;
  // Members that have to be looked at one by one; with more of them the bound counts as passed.
  static constexpr std::int64_t doubtful_max = 1000;

  struct Put {
    Role role;
    bool created = false;
  };
  Result<Put> put(Transaction& tx, RoleKind kind, const std::string& name,
                  const std::optional<std::string>& about);
  // Errors: not_found.
  Result<Role> find(Transaction& tx, const std::string& principal);
  Result<std::vector<Role>> list(Transaction& tx, RoleKind kind, const PageStart& after,
                                 std::int64_t limit);
  // With its grants and memberships. Errors: permission_denied, not_found.
  Result<void> erase(Transaction& tx, Author& author, const std::string& principal);

  // Makes `member` one of a role or group, or changes when that ends.
  // The author must hold whatever that passes on. Errors: permission_denied; not_found;
  // invalid_argument; conflict: a cycle, or more memberships than are looked at.
  // Of those of the member that have ended, the last few are kept: nobody piles them up.
  struct PutMembership {
    Membership membership;
    bool created = false;
    std::vector<Membership> forgotten = {};
  };
  static constexpr std::int64_t ended_max = 64;
  Result<PutMembership> put_member(Transaction& tx, Author& author, const Membership& wanted);
  // All that put_member() refuses before it writes, but for what is not there and for cycles: so,
  // but for its bounds, all that it refuses of a member that is no role or group. `before`: as it
  // is stored, null when it is not. Errors: permission_denied; invalid_argument; conflict.
  static Result<void> require_puttable(Transaction& tx, Author& author, const Membership& wanted,
                                       const Membership* before);
  // After many of those were written: who of the members is over a bound now, and why; and what was
  // forgotten of what has ended.
  struct Settled {
    std::map<std::string, Error> refused;
    std::vector<Membership> forgotten;
  };
  static Result<Settled> settle_members(Transaction& tx, std::span<const std::string> members,
                                        Timestamp now);
  // Taking somebody out may lift a deny. Errors: permission_denied, not_found.
  Result<void> erase_member(Transaction& tx, Author& author, const std::string& of,
                            const std::string& member);
  Result<std::vector<Membership>> list_members(Transaction& tx, const std::string& of,
                                               const PageStart& after, std::int64_t limit);
  // What an agent is a member of. Errors: not_found.
  Result<std::vector<Membership>> list_roles(Transaction& tx, const ListAgentRoles& request,
                                             const PageStart& after, std::int64_t limit);

  // For the table of operations: roles and groups alike.
  template <RoleKind Kind>
  Result<Role> find_role(Transaction& tx, const NameRole<Kind>& request) {
    return find(tx, principal_of(Kind, request.name));
  }
  template <RoleKind Kind>
  Result<std::vector<Role>> list_kind(Transaction& tx, const ListRoles<Kind>&,
                                      const PageStart& after, std::int64_t limit) {
    return list(tx, Kind, after, limit);
  }
  template <RoleKind Kind>
  Result<std::vector<Membership>> list_role_members(Transaction& tx,
                                                    const ListMembers<Kind>& request,
                                                    const PageStart& after, std::int64_t limit) {
    return list_members(tx, principal_of(Kind, request.name), after, limit);
  }

 private:
  Result<void> refuse_cycle(Transaction& tx, const Membership& wanted);
  static Result<void> require_bounds(Transaction& tx, const Membership& written, Timestamp now);
  static Result<bool> reaches_too_far(Transaction& tx, const std::string& member, Timestamp now);
};

}  // namespace agentauth

#include "authz/internal/policy_lines.h"

#include <algorithm>
#include <set>
#include <span>

#include "policy/properties.h"

namespace agentauth::internal {
namespace {

// No name, pattern or condition holds a line's end, and it comes before every other character.
std::string joined_key(std::initializer_list<std::string_view> parts) {
  std::string key;
  for (const std::string_view part : parts) key.append(part).append("\n");
  return key;
}

std::string time_text(const std::optional<Timestamp>& time) {
  return time ? format_rfc3339(*time) : "";
}

std::string key_of(const Grant& grant) {
  return joined_key({grant.subject, grant.permission, grant.resource.value_or(""),
                     to_string(grant.decides()), grant.when.value_or(""),
                     time_text(grant.not_before), time_text(grant.expires_at),
                     grant.max_uses ? std::to_string(*grant.max_uses) : ""});
}

Result<void> too_many(std::string_view what) {
  return failure(Errc::conflict, "A policy document holds at most " +
                                     std::to_string(policy_lines_max) + " " + std::string(what) +
                                     "; more are stored. What is more is applied in parts, each "
                                     "with keep=true, and read from its own lists");
}

// Reads what is stored, and counts it.
class StoredLines {
 public:
  StoredLines(Transaction& tx, const PolicyKinds& kinds, const TimeBudget& time)
      : tx_(tx), kinds_(kinds), time_(time) {}

  Result<PolicyLines> read() {
    if (kinds_.roles) TRY(read_roles(RoleKind::role));
    if (kinds_.groups) TRY(read_roles(RoleKind::group));
    if (kinds_.grants) TRY(read_grants());
    if (kinds_.entities) TRY(read_entities());
    return std::move(lines_);
  }

 private:
  static constexpr std::int64_t page = 1000;

  Result<void> read_roles(RoleKind kind) {
    std::size_t count = 0;
    for (PageStart after;;) {
      const auto roles = TRY(tx_.roles().list(kind, after, page));
      for (const Role& role : roles) lines_.roles[role.principal] = {kind, role.name, role.about};
      count += roles.size();
      if (count > policy_lines_max) return too_many(kind == RoleKind::role ? "roles" : "groups");
      if (static_cast<std::int64_t>(roles.size()) < page) break;
      after = {roles.back().created_at, roles.back().id.uuid};
    }
    TRY(tx_.policies().each_grant_to(kind, [&](const Grant& grant) -> Result<void> {
      TRY(time_.check());
      return add(grant);
    }));
    return tx_.policies().each_membership_in(kind, [&](const Membership& member) -> Result<void> {
      TRY(time_.check());
      lines_.members[joined_key({member.of, member.member})] = {member};
      if (lines_.members.size() > policy_lines_max) return too_many("members");
      return {};
    });
  }

  Result<void> read_grants() {
    for (GrantId after;;) {
      TRY(time_.check());
      const auto grants = TRY(tx_.grants().list_all(after, page));
      for (const Grant& grant : grants)
        if (!policy::is_role_or_group(grant.subject)) TRY(add(grant));
      if (static_cast<std::int64_t>(grants.size()) < page) return {};
      after = grants.back().id;
    }
  }

  Result<void> add(const Grant& grant) {
    if (++grants_ > policy_lines_max) return too_many("grants");
    GrantLine& line = lines_.grants[key_of(grant)];
    line.grant = grant;
    line.ids.push_back(grant.id);
    return {};
  }

  Result<void> read_entities() {
    return tx_.entities().each([&](const EntityRepository::State& state) -> Result<void> {
      TRY(time_.check());
      if (lines_.entities.size() >= policy_lines_max) return too_many("entities");
      lines_.entities[joined_key({state.type, state.id})] = {state.type, state.id,
                                                             state.properties};
      return {};
    });
  }

  Transaction& tx_;
  const PolicyKinds kinds_;
  const TimeBudget& time_;
  PolicyLines lines_;
  std::int64_t grants_ = 0;
};

// Reads what bears the names that some lines do.
class NamedLines {
 public:
  NamedLines(Transaction& tx, const PolicyLines& wanted, const TimeBudget& time)
      : tx_(tx), wanted_(wanted), time_(time) {}

  Result<PolicyLines> read() {
    TRY(time_.in_parts(principals(), [&](auto part) { return read_roles(part); }));
    TRY(time_.in_parts(grants(), [&](auto part) { return read_grants(part); }));
    TRY(time_.in_parts(members(), [&](auto part) { return read_members(part); }));
    TRY(time_.in_parts(entities(), [&](auto part) { return read_entities(part); }));
    return std::move(lines_);
  }

 private:
  std::vector<std::string> principals() const {
    std::vector<std::string> principals;
    for (const auto& [principal, line] : wanted_.roles) principals.push_back(principal);
    return principals;
  }
  // By subject, permission and resource: what is alike comes together.
  std::vector<const Grant*> grants() const {
    std::vector<const Grant*> grants;
    for (const auto& [key, line] : wanted_.grants) grants.push_back(&line.grant);
    return grants;
  }
  std::vector<std::string> members() const {
    std::set<std::string> members;
    for (const auto& [key, line] : wanted_.members) members.insert(line.membership.member);
    return {members.begin(), members.end()};
  }
  std::vector<EntityRepository::Name> entities() const {
    std::vector<EntityRepository::Name> names;
    for (const auto& [key, line] : wanted_.entities) names.push_back({line.type, line.id});
    return names;
  }

  Result<void> read_roles(std::span<const std::string> principals) {
    return tx_.policies().each_about_of(
        principals, [&](const std::string& principal, const std::string& about) {
          const RoleLine& wanted = wanted_.roles.at(principal);
          lines_.roles[principal] = {wanted.kind, wanted.name, about};
        });
  }
  Result<void> read_grants(std::span<const Grant* const> grants) {
    return tx_.policies().each_grant_alike(grants, [&](const Grant& grant) {
      const std::string key = key_of(grant);
      if (wanted_.grants.contains(key)) lines_.grants[key].grant = grant;
    });
  }
  // Of one member there are few.
  Result<void> read_members(std::span<const std::string> members) {
    return tx_.roles().each_membership_of(
        members, [&](const RoleRepository::MembershipState& state) {
          const std::string key = joined_key({state.of.principal, state.member});
          if (!wanted_.members.contains(key)) return;
          Membership& membership = lines_.members[key].membership;
          membership.member = state.member;
          membership.of = state.of.principal;
          membership.expires_at = state.expires_at;
        });
  }
  Result<void> read_entities(std::span<const EntityRepository::Name> names) {
    return tx_.entities().each_of(names, [&](const EntityRepository::State& state) {
      lines_.entities[joined_key({state.type, state.id})] = {state.type, state.id,
                                                             state.properties};
    });
  }

  Transaction& tx_;
  const PolicyLines& wanted_;
  const TimeBudget& time_;
  PolicyLines lines_;
};

std::string at(std::string_view list, std::size_t i) {
  return std::string(list) + '[' + std::to_string(i) + ']';
}

// Reads a document, and collects what is wrong with it.
class DocumentLines {
 public:
  explicit DocumentLines(std::vector<FieldError>& errors) : errors_(errors) {}

  PolicyLines read(const PolicyDocument& document) {
    if (document.roles) add_roles(RoleKind::role, "roles", *document.roles);
    if (document.groups) add_roles(RoleKind::group, "groups", *document.groups);
    if (document.grants) add_grants(*document.grants);
    if (document.entities) add_entities(*document.entities);
    return std::move(lines_);
  }

 private:
  void add_roles(RoleKind kind, std::string_view list, const std::vector<PolicyRole>& roles) {
    for (std::size_t i = 0; i < roles.size(); ++i) {
      const PolicyRole& role = roles[i];
      const std::string place = at(list, i);
      const std::string principal = principal_of(kind, role.name);
      insert(lines_.roles, principal, {kind, role.name, role.about, place});
      if (role.permissions) add_permissions(principal, place, *role.permissions);
      if (role.members) add_members(principal, place, *role.members);
    }
  }

  void add_permissions(const std::string& principal, const std::string& place,
                       const std::vector<PolicyPermission>& permissions) {
    for (std::size_t i = 0; i < permissions.size(); ++i)
      add_grant(permissions[i], principal, permissions[i].permission,
                place + '.' + at("permissions", i));
  }

  void add_members(const std::string& of, const std::string& place,
                   const std::vector<PolicyMember>& members) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      MemberLine line;
      line.membership.member = members[i].member;
      line.membership.of = of;
      line.membership.expires_at = members[i].expires_at;
      line.place = place + '.' + at("members", i);
      const std::string key = joined_key({of, members[i].member});
      insert(lines_.members, key, std::move(line));
    }
  }

  void add_grants(const std::vector<PolicyGrant>& grants) {
    for (std::size_t i = 0; i < grants.size(); ++i) {
      const std::string place = at("grants", i);
      if (policy::is_role_or_group(grants[i].subject)) {
        errors_.push_back({place + ".subject",
                           "belongs to the permissions of that role or group in this document"});
        continue;
      }
      add_grant(grants[i], grants[i].subject, grants[i].action, place);
    }
  }

  void add_grant(const Terms& terms, const std::string& subject, const std::string& permission,
                 std::string place) {
    if (auto checked = check_terms(terms); !checked)
      for (FieldError& wrong : checked.error().fields)
        errors_.push_back({place + '.' + wrong.field, std::move(wrong.message)});
    GrantLine line;
    static_cast<Terms&>(line.grant) = terms;
    line.grant.subject = subject;
    line.grant.permission = permission;
    line.place = std::move(place);
    const std::string key = key_of(line.grant);
    insert(lines_.grants, key, std::move(line));
  }

  void add_entities(const std::vector<PolicyEntity>& entities) {
    for (std::size_t i = 0; i < entities.size(); ++i) {
      const PolicyEntity& entity = entities[i];
      const std::string place = at("entities", i);
      const auto properties = policy::Properties::parse(entity.properties.text);
      if (!properties) {
        errors_.push_back({place + ".properties", properties.error().message});
        continue;
      }
      insert(lines_.entities, joined_key({entity.type, entity.id}),
             {entity.type, entity.id, properties->text(), place});
    }
  }

  template <class Line>
  void insert(std::map<std::string, Line>& lines, const std::string& key, Line line) {
    std::string place = line.place;
    const auto [known, is_new] = lines.emplace(key, std::move(line));
    if (!is_new)
      errors_.push_back({std::move(place), "says again what " + known->second.place + " says"});
  }

  std::vector<FieldError>& errors_;
  PolicyLines lines_;
};

PolicyPermission permission_of(const Grant& grant) {
  PolicyPermission permission;
  static_cast<Terms&>(permission) = grant.terms();
  if (permission.effect == Effect::allow) permission.effect.reset();
  permission.permission = grant.permission;
  return permission;
}

PolicyGrant grant_of(const Grant& grant) {
  PolicyGrant shaped;
  static_cast<Terms&>(shaped) = grant.terms();
  if (shaped.effect == Effect::allow) shaped.effect.reset();
  shaped.subject = grant.subject;
  shaped.action = grant.permission;
  return shaped;
}

}  // namespace

PolicyKinds PolicyKinds::of(const PolicyDocument& document) {
  return {document.roles.has_value(), document.groups.has_value(), document.grants.has_value(),
          document.entities.has_value()};
}

bool PolicyKinds::of_principal(std::string_view principal) const {
  return principal.starts_with("role:") ? roles : principal.starts_with("group:") && groups;
}

Result<PolicyLines> stored_lines(Transaction& tx, const PolicyKinds& kinds,
                                 const TimeBudget& time) {
  return StoredLines(tx, kinds, time).read();
}

Result<PolicyLines> stored_lines_like(Transaction& tx, const PolicyLines& wanted,
                                      const TimeBudget& time) {
  return NamedLines(tx, wanted, time).read();
}

PolicyLines lines_of(const PolicyDocument& document, std::vector<FieldError>& errors) {
  return DocumentLines(errors).read(document);
}

PolicyDocument document_of(const PolicyLines& lines, const PolicyKinds& kinds) {
  PolicyDocument document;
  if (kinds.roles) document.roles.emplace();
  if (kinds.groups) document.groups.emplace();
  if (kinds.grants) document.grants.emplace();
  if (kinds.entities) document.entities.emplace();
  std::map<std::string_view, PolicyRole> roles;
  for (const auto& [principal, line] : lines.roles)
    roles[principal] = {line.name, line.about, std::vector<PolicyPermission>{},
                        std::vector<PolicyMember>{}};
  for (const auto& [key, line] : lines.grants) {
    const auto role = roles.find(line.grant.subject);
    if (role != roles.end()) {
      role->second.permissions->push_back(permission_of(line.grant));
    } else if (document.grants) {
      document.grants->push_back(grant_of(line.grant));
    }
  }
  for (const auto& [key, line] : lines.members)
    roles[line.membership.of].members->push_back(
        {line.membership.member, line.membership.expires_at});
  for (auto& [principal, role] : roles)
    (principal.starts_with("role:") ? document.roles : document.groups)->push_back(std::move(role));
  for (const auto& [key, line] : lines.entities)
    document.entities->push_back({line.type, line.id, {line.properties}});
  return document;
}

std::string shown(const Grant& grant) {
  std::string text = grant.subject + ": ";
  text.append(to_string(grant.decides())).append(" ").append(grant.permission);
  if (grant.resource) text += " on " + *grant.resource;
  if (grant.not_before) text += " from " + time_text(grant.not_before);
  if (grant.expires_at) text += " until " + time_text(grant.expires_at);
  if (grant.max_uses) text += " at most " + std::to_string(*grant.max_uses) + " times";
  if (grant.when) text += " when " + *grant.when;
  return text;
}

std::string shown(const Membership& membership) {
  return membership.of + ": member " + membership.member +
         (membership.expires_at ? " until " + time_text(membership.expires_at) : "");
}

std::string shown(const EntityLine& entity) {
  static constexpr std::size_t shown_max = 200;
  std::string text = "entity " + entity.type + ':' + entity.id + ' ';
  return text + (entity.properties.size() > shown_max ? "{...}" : entity.properties);
}

}  // namespace agentauth::internal

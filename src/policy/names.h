// How principals and resources are named in grants and requests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agentauth::policy {

inline constexpr std::size_t type_characters_max = 64;
inline constexpr std::size_t id_bytes_max = 256;
inline constexpr std::size_t entity_characters_max = type_characters_max + 1 + id_bytes_max;

// 1 to 64 of A-Z a-z 0-9 _ . -: the type of an entity, and the name of a role or group.
bool is_type(std::string_view text);
// 1 to 256 bytes of UTF-8 without control characters: ids belong to whoever hands them out.
bool is_id(std::string_view text);

// `type:id`; the id may hold more colons.
struct EntityName {
  std::string_view type;
  std::string_view id;

  std::string to_string() const;
  bool operator==(const EntityName&) const = default;
};
// Views into `text`.
std::optional<EntityName> parse_entity(std::string_view text);

inline constexpr std::string_view agent_type = "agent";
inline constexpr std::string_view role_type = "role";
inline constexpr std::string_view group_type = "group";
inline constexpr std::string_view every_agent = "agent:*";

// Whom a grant may name: agent:UUID, agent:* (every agent), role:NAME, group:NAME, or any other
// type:ID that needs no registration, `user:alice`.
bool is_principal(std::string_view text);
// What others may be a member of: role:NAME or group:NAME.
bool is_role_or_group(std::string_view text);

// What a grant is about. Views into the text it was read from.
struct ResourcePattern {
  enum class Kind : std::uint8_t {
    any,     // no pattern: whatever is asked for, and requests about nothing in particular
    exact,   // type:id
    prefix,  // type:id* (type:* is every resource of the type)
  };
  Kind kind = Kind::any;
  std::string_view type;
  std::string_view id;  // of `prefix`: what ids begin with

  bool matches(const EntityName& resource) const;
};
// Empty text: any. Nothing when it is no pattern.
std::optional<ResourcePattern> parse_resource_pattern(std::string_view text);
bool is_resource_pattern(std::string_view text);

// Whether every resource that `narrow` matches is one that `wide` matches.
bool covers(const ResourcePattern& wide, const ResourcePattern& narrow);

}  // namespace agentauth::policy

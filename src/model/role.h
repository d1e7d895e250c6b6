// Roles and groups: names that others are members of, and that grants are given to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/time.h"
#include "base/uuid.h"

namespace agentauth {

using RoleId = Id<struct RoleTag>;
using MembershipId = Id<struct MembershipTag>;

// A role and a group differ in what people mean by them, and in nothing else: either may hold
// grants, and be a member of the other.
enum class RoleKind : std::uint8_t { role, group };
std::string_view to_string(RoleKind kind);

struct Role {
  RoleId id;
  std::string principal;  // role:NAME or group:NAME
  std::string name;
  std::string about;
  Timestamp created_at;

  static constexpr auto fields() {
    return std::array{
        field<&Role::id>({.name = "id"}),
        field<&Role::principal>({.name = "principal", .max = 70, .example = "role:weather_reader"}),
        field<&Role::name>({.name = "name", .max = 64, .example = "weather_reader"}),
        field<&Role::about>(
            {.name = "about", .min = 0, .max = 255, .example = "Reads the weather"}),
        field<&Role::created_at>({.name = "created_at"}),
    };
  }
};

// That a principal is a member of a role or group, possibly until some time.
struct Membership {
  MembershipId id;
  std::string member;  // agent:UUID, role:NAME, group:NAME or another type:ID
  std::string of;      // role:NAME or group:NAME
  std::optional<Timestamp> expires_at;
  Timestamp created_at;

  static constexpr auto fields() {
    return std::array{
        field<&Membership::id>({.name = "id"}),
        field<&Membership::member>({.name = "member", .max = 321, .example = "user:alice"}),
        field<&Membership::of>({.name = "of", .max = 70, .example = "role:weather_reader"}),
        field<&Membership::expires_at>({.name = "expires_at"}),
        field<&Membership::created_at>({.name = "created_at"}),
    };
  }
};

}  // namespace agentauth

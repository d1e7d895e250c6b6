// That a subject may do something, or may not: one line, or one line with terms.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "model/agent.h"
#include "model/permission.h"

namespace agentauth {

using GrantId = Id<struct GrantTag>;

// allow: lets it be done. deny: forbids it, whatever else allows it. audit: decides nothing; what
// it matches is put on record.
enum class Effect : std::uint8_t { allow, deny, audit };
std::string_view to_string(Effect effect);
bool parse(std::string_view text, Effect& effect);

inline constexpr std::int64_t max_uses_max = 1'000'000'000;

// What a grant says beyond who and what. Without any: allowed, for everything, always.
struct Terms {
  std::optional<std::string> resource;  // type:id, type:prefix* or type:*
  std::optional<Effect> effect;         // absent: allow
  std::optional<std::string> when;      // a condition
  std::optional<Timestamp> not_before;
  std::optional<Timestamp> expires_at;
  std::optional<std::int64_t> max_uses;  // on all nodes together

  Effect decides() const { return effect.value_or(Effect::allow); }
  bool any() const {
    return resource || decides() != Effect::allow || when || not_before || expires_at || max_uses;
  }
  bool operator==(const Terms& other) const {
    return resource == other.resource && decides() == other.decides() && when == other.when &&
           not_before == other.not_before && expires_at == other.expires_at &&
           max_uses == other.max_uses;
  }
};

// Their fields, in requests and answers. `Object` is the type that has them.
template <class Object>
constexpr auto term_fields() {
  return std::array{
      field<&Terms::resource, Object>({.name = "resource",
                                       .max = 321,
                                       .example = "city:berlin",
                                       .about = "type:id, type:prefix* or type:*; all if absent"}),
      field<&Terms::effect, Object>({.name = "effect",
                                     .rule = "must be allow, deny or audit",
                                     .example = "allow",
                                     .about = "allow, deny (wins over any allow) or audit"}),
      field<&Terms::when, Object>({.name = "when",
                                   .max = 1024,
                                   .example = "context.amount < 500",
                                   .about = "A condition; see the guide to authorization"}),
      field<&Terms::not_before, Object>({.name = "not_before"}),
      field<&Terms::expires_at, Object>({.name = "expires_at"}),
      field<&Terms::max_uses, Object>({.name = "max_uses",
                                       .max = max_uses_max,
                                       .example = "20",
                                       .about = "How often it may be used, on all nodes together"}),
  };
}

struct Grant : Terms {
  GrantId id;
  std::string subject;     // agent:UUID, agent:*, role:NAME, group:NAME or another type:ID
  std::string permission;  // the action
  Timestamp created_at;

  const Terms& terms() const { return *this; }

  static constexpr auto fields() {
    return joined(joined(std::array{field<&Grant::id>({.name = "id"}),
                                    field<&Grant::subject>(
                                        {.name = "subject", .max = 321, .example = "user:alice"}),
                                    field<&Grant::permission>({.name = "action",
                                                               .max = permission_characters_max,
                                                               .example = "read_weather"})},
                         term_fields<Grant>()),
                  std::array{field<&Grant::created_at>({.name = "created_at"})});
  }
};

// The same, as an agent's permissions show it.
struct AgentGrant : Grant {
  AgentId agent_id;

  static constexpr auto fields() {
    return joined(
        joined(std::array{field<&Grant::id, AgentGrant>({.name = "id"}),
                          field<&AgentGrant::agent_id>({.name = "agent_id"}),
                          field<&Grant::permission, AgentGrant>({.name = "permission",
                                                                 .max = permission_characters_max,
                                                                 .example = "read_weather"})},
               term_fields<AgentGrant>()),
        std::array{field<&Grant::created_at, AgentGrant>({.name = "created_at"})});
  }
};

// And as those of a role or group do.
struct RoleGrant : Grant {
  static constexpr auto fields() {
    return joined(
        joined(std::array{field<&Grant::id, RoleGrant>({.name = "id"}),
                          field<&Grant::subject, RoleGrant>(
                              {.name = "subject", .max = 321, .example = "role:weather_reader"}),
                          field<&Grant::permission, RoleGrant>({.name = "permission",
                                                                .max = permission_characters_max,
                                                                .example = "read_weather"})},
               term_fields<RoleGrant>()),
        std::array{field<&Grant::created_at, RoleGrant>({.name = "created_at"})});
  }
};

// That a grant allowed something that somebody acted on.
struct GrantUse {
  Uuid id{};                    // of the grant; of a plain permission, the agent that holds it
  std::string_view permission;  // of a plain permission, else empty
  Timestamp at{};
};

// Uses are told apart by the hour: a report that is read once in a month needs no more, and a grant
// that is always in use is written down 24 times a day.
inline constexpr std::chrono::hours grant_use_unit{1};

// A grant with its last use; for those that look for what is not needed.
struct UnusedGrant : Grant {
  std::optional<Timestamp> last_used_at;  // the hour in which that was begins here
  Timestamp counted_since;                // nothing is known of uses before

  static constexpr auto fields() {
    return joined(
        joined(std::array{field<&Grant::id, UnusedGrant>({.name = "id"}),
                          field<&Grant::subject, UnusedGrant>(
                              {.name = "subject", .max = 321, .example = "role:weather_reader"}),
                          field<&Grant::permission, UnusedGrant>({.name = "action",
                                                                  .max = permission_characters_max,
                                                                  .example = "read_weather"})},
               term_fields<UnusedGrant>()),
        std::array{
            field<&Grant::created_at, UnusedGrant>({.name = "created_at"}),
            field<&UnusedGrant::last_used_at>(
                {.name = "last_used_at",
                 .about = "Where the hour begins in which it last allowed something; null: never"}),
            field<&UnusedGrant::counted_since>(
                {.name = "counted_since", .about = "Nothing is known of uses before"})});
  }
};

// "agent:" and the id: how a grant names an agent.
std::string subject_of(AgentId id);
// The agent that a subject names, if it is one.
std::optional<AgentId> agent_of(std::string_view subject);

}  // namespace agentauth

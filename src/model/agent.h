// An agent: the identity that everything else belongs to.
#pragma once

#include <array>
#include <string>

#include "base/fields.h"
#include "base/time.h"
#include "base/uuid.h"

namespace agentauth {

using AgentId = Id<struct AgentTag>;

enum class AgentStatus : std::uint8_t { active, suspended };

std::string_view to_string(AgentStatus status);
bool parse(std::string_view text, AgentStatus& status);

struct Agent {
  AgentId agent_id;
  std::string agent_name;  // not unique: the id is the identity
  std::string owner_email;
  AgentStatus status = AgentStatus::active;
  Labels labels;
  Timestamp created_at;
  Timestamp updated_at;

  // Also of those that inherit them.
  template <class Object = Agent>
  static constexpr auto fields() {
    return std::array{
        field<&Agent::agent_id, Object>({.name = "agent_id"}),
        field<&Agent::agent_name, Object>(
            {.name = "agent_name", .max = 128, .example = "WeatherBot"}),
        field<&Agent::owner_email, Object>(
            {.name = "owner_email", .max = 254, .example = "ops@example.com"}),
        field<&Agent::status, Object>(
            {.name = "status", .example = "active", .about = "active or suspended"}),
        field<&Agent::labels, Object>({.name = "labels", .min = 0, .max = 32}),
        field<&Agent::created_at, Object>({.name = "created_at"}),
        field<&Agent::updated_at, Object>({.name = "updated_at"}),
    };
  }
};

// What two people would read as two names is two names: no blank before or behind.
bool is_agent_name(std::string_view text);

// One @ with something on both sides, no spaces or empty labels, at most 254 characters (RFC
// 5321 4.5.3.1): enough to catch a slip; whether mail arrives only mail can tell.
bool is_email(std::string_view text);

// What two spellings of an owner's address have in common: the address without the case of its
// ASCII letters, before the @ too. RFC 5321 2.4 leaves that part to the host, but no host in use
// tells case apart there, and a kill switch that misses agents of a careless spelling is worse.
std::string owner_identity(std::string_view email);

// Fields that several requests share.
inline constexpr FieldRule agent_name_rule{.name = "agent_name",
                                           .max = 128,
                                           .valid = is_agent_name,
                                           .rule = "must not begin or end with a blank",
                                           .example = "WeatherBot"};
inline constexpr FieldRule owner_email_rule{.name = "owner_email",
                                            .min = 3,
                                            .max = 254,
                                            .valid = is_email,
                                            .rule = "must be an e-mail address",
                                            .example = "ops@example.com"};
inline constexpr FieldRule agent_id_in_path{
    .name = "id", .place = Place::path, .about = "The agent's id"};
inline constexpr std::int64_t page_items_max = 1000;
inline constexpr std::int64_t page_items_default = 100;
inline constexpr FieldRule page_limit{.name = "limit",
                                      .max = page_items_max,
                                      .place = Place::query,
                                      .example = "100",
                                      .about = "Items a page; 100 when absent"};
inline constexpr FieldRule page_cursor{
    .name = "cursor", .max = 512, .place = Place::query, .about = "next_cursor of the page before"};

}  // namespace agentauth

#include "policy/names.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/uuid.h"

namespace agentauth::policy {
namespace {

bool is_type_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

}  // namespace

bool is_type(std::string_view text) {
  return !text.empty() && text.size() <= type_characters_max &&
         std::all_of(text.begin(), text.end(), is_type_character);
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= id_bytes_max &&
         std::none_of(text.begin(), text.end(), is_control) && is_utf8(text);
}

std::string EntityName::to_string() const { return std::string(type).append(":").append(id); }

std::optional<EntityName> parse_entity(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const EntityName name{text.substr(0, colon), text.substr(colon + 1)};
  if (!is_type(name.type) || !is_id(name.id)) return std::nullopt;
  return name;
}

bool is_principal(std::string_view text) {
  if (text == every_agent) return true;
  const auto name = parse_entity(text);
  if (!name) return false;
  if (name->type == agent_type) {
    // One spelling of each: a deny must not miss its agent by the case of a letter.
    const auto id = Uuid::parse(name->id);
    return id && id->to_string() == name->id;
  }
  if (name->type == role_type || name->type == group_type) return is_type(name->id);
  return !name->id.ends_with('*');
}

bool is_role_or_group(std::string_view text) {
  return is_principal(text) && (text.starts_with("role:") || text.starts_with("group:"));
}

bool ResourcePattern::matches(const EntityName& resource) const {
  switch (kind) {
    case Kind::any:
      return true;
    case Kind::exact:
      return resource.type == type && resource.id == id;
    case Kind::prefix:
      return resource.type == type && resource.id.starts_with(id);
  }
  return false;
}

std::optional<ResourcePattern> parse_resource_pattern(std::string_view text) {
  if (text.empty()) return ResourcePattern{};
  const auto name = parse_entity(text);
  if (!name) return std::nullopt;
  ResourcePattern pattern{ResourcePattern::Kind::exact, name->type, name->id};
  if (pattern.id.ends_with('*')) {
    pattern.kind = ResourcePattern::Kind::prefix;
    pattern.id.remove_suffix(1);
  }
  return pattern;
}

// What parses may have been written by an earlier version: a `*` that stands for itself. Whoever
// writes one now means something else by it.
bool is_resource_pattern(std::string_view text) {
  const std::size_t star = text.find('*');
  return !text.empty() && (star == text.npos || star + 1 == text.size()) &&
         parse_resource_pattern(text).has_value();
}

bool covers(const ResourcePattern& wide, const ResourcePattern& narrow) {
  using Kind = ResourcePattern::Kind;
  if (wide.kind == Kind::any) return true;
  if (narrow.kind == Kind::any || narrow.type != wide.type) return false;
  if (wide.kind == Kind::exact) return narrow.kind == Kind::exact && narrow.id == wide.id;
  return narrow.id.starts_with(wide.id);
}

}  // namespace agentauth::policy

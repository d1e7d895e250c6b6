#include "model/grant.h"

#include <algorithm>

namespace agentauth {
namespace {

constexpr std::string_view agent_prefix = "agent:";
constexpr std::array<std::string_view, 3> effects = {"allow", "deny", "audit"};

}  // namespace

std::string_view to_string(Effect effect) { return effects[static_cast<std::size_t>(effect)]; }

bool parse(std::string_view text, Effect& effect) {
  const auto found = std::find(effects.begin(), effects.end(), text);
  if (found == effects.end()) return false;
  effect = static_cast<Effect>(found - effects.begin());
  return true;
}

std::string subject_of(AgentId id) { return std::string(agent_prefix) + id.to_string(); }

std::optional<AgentId> agent_of(std::string_view subject) {
  if (!subject.starts_with(agent_prefix)) return std::nullopt;
  return AgentId::parse(subject.substr(agent_prefix.size()));
}

}  // namespace agentauth

#include "model/agent.h"

namespace agentauth {

std::string_view to_string(AgentStatus status) {
  return status == AgentStatus::active ? "active" : "suspended";
}

bool parse(std::string_view text, AgentStatus& status) {
  for (const AgentStatus candidate : {AgentStatus::active, AgentStatus::suspended}) {
    if (text != to_string(candidate)) continue;
    status = candidate;
    return true;
  }
  return false;
}

bool is_agent_name(std::string_view text) {
  return text.find_first_not_of(' ') == 0 && text.back() != ' ';
}

bool is_email(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254) return false;
  const std::string_view domain = text.substr(at + 1);
  if (domain.empty()) return false;
  for (const std::string_view part : {text.substr(0, at), domain})
    if (part.front() == '.' || part.back() == '.' || part.find("..") != part.npos) return false;
  if (domain.front() == '-' || domain.back() == '-' || domain.find(".-") != domain.npos ||
      domain.find("-.") != domain.npos)
    return false;
  return domain.find_first_of("@ \t,;<>()\"") == std::string_view::npos &&
         text.substr(0, at).find_first_of(" \t,;<>()\"") == std::string_view::npos;
}

}  // namespace agentauth

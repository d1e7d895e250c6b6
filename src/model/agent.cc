#include "model/agent.h"

#include <algorithm>
#include <iterator>

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

// Blanks, narrow, wide and unbroken, and what joins nothing: a name that begins or ends with one
// looks like the name without.
constexpr std::string_view unseen_at_the_edge[] = {
    " ",      "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
    "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A",
    "\u200C", "\u200D", "\u202F", "\u205F", "\u2800", "\u3000", "\uFE0F",
};

bool is_agent_name(std::string_view text) {
  return !text.empty() && std::none_of(std::begin(unseen_at_the_edge), std::end(unseen_at_the_edge),
                                       [&](std::string_view unseen) {
                                         return text.starts_with(unseen) || text.ends_with(unseen);
                                       });
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

std::string owner_identity(std::string_view email) {
  std::string identity(email);
  for (char& c : identity)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return identity;
}

}  // namespace agentauth

// What conditions see without anybody's saying so: the guide to conditions lists exactly these
// names.
#pragma once

#include <array>
#include <string_view>

namespace agentauth::policy {

// Of `context`. From where and with what our own routes were called, or a gateway's were.
inline constexpr std::string_view context_address = "address";
inline constexpr std::string_view context_method = "method";
inline constexpr std::string_view context_host = "host";  // of a gateway's
inline constexpr std::array supplied_context = {context_address, context_method, context_host};

// Of an agent's `properties`, beside its labels.
inline constexpr std::string_view agent_name_property = "name";
inline constexpr std::string_view agent_owner_property = "owner";
inline constexpr std::array supplied_of_agents = {agent_name_property, agent_owner_property};

}  // namespace agentauth::policy

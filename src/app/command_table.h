// Every command: its words, what it takes, what it says of itself. Parsing, help, completion and
// the reference page read this table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace agentauth::app {

enum class CommandId : std::uint8_t {
  serve,
  admin_create,
  agent_list,
  agent_show,
  agent_create,
  agent_update,
  agent_suspend,
  agent_resume,
  agent_revoke_tokens,
  agent_delete,
  permission_list,
  permission_grant,
  permission_revoke,
  role_list,
  role_show,
  role_create,
  role_delete,
  role_grant,
  role_revoke,
  role_add_member,
  role_remove_member,
  group_list,
  group_show,
  group_create,
  group_delete,
  group_grant,
  group_revoke,
  group_add_member,
  group_remove_member,
  grant_list,
  grant_put,
  grant_delete,
  grant_unused,
  policy_apply,
  policy_diff,
  policy_export,
  policy_test,
  policy_simulate,
  policy_who_can,
  policy_what_can,
  policy_import,
  key_list,
  key_create,
  key_rotate,
  key_revoke,
  gateway_routes,
  limits_show,
  limits_apply,
  check,
  explain,
  ready,
  audit_tail,
  audit_verify,
  audit_export,
  signing_key_list,
  signing_key_rotate,
  signing_key_adopt,
  backup,
  restore,
  migrate,
  config,
  doctor,
  completion,
  version,
  help,
};

// Which commands take an option.
class CommandSet {
 public:
  constexpr CommandSet(std::initializer_list<CommandId> ids) {
    for (const CommandId id : ids) words_[word(id)] |= bit(id);
  }
  constexpr bool contains(CommandId id) const { return (words_[word(id)] & bit(id)) != 0; }
  constexpr CommandSet operator|(CommandSet other) const {
    for (std::size_t i = 0; i < words_.size(); ++i) other.words_[i] |= words_[i];
    return other;
  }
  constexpr bool operator==(const CommandSet&) const = default;

 private:
  static constexpr std::size_t word(CommandId id) { return static_cast<std::size_t>(id) / 64; }
  static constexpr std::uint64_t bit(CommandId id) {
    return std::uint64_t{1} << (static_cast<unsigned>(id) % 64);
  }
  std::array<std::uint64_t, 2> words_{};
};

struct Positional {
  std::string_view name;  // as help spells it: AGENT
  std::string_view about;
  bool required = true;
  bool repeats = false;           // only the last one may
  std::string_view choices = {};  // separated by |, for completion and for the check
};

struct Command {
  CommandId id;
  std::string_view name;  // one word, or group and word: "agent create"
  std::string_view about;
  std::span<const Positional> positionals = {};
  std::string_view example = {};
  std::string_view note = {};  // what a person should know besides
};

// Commands of two words share their first with a group.
struct CommandGroup {
  std::string_view name;
  std::string_view about;
};

std::span<const Command> commands();
std::span<const CommandGroup> command_groups();

const Command& command(CommandId id);
// nullptr when there is none of that name.
const Command* find_command(std::string_view name);
const CommandGroup* find_command_group(std::string_view name);
// "agent" for "agent create", nothing for "serve".
std::string_view group_of(const Command& command);
// "create" for "agent create".
std::string_view last_word(const Command& command);

}  // namespace agentauth::app

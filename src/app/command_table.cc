#include "app/command_table.h"

#include <algorithm>
#include <array>

namespace agentauth::app {
namespace {

constexpr std::string_view agent_about =
    "its id, its name if only one agent has it, or \"me\" for the key's own agent";
constexpr std::string_view permission_about =
    "segments joined by ':', such as read_weather or agentauth:agents:read";

constexpr std::array<Positional, 1> new_agent{{{"NAME", "1 to 128 characters"}}};
constexpr std::array<Positional, 1> one_agent{{{"AGENT", agent_about}}};
constexpr std::array<Positional, 1> agent_unless_owner{
    {{"AGENT", "its id, its name if only one agent has it, or \"me\"; not with --owner", false}}};
constexpr std::array<Positional, 2> agent_and_permission{
    {{"AGENT", agent_about}, {"PERMISSION", permission_about}}};
constexpr std::array<Positional, 2> agent_and_key{
    {{"AGENT", agent_about}, {"KEY", "the key's id, or its public part (kid)"}}};
constexpr std::array<Positional, 2> agent_and_key_to_rotate{
    {{"AGENT", agent_about},
     {"KEY", "the key's id, or its public part (kid); with AGENT \"me\" the key in use", false}}};
constexpr std::array<Positional, 3> question{{{"AGENT", agent_about},
                                              {"PERMISSION", permission_about},
                                              {"RESOURCE", "what it would be done to", false}}};
constexpr std::string_view subject_about =
    "user:alice or another type:id, role:NAME, group:NAME, agent:*, or an agent as AGENT";
constexpr std::array<Positional, 1> role_name{{{"NAME", "1 to 64 of A-Z a-z 0-9 _ . -"}}};
constexpr std::array<Positional, 2> role_and_permission{
    {{"NAME", "of the role or group"}, {"PERMISSION", permission_about}}};
constexpr std::array<Positional, 2> role_and_member{
    {{"NAME", "of the role or group"}, {"MEMBER", subject_about}}};
constexpr std::array<Positional, 2> subject_and_action{
    {{"SUBJECT", subject_about}, {"ACTION", permission_about}}};
constexpr std::array<Positional, 1> grant_id{{{"ID", "as \"grant list\" prints it"}}};
constexpr std::array<Positional, 1> policy_file{
    {{"FILE", "JSON as \"policy export\" prints it, or a part of it"}}};
constexpr std::array<Positional, 1> export_file{
    {{"FILE", "where to write it; standard output without it", false}}};
constexpr std::array<Positional, 1> tests_file{
    {{"FILE", "JSON: {\"tests\":[{\"allow\":{...}},{\"deny\":{...}},{\"list\":{...}}]}"}}};
constexpr std::array<Positional, 4> simulated_change{
    {{"FILE",
      "JSON: {\"change\":{...},\"evaluations\":[...]}, as POST /access/v1/simulate takes it"},
     {"SUBJECT", "asked in place of the file's evaluations", false},
     {"ACTION", "a permission, without *", false},
     {"RESOURCE", "type:id", false}}};
constexpr std::array<Positional, 2> who_question{
    {{"ACTION", "a permission, without *"}, {"RESOURCE", "type:id", false}}};
constexpr std::array<Positional, 2> what_question{
    {{"SUBJECT", subject_about}, {"RESOURCE", "type:id", false}}};
constexpr std::array<Positional, 3> why_question{{{"SUBJECT", subject_about},
                                                  {"ACTION", "a permission, without *"},
                                                  {"RESOURCE", "type:id", false}}};
constexpr std::array<Positional, 1> casbin_policy{{{"POLICY", "the policy, as CSV"}}};
constexpr std::array<Positional, 1> limits_file{
    {{"FILE", "JSON as \"limits show --json\" prints it"}}};
constexpr std::array<Positional, 2> routes_file{
    {{"ACTION", "show them, or replace all of them", true, false, "get|put"},
     {"FILE", "JSON as \"get\" prints it; with \"get\" where to write it", false}}};
constexpr std::array<Positional, 1> shell{
    {{"SHELL", "which shell to write it for", true, false, "bash|zsh"}}};
constexpr std::array<Positional, 1> topic{
    {{"COMMAND", "a command, or \"reference\" and a page's name", false, true}}};

constexpr auto groups = std::to_array<CommandGroup>({
    {"admin", "Administrators, straight on the database"},
    {"agent", "Agents, over HTTP"},
    {"permission", "What agents may do, over HTTP"},
    {"role", "Roles: permissions under a name, over HTTP"},
    {"group", "Groups: members under a name, over HTTP"},
    {"grant", "Grants to any subject, with terms, over HTTP"},
    {"policy", "The whole policy as a file"},
    {"key", "API keys of agents, over HTTP"},
    {"audit", "The record of what was done"},
    {"gateway", "What gateways ask about, over HTTP"},
    {"limits", "Rate limits, over HTTP"},
    {"signing-key", "Keys that sign access tokens, straight on the database"},
});

constexpr auto table = std::to_array<Command>({
    {.id = CommandId::serve,
     .name = "serve",
     .about = "Run the server",
     .example = "agentauth serve --dev",
     .note =
         "Writes \"agentauth ready on URL\" to standard output when it answers, and its "
         "process id to DATA_DIR/agentauth.pid; of several servers that share the folder the last "
         "one that became ready stands there. SIGTERM or SIGINT drains and ends it, a second one "
         "ends it at once; SIGHUP reads the options and files again: log level and, for new "
         "connections, "
         "certificate and key take effect at once, a log line names what needs a restart, and a "
         "mistake leaves everything as it was."},
    {.id = CommandId::admin_create,
     .name = "admin create",
     .about = "Create an administrator, whether or not a server runs",
     .positionals = new_agent,
     .example = "agentauth admin create root --email ops@example.com --json",
     .note = "The key is printed once and cannot be read again; a running server knows it by then. "
             "Whoever can run this command on the database is trusted with it. A database that is "
             "not there is made, and a line on standard error says so."},
    {.id = CommandId::agent_list,
     .name = "agent list",
     .about = "List agents",
     .example = "agentauth agent list --status suspended"},
    {.id = CommandId::agent_show,
     .name = "agent show",
     .about = "Show one agent",
     .positionals = one_agent,
     .example = "agentauth agent show WeatherBot"},
    {.id = CommandId::agent_create,
     .name = "agent create",
     .about = "Register an agent and print its first key, once",
     .positionals = new_agent,
     .example = "agentauth agent create WeatherBot --email weather@example.com",
     .note = "Needs no key where registration is open, --registration-token where it is by token, "
             "and a key that holds agentauth:agents:write where it is closed."},
    {.id = CommandId::agent_update,
     .name = "agent update",
     .about = "Change an agent's name, owner or labels",
     .positionals = one_agent,
     .example = "agentauth agent update WeatherBot --label team=sky",
     .note = "Labels are replaced as a whole; --label '' takes all of them away."},
    {.id = CommandId::agent_suspend,
     .name = "agent suspend",
     .about = "Stop an agent: its keys and tokens end with the next request",
     .positionals = agent_unless_owner,
     .example = "agentauth agent suspend --owner ops@example.com",
     .note = "With --owner all agents of that owner, at once, or none of them."},
    {.id = CommandId::agent_resume,
     .name = "agent resume",
     .about = "Let a suspended agent work again",
     .positionals = agent_unless_owner,
     .example = "agentauth agent resume WeatherBot",
     .note = "With --owner all agents of that owner, at once, or none of them."},
    {.id = CommandId::agent_revoke_tokens,
     .name = "agent revoke-tokens",
     .about = "Revoke all tokens an agent has; its keys stay",
     .positionals = one_agent,
     .example = "agentauth agent revoke-tokens WeatherBot",
     .note = "With AGENT \"me\", also the one this command logged in with."},
    {.id = CommandId::agent_delete,
     .name = "agent delete",
     .about = "Delete an agent with its keys and permissions, for good",
     .positionals = one_agent,
     .example = "agentauth agent delete WeatherBot",
     .note = "With AGENT \"me\" only with --yes: the key in hand ends with its agent."},
    {.id = CommandId::permission_list,
     .name = "permission list",
     .about = "List what an agent holds",
     .positionals = one_agent,
     .example = "agentauth permission list WeatherBot"},
    {.id = CommandId::permission_grant,
     .name = "permission grant",
     .about = "Give an agent a permission, possibly with terms",
     .positionals = agent_and_permission,
     .example = "agentauth permission grant WeatherBot read_weather"},
    {.id = CommandId::permission_revoke,
     .name = "permission revoke",
     .about = "Take a permission away; the next request feels it",
     .positionals = agent_and_permission,
     .example = "agentauth permission revoke WeatherBot read_weather",
     .note = "Without --resource and --effect all grants of it that allow."},
    {.id = CommandId::role_list,
     .name = "role list",
     .about = "List roles",
     .example = "agentauth role list"},
    {.id = CommandId::role_show,
     .name = "role show",
     .about = "Show a role, its permissions and its members",
     .positionals = role_name,
     .example = "agentauth role show weather_readers"},
    {.id = CommandId::role_create,
     .name = "role create",
     .about = "Create a role",
     .positionals = role_name,
     .example = "agentauth role create weather_readers --about 'Read the weather'",
     .note = "One that is there stays, with its permissions and members; only --about changes it."},
    {.id = CommandId::role_delete,
     .name = "role delete",
     .about = "Delete a role with its permissions and memberships",
     .positionals = role_name,
     .example = "agentauth role delete weather_readers"},
    {.id = CommandId::role_grant,
     .name = "role grant",
     .about = "Give a role a permission, possibly with terms",
     .positionals = role_and_permission,
     .example = "agentauth role grant weather_readers read_weather --resource 'city:*'"},
    {.id = CommandId::role_revoke,
     .name = "role revoke",
     .about = "Take a permission away from a role",
     .positionals = role_and_permission,
     .example = "agentauth role revoke weather_readers read_weather"},
    {.id = CommandId::role_add_member,
     .name = "role add-member",
     .about = "Make a subject a member of a role, or change until when",
     .positionals = role_and_member,
     .example = "agentauth role add-member weather_readers WeatherBot"},
    {.id = CommandId::role_remove_member,
     .name = "role remove-member",
     .about = "End a membership of a role",
     .positionals = role_and_member,
     .example = "agentauth role remove-member weather_readers user:alice"},
    {.id = CommandId::group_list,
     .name = "group list",
     .about = "List groups",
     .example = "agentauth group list"},
    {.id = CommandId::group_show,
     .name = "group show",
     .about = "Show a group, its permissions and its members",
     .positionals = role_name,
     .example = "agentauth group show weather_readers"},
    {.id = CommandId::group_create,
     .name = "group create",
     .about = "Create a group",
     .positionals = role_name,
     .example = "agentauth group create weather_readers --about 'Read the weather'",
     .note = "One that is there stays, with its permissions and members; only --about changes it."},
    {.id = CommandId::group_delete,
     .name = "group delete",
     .about = "Delete a group with its permissions and memberships",
     .positionals = role_name,
     .example = "agentauth group delete weather_readers"},
    {.id = CommandId::group_grant,
     .name = "group grant",
     .about = "Give a group a permission, possibly with terms",
     .positionals = role_and_permission,
     .example = "agentauth group grant weather_readers read_weather --resource 'city:*'"},
    {.id = CommandId::group_revoke,
     .name = "group revoke",
     .about = "Take a permission away from a group",
     .positionals = role_and_permission,
     .example = "agentauth group revoke weather_readers read_weather"},
    {.id = CommandId::group_add_member,
     .name = "group add-member",
     .about = "Make a subject a member of a group, or change until when",
     .positionals = role_and_member,
     .example = "agentauth group add-member weather_readers WeatherBot"},
    {.id = CommandId::group_remove_member,
     .name = "group remove-member",
     .about = "End a membership of a group",
     .positionals = role_and_member,
     .example = "agentauth group remove-member weather_readers user:alice"},
    {.id = CommandId::grant_list,
     .name = "grant list",
     .about = "List all grants, or those of one subject",
     .example = "agentauth grant list --subject user:alice"},
    {.id = CommandId::grant_put,
     .name = "grant put",
     .about = "Grant to any subject, or replace the grant of an id",
     .positionals = subject_and_action,
     .example = "agentauth grant put user:alice read_weather --resource city:berlin"},
    {.id = CommandId::grant_delete,
     .name = "grant delete",
     .about = "Take one grant away",
     .positionals = grant_id,
     .example = "agentauth grant delete 5ae8c9b0-3b4e-4b5c-9d2b-6a3e1f7c8d90"},
    {.id = CommandId::grant_unused,
     .name = "grant unused",
     .about = "List grants that nobody has used since a time, or ever",
     .example = "agentauth grant unused --since 30d",
     .note = "With --since those that were there by then. COUNTED_SINCE says from when on uses of "
             "a grant are known: one that is later than --since may have been used before."},
    {.id = CommandId::policy_apply,
     .name = "policy apply",
     .about = "Make the policy equal to a file's, all or nothing, and print what changed",
     .positionals = policy_file,
     .example = "agentauth policy apply policy.json --dry-run",
     .note = "A list that is not in the file (roles, groups, grants or entities) is left alone; of "
             "one that is, what the file does not list is removed, unless --keep is said. Nobody "
             "applies more than it may grant, and no apply leaves no administrator."},
    {.id = CommandId::policy_diff,
     .name = "policy diff",
     .about = "Print what applying a file would change, and change nothing",
     .positionals = policy_file,
     .example = "agentauth policy diff policy.json",
     .note = "Prints \"no changes\" when the policy is the file's. Exit code 0 either way."},
    {.id = CommandId::policy_export,
     .name = "policy export",
     .about = "Print the whole policy, one line an entry, to be kept and applied elsewhere",
     .positionals = export_file,
     .example = "agentauth policy export policy.json",
     .note = "The same policy, the same text: it can be kept under version control."},
    {.id = CommandId::policy_test,
     .name = "policy test",
     .about = "Ask the server what a file expects to be allowed and denied",
     .positionals = tests_file,
     .example = "agentauth policy test policy-tests.json",
     .note = "Exit code 1 when a row failed. Needs a key that holds agentauth:access:evaluate, and "
             "a server that answers /access/v1."},
    {.id = CommandId::policy_simulate,
     .name = "policy simulate",
     .about = "Show what a change would do to some decisions, and change nothing",
     .positionals = simulated_change,
     .example = "agentauth policy simulate change.json user:alice write record:record-2",
     .note = "Prints ~ before what would be decided otherwise, = before the rest. Exit code 0 "
             "either way, 1 when the change is wrong or a question could not be asked."},
    {.id = CommandId::policy_who_can,
     .name = "policy who-can",
     .about = "List who may do something now",
     .positionals = who_question,
     .example = "agentauth policy who-can read_weather city:berlin --type user"},
    {.id = CommandId::policy_what_can,
     .name = "policy what-can",
     .about = "List what a subject may do now",
     .positionals = what_question,
     .example = "agentauth policy what-can user:alice city:berlin"},
    {.id = CommandId::policy_import,
     .name = "policy import",
     .about = "Convert a Casbin policy with roles into a policy file, without a server",
     .positionals = casbin_policy,
     .example = "agentauth policy import --model model.conf policy.csv --out policy.json",
     .note = "A name that others have as their role becomes role:NAME, any other user:NAME; an "
             "object becomes the resource object:OBJ. What would mean something else here is "
             "refused with its line. Apply the result with --keep beside what there is."},
    {.id = CommandId::key_list,
     .name = "key list",
     .about = "List an agent's keys",
     .positionals = one_agent,
     .example = "agentauth key list WeatherBot"},
    {.id = CommandId::key_create,
     .name = "key create",
     .about = "Create another key for an agent and print it, once",
     .positionals = one_agent,
     .example = "agentauth key create WeatherBot --name laptop --expires-in 30d"},
    {.id = CommandId::key_rotate,
     .name = "key rotate",
     .about = "Create a key in place of an old one and print it, once",
     .positionals = agent_and_key_to_rotate,
     .example = "agentauth key rotate WeatherBot 4fKc93hTq0Zx --overlap 86400",
     .note =
         "The old key works until the overlap ends; the new one has its name and, if the old one "
         "was to expire, as long a life."},
    {.id = CommandId::key_revoke,
     .name = "key revoke",
     .about = "Revoke a key",
     .positionals = agent_and_key,
     .example = "agentauth key revoke WeatherBot 4fKc93hTq0Zx"},
    {.id = CommandId::gateway_routes,
     .name = "gateway routes",
     .about = "Show or replace the routes that gateways ask about",
     .positionals = routes_file,
     .example = "agentauth gateway routes put routes.json",
     .note = "What is not in the file is denied from then on. Every node follows within a second."},
    {.id = CommandId::limits_show,
     .name = "limits show",
     .about = "Show the rate limits in force",
     .example = "agentauth limits show --json > limits.json"},
    {.id = CommandId::limits_apply,
     .name = "limits apply",
     .about = "Replace all rate limits by those of a file",
     .positionals = limits_file,
     .example = "agentauth limits apply limits.json",
     .note = "What is not in the file is no longer limited, the defaults too. Every node follows "
             "within a second."},
    {.id = CommandId::check,
     .name = "check",
     .about = "Ask whether an agent may do something now",
     .positionals = question,
     .example = "agentauth check WeatherBot read_weather && echo yes",
     .note = "Exit code 0 means allowed, 3 means denied."},
    {.id = CommandId::explain,
     .name = "explain",
     .about = "Show why a subject may do something or not, and what each grant said",
     .positionals = why_question,
     .example = "agentauth explain WeatherBot read_weather city:berlin --context "
                "'{\"address\":\"10.0.0.1\"}'",
     .note = "At most 100 grants are shown, those about the resource first. Exit code 0 either "
             "way. About others it needs a key that holds agentauth:access:evaluate; --context "
             "counts from one that holds agentauth:access:assert."},
    {.id = CommandId::ready,
     .name = "ready",
     .about = "Ask whether a server is ready, as a health check does",
     .example = "agentauth ready --server http://10.0.0.11:8000 --timeout 3",
     .note = "Needs no key. Exit code 0 means ready, 1 that the server answers and is not, 4 that "
             "it cannot be reached."},
    {.id = CommandId::audit_tail,
     .name = "audit tail",
     .about = "Show the newest audit events, over HTTP",
     .example = "agentauth audit tail --follow --outcome denied",
     .note = "Needs a key that holds agentauth:audit:read."},
    {.id = CommandId::audit_verify,
     .name = "audit verify",
     .about = "Check that the audit trail is what was recorded, straight on the database or a file",
     .example = "agentauth audit verify --checkpoint kept-elsewhere.json",
     .note = "Exit code 1 when it is not, with the first event that is wrong. What was cut off "
             "after the last checkpoint shows only against a checkpoint that was kept elsewhere."},
    {.id = CommandId::audit_export,
     .name = "audit export",
     .about = "Write the audit trail to standard output, verifying it on the way",
     .example = "agentauth audit export --since 2026-01-01T00:00:00Z > january.jsonl"},
    {.id = CommandId::signing_key_list,
     .name = "signing-key list",
     .about = "List the keys that verify access tokens, and say which one signs",
     .example = "agentauth signing-key list --json"},
    {.id = CommandId::signing_key_rotate,
     .name = "signing-key rotate",
     .about = "Publish the next key, whether or not a server runs; it signs after the lead",
     .example = "agentauth signing-key rotate",
     .note = "The key before it verifies until its tokens have expired: no request fails. With "
             "--now the new key signs at once, the old ones verify no more and every access token "
             "has ended: for a key that leaked. A refresh token still gets the next one."},
    {.id = CommandId::signing_key_adopt,
     .name = "signing-key adopt",
     .about = "Make the secret of --signing-secret a key of the database, so that it can rotate",
     .example = "agentauth signing-key adopt --signing-secret-file secret",
     .note = "While the servers sign with it. Restart them without the secret afterwards, one "
             "after the other: they sign and verify as before, and no request fails. Then it "
             "rotates like any other key."},
    {.id = CommandId::backup,
     .name = "backup",
     .about = "Copy the embedded database, whether or not a server runs, and verify the copy",
     .example = "agentauth backup --to /var/backups/agentauth.db",
     .note = "The file appears when it is complete and verified: every page, the schema, the "
             "master key it belongs to, and the whole audit trail. The master key is not in it: "
             "keep a copy of that elsewhere. Servers go on reading and writing meanwhile. On "
             "PostgreSQL use pg_dump or its own continuous archiving."},
    {.id = CommandId::restore,
     .name = "restore",
     .about = "Put a verified backup in place, with no server running",
     .example = "agentauth restore --from /var/backups/agentauth.db",
     .note = "What was done after the backup is lost: keys and permissions that were revoked "
             "since are back, so revoke them again. All tokens end. With --in-place the database "
             "is one that other means have put back: pg_restore, point-in-time recovery, a "
             "snapshot of the disk."},
    {.id = CommandId::migrate,
     .name = "migrate",
     .about = "Bring the database's schema up to date",
     .example = "agentauth migrate --database postgresql://agentauth@db/agentauth",
     .note = "The server does this itself when it starts."},
    {.id = CommandId::config,
     .name = "config",
     .about = "Print every option, its value and where it came from",
     .example = "agentauth config --config agentauth.toml",
     .note =
         "Takes the options of every other command, from the same sources, and refuses what they "
         "would refuse; opens neither the database nor a connection."},
    {.id = CommandId::doctor,
     .name = "doctor",
     .about = "Look at everything a start needs, and change none of it",
     .example = "agentauth doctor --config agentauth.toml",
     .note =
         "Takes the options of serve. One line a check: \"ok\", \"warn\" for what may be meant, "
         "or \"FAIL\" for what would stop the server, with what to do. Exit code 1 when a check "
         "failed, options that serve would refuse included."},
    {.id = CommandId::completion,
     .name = "completion",
     .about = "Print completion for a shell",
     .positionals = shell,
     .example = "agentauth completion bash > /etc/bash_completion.d/agentauth"},
    {.id = CommandId::version, .name = "version", .about = "Print the version"},
    {.id = CommandId::help,
     .name = "help",
     .about = "Explain a command, or print a reference page",
     .positionals = topic,
     .example = "agentauth help reference configuration"},
});

}  // namespace

std::span<const Command> commands() { return table; }
std::span<const CommandGroup> command_groups() { return groups; }

const Command& command(CommandId id) {
  return *std::find_if(table.begin(), table.end(), [&](const Command& c) { return c.id == id; });
}

const Command* find_command(std::string_view name) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Command& c) { return c.name == name; });
  return found == table.end() ? nullptr : &*found;
}

const CommandGroup* find_command_group(std::string_view name) {
  const auto found = std::find_if(groups.begin(), groups.end(),
                                  [&](const CommandGroup& g) { return g.name == name; });
  return found == groups.end() ? nullptr : &*found;
}

std::string_view group_of(const Command& command) {
  const std::size_t space = command.name.find(' ');
  return space == std::string_view::npos ? std::string_view() : command.name.substr(0, space);
}

std::string_view last_word(const Command& command) {
  return command.name.substr(command.name.find(' ') + 1);  // npos + 1 is 0
}

}  // namespace agentauth::app

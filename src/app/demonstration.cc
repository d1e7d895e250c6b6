#include "app/demonstration.h"

#include <algorithm>

#include "app/node_name.h"
#include "authz/decision.h"

namespace agentauth::app {
namespace {

constexpr std::string_view owner = "dev@localhost";

// Whatever it holds: one word to a shell.
std::string quoted(std::string_view text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/.:-_@").find(c) != std::string_view::npos;
  });
  if (is_plain && !text.empty()) return std::string(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string post(const std::string& url, const std::string& path, const std::string& body) {
  return "curl -sS -X POST \"" + url + path + "\" -H 'Content-Type: application/json' -d " + body;
}

// The member of a JSON object, in a shell.
std::string member(const std::string& name) {
  return "sed 's/.*\"" + name + R"sh(":"\([^"]*\)".*/\1/')sh";
}

std::string login(const std::string& url, const std::string& key_variable) {
  return "$(" + post(url, "/auth/login", R"("{\"api_key\":\"$)" + key_variable + R"(\"}")") +
         " | " + member("access_token") + ")";
}

struct Makers {
  AgentService& agents;
  KeyService& keys;
};
struct Wanted {
  RegisterAgent agent;
  std::string permission;
  AuditReason reason;
};

// Nobody called: it was done from this machine, on the database.
void record_made(Transaction& tx, AgentId agent, const MintedKey& minted, const Wanted& wanted) {
  AuditEvent event;
  event.at = SystemClock().now();
  event.node = audit_node_name();
  event.action = AuditAction::agent_create;
  event.reason = wanted.reason;
  event.target_type = AuditTargetType::agent;
  event.target_id = AuditText::of_id(agent);
  event.target_agent_id = agent;
  event.detail = AuditText::of_kid(minted.kid);
  tx.record(event);
  event.action = AuditAction::permission_grant;
  event.target_type = AuditTargetType::permission;
  event.target_id = AuditText::of_permission(wanted.permission);
  event.detail = {};
  tx.record(std::move(event));
}

Result<NewAgent> insert_agent(Transaction& tx, const Makers& makers, const MintedKey& key,
                              const Wanted& wanted) {
  const Agent agent = TRY(makers.agents.register_agent(tx, wanted.agent));
  TRY(makers.keys.store(tx, key, {agent.agent_id, std::nullopt, std::nullopt}));
  TRY(tx.permissions().insert(agent.agent_id, wanted.permission));
  TRY(tx.changes().append(ChangeKind::permission, agent.agent_id));
  record_made(tx, agent.agent_id, key, wanted);
  return NewAgent{agent.agent_id.to_string(), std::string(key.text.reveal())};
}

}  // namespace

Result<NewAgent> create_agent(Database& database, AgentService& agents, KeyService& keys,
                              const RegisterAgent& request, const std::string& permission,
                              AuditReason reason) {
  const MintedKey minted = TRY(keys.mint());
  return database.write([&](Transaction& tx) {
    return insert_agent(tx, {agents, keys}, minted, {request, permission, reason});
  });
}

Result<std::optional<Demonstration>> create_demonstration(api::Services& services) {
  const auto count_agents = [](Transaction& tx) { return tx.agents().count(); };
  if (TRY(services.database.read(count_agents)) > 0) return std::nullopt;
  // Hashing is slow: before the lock that others wait for.
  const MintedKey administrator = TRY(services.keys.mint());
  const MintedKey weather_bot = TRY(services.keys.mint());
  const MintedKey stock_bot = TRY(services.keys.mint());
  // Under the migration lock and in one transaction: of two servers that start at once one makes
  // the agents, and one that is killed leaves none whose key nobody has seen.
  using Made = std::optional<Demonstration>;
  auto made = TRY(services.database.migrate([&](Transaction& tx) -> Result<Made> {
    if (TRY(count_agents(tx)) > 0) return std::nullopt;
    const auto insert = [&](const MintedKey& key, const char* name, std::string_view permission) {
      return insert_agent(
          tx, {services.agents, services.keys}, key,
          {{name, std::string(owner)}, std::string(permission), AuditReason::demonstration});
    };
    Demonstration all;
    all.administrator = TRY(insert(administrator, "Administrator", administrator_permission));
    all.weather_bot = TRY(insert(weather_bot, "WeatherBot", "read_weather"));
    all.stock_bot = TRY(insert(stock_bot, "StockBot", "read_stock"));
    return all;
  }));
  TRY(services.directory.catch_up());
  return made;
}

// Lines of comment hold nothing that a shell reads, for zsh takes them for commands.
std::string quick_start(const std::string& url, const std::optional<Demonstration>& demonstration,
                        const std::vector<std::string>& program) {
  std::string text = "\nDocumentation: " + url + "/docs\n";
  if (demonstration) {
    text += "\nMade for this empty database; the keys are shown once:\n";
    text += "  Administrator  " + demonstration->administrator.api_key + "\n";
    text += "  WeatherBot     " + demonstration->weather_bot.api_key + "\n";
    text += "  StockBot       " + demonstration->stock_bot.api_key + "\n";
  }
  text += "\nQuick start, to be pasted into another terminal:\n\n";
  text += "# Register an agent: its id and its key, shown once\n";
  text += "AGENT=$(" +
          post(url, "/agents/register",
               R"('{"agent_name":"QuickStartBot","owner_email":"me@example.com"}')") +
          ")\necho \"$AGENT\"\n";
  text += "AGENT_ID=$(echo \"$AGENT\" | " + member("agent_id") + ")\n";
  text += "API_KEY=$(echo \"$AGENT\" | " + member("api_key") + ")\n";
  if (demonstration) {
    text += "\n# Grant it read_weather, as the administrator\n";
    text += "ADMIN_KEY=" + demonstration->administrator.api_key + "\n";
  } else {
    text += "\n# Grant it read_weather, as an administrator: the first keys were shown when the\n";
    text += "# database was made, so this makes another one\n";
    text += "ADMIN_KEY=$(";
    for (const std::string& word : program) text += quoted(word) + ' ';
    text += "--json | " + member("api_key") + ")\n";
  }
  text += "ADMIN_TOKEN=" + login(url, "ADMIN_KEY") + "\n";
  text += post(url, "/agents/$AGENT_ID/permissions", R"('{"permission":"read_weather"}')") +
          " -H \"Authorization: Bearer $ADMIN_TOKEN\"; echo\n";
  text += "\n# Log in with the key and call the protected API with the token\n";
  text += "TOKEN=" + login(url, "API_KEY") + "\n";
  text += "curl -sS \"" + url + "/data/weather\" -H \"Authorization: Bearer $TOKEN\"; echo\n";
  return text;
}

}  // namespace agentauth::app

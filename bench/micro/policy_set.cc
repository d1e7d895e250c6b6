#include "bench/micro/policy_set.h"

#include <malloc.h>

#include "store/migrations.h"

namespace agentauth::bench {
namespace {

std::unique_ptr<Database> open_database(const std::filesystem::path& folder) {
  auto database = must(Database::open("sqlite:" + (folder / "agentauth.db").string()));
  must(apply_migrations(*database));
  return database;
}

}  // namespace

// Nobody polls here, so the directory stays fresh for a day.
PolicySet::PolicySet()
    : database_(open_database(folder_.path())), directory_(*database_, std::chrono::hours{24}) {}

Result<AgentId> PolicySet::add_agent(Transaction& tx) {
  AgentId id;
  for (std::uint8_t& byte : id.uuid.bytes) byte = static_cast<std::uint8_t>(random_());
  id.uuid.bytes[6] = static_cast<std::uint8_t>(0x40 | (id.uuid.bytes[6] & 0x0F));
  id.uuid.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.uuid.bytes[8] & 0x3F));
  TRY(tx.session().execute("INSERT INTO agents (id, agent_name, owner_email) VALUES ($1, $2, $3)",
                           {id, "Agent " + std::to_string(agents_.size()), "ops@example.com"}));
  agents_.push_back(id);
  return id;
}

Result<RoleId> PolicySet::add_role(Transaction& tx, const std::string& principal) {
  const auto role = TRY(tx.roles().insert(principal, ""));
  if (!role) return failure(Errc::conflict, "that role is there", principal);
  return role->id;
}

Result<void> PolicySet::add_member(Transaction& tx, const std::string& member,
                                   std::optional<AgentId> agent, RoleId role) {
  TRY(tx.session().execute(
      "INSERT INTO memberships (member, agent_id, role_id) VALUES ($1, $2, $3)",
      {member, agent, role}));
  return {};
}

Result<void> PolicySet::add_grant(Transaction& tx, const GrantSubject& subject,
                                  const std::string& permission, const Terms& terms) {
  TRY(tx.grants().insert(subject, permission, terms));
  return {};
}

void PolicySet::load() {
  const std::size_t before = mallinfo2().uordblks;
  must(directory_.load());
  bytes_ = mallinfo2().uordblks - before;
}

}  // namespace agentauth::bench

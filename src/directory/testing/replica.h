// What the tests of services stand on: a database in memory and a directory that follows it.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "directory/directory.h"
#include "store/database.h"
#include "store/migrations.h"

namespace agentauth {

// The value, or an exception that fails the test with the error's own words.
template <class T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message + ": " + result.error().detail);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// Each has a database of its own. Writes are in the directory before they return, as on a node.
class Replica {
 public:
  // `with_key`: each agent that is added has a key, so that tokens can be issued for it.
  enum class Agents : bool { bare, with_key };
  explicit Replica(std::chrono::milliseconds max_staleness = std::chrono::hours{1},
                   Agents agents = Agents::bare,
                   std::unique_ptr<Database> database = new_database(),
                   const NamesMax& names_max = {})
      : database_(std::move(database)),
        directory_(*database_, max_staleness, names_max),
        agents_(agents) {
    database_->on_commit([this] { (void)directory_.catch_up(Directory::Asked::after_commit); });
    value_of(directory_.load());
  }

  // In memory, with all tables.
  static std::unique_ptr<Database> new_database() {
    auto database = value_of(Database::open("sqlite::memory:"));
    value_of(apply_migrations(*database));
    return database;
  }

  Database& database() { return *database_; }
  Directory& directory() { return directory_; }

  AgentId add_agent(const std::string& name = "Bot", const std::string& owner = "ops@example.com") {
    return change(ChangeKind::agent, [&](Transaction& tx) -> Result<AgentId> {
      const AgentId agent = TRY(tx.agents().insert(name, owner)).agent_id;
      if (agents_ == Agents::with_key) {
        const std::string kid = std::to_string(kids_first + kids_++);
        TRY(tx.keys().insert({agent, kid, std::string(no_hash), {}, "", {}}));
      }
      return agent;
    });
  }
  AgentId add_agent_with(std::initializer_list<std::string> permissions) {
    const AgentId agent = add_agent();
    for (const std::string& permission : permissions) grant(agent, permission);
    return agent;
  }
  void grant(AgentId agent, const std::string& permission) {
    change(ChangeKind::permission, [&](Transaction& tx) -> Result<AgentId> {
      TRY(tx.permissions().insert(agent, permission));
      return agent;
    });
  }
  // As another node does it: committed, and not heard of here. Returns its revision.
  template <class F>
  Revision elsewhere(AgentId agent, F work) {
    return value_of(database_->migrate([&](Transaction& tx) -> Result<Revision> {
      TRY(work(tx));
      return tx.changes().append(ChangeKind::agent, agent);
    }));
  }
  Revision grant_elsewhere(AgentId agent, const std::string& permission) {
    return elsewhere(agent,
                     [&](Transaction& tx) { return tx.permissions().insert(agent, permission); });
  }
  void forget_changes_up_to(Revision revision) {
    value_of(
        database_->write([&](Transaction& tx) { return tx.changes().prune(revision, revision); }));
  }
  void revoke(AgentId agent, const std::string& permission) {
    change(ChangeKind::permission, [&](Transaction& tx) -> Result<AgentId> {
      TRY(tx.permissions().erase(agent, permission));
      return agent;
    });
  }
  void set_status(AgentId agent, AgentStatus status) {
    change(ChangeKind::agent, [&](Transaction& tx) -> Result<AgentId> {
      TRY(tx.agents().set_status(agent, status, Timestamp{}));
      return agent;
    });
  }
  void suspend(AgentId agent) { set_status(agent, AgentStatus::suspended); }
  void revoke_tokens(AgentId agent) {
    change(ChangeKind::agent, [&](Transaction& tx) -> Result<AgentId> {
      TRY(tx.agents().revoke_tokens(agent));
      return agent;
    });
  }
  void erase(AgentId agent) {
    change(ChangeKind::agent, [&](Transaction& tx) -> Result<AgentId> {
      TRY(tx.agents().erase(agent));
      return agent;
    });
  }
  // A key that only its kid is known of; its hash is no hash.
  ApiKey add_key(AgentId agent, const std::string& kid) {
    ApiKey key;
    change(ChangeKind::key, [&](Transaction& tx) -> Result<AgentId> {
      key = TRY(tx.keys().insert({agent, kid, std::string(no_hash), {}, "", {}}));
      return agent;
    });
    return key;
  }

  void revoke_key(AgentId agent, KeyId key) {
    change(ChangeKind::key, [&](Transaction& tx) -> Result<AgentId> {
      TRY(tx.keys().revoke(agent, key, Timestamp{}));
      return agent;
    });
  }

  // A key of the agent, the one made with it if there is one; of one that has none, a key that does
  // not exist.
  Kid any_key_of(AgentId agent) {
    Kid kid = *parse_kid("noSuchKey000");
    value_of(database_->read([&](Transaction& tx) {
      return tx.session().query(
          "SELECT kid FROM api_keys WHERE agent_id = $1 "
          "ORDER BY CASE WHEN hash = 'no hash' THEN 0 ELSE 1 END LIMIT 1",
          {agent}, [&](const Row& row) -> Result<void> {
            kid = parse_kid(row.text(0)).value_or(kid);
            return {};
          });
    }));
    return kid;
  }

  // SQL past all services, without a word in the change log.
  void execute(Sql sql, std::initializer_list<Param> params = {}) {
    value_of(database_->write([&](Transaction& tx) -> Result<void> {
      TRY(tx.session().execute(sql, params));
      return {};
    }));
  }
  // The one number that `sql` selects.
  std::int64_t number(Sql sql) {
    std::int64_t number = 0;
    value_of(database_->read([&](Transaction& tx) {
      return tx.session().query(sql, {}, [&](const Row& row) -> Result<void> {
        number = row.integer(0);
        return {};
      });
    }));
    return number;
  }
  Revision revision() { return number("SELECT revision FROM change_counter"); }

 private:
  template <class F>
  AgentId change(ChangeKind kind, F work) {
    return value_of(database_->write([&](Transaction& tx) -> Result<AgentId> {
      const AgentId agent = TRY(work(tx));
      TRY(tx.changes().append(kind, agent));
      return agent;
    }));
  }

  static constexpr std::string_view no_hash = "no hash";
  static constexpr std::int64_t kids_first = 900'000'000'000;  // twelve digits

  std::unique_ptr<Database> database_;
  Directory directory_;
  const Agents agents_;
  std::int64_t kids_ = 0;
};

}  // namespace agentauth

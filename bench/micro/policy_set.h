// Directories with roles, groups and grants with terms.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/micro/population.h"
#include "model/role.h"
#include "store/transaction.h"

namespace agentauth::bench {

// Rows go in by set_up(); then the directory is loaded, and weighed.
class PolicySet {
 public:
  PolicySet();

  template <class F>
  void set_up(F rows) {
    must(database_->write([&](Transaction& tx) -> Result<void> { return rows(tx); }));
    load();
  }
  Result<AgentId> add_agent(Transaction& tx);
  Result<RoleId> add_role(Transaction& tx, const std::string& principal);
  static Result<void> add_member(Transaction& tx, const std::string& member,
                                 std::optional<AgentId> agent, RoleId role);
  static Result<void> add_grant(Transaction& tx, const GrantSubject& subject,
                                const std::string& permission, const Terms& terms = {});

  Directory& directory() { return directory_; }
  const std::vector<AgentId>& agents() const { return agents_; }
  // What loading it took from the heap, names and all.
  std::size_t bytes() const { return bytes_; }

 private:
  void load();

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
  Directory directory_;
  std::mt19937_64 random_{3};
  std::vector<AgentId> agents_;
  std::size_t bytes_ = 0;
};

}  // namespace agentauth::bench

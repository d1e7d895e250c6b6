// Whom one transaction grants something to: each is looked up once, however much it is granted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "model/grant.h"
#include "store/grants.h"
#include "store/transaction.h"

namespace agentauth {

class Grantees {
 public:
  explicit Grantees(Transaction& tx) : tx_(tx) {}

  // Reads of many what will be asked, with few statements.
  Result<void> look_up_all(const std::set<std::string>& names);

  // Errors: not_found.
  Result<GrantSubject> find(const std::string& name);
  // For one more. Counted in the transaction: what is committed may not have been heard of yet.
  // Errors: not_found; conflict, when its subject holds as much as one may.
  Result<void> take_room(const Grant& wanted);

 private:
  struct Grantee {
    GrantSubject subject;
    std::optional<std::int64_t> plain;  // how many it holds without terms, of an agent
    std::optional<std::int64_t> rules;  // and how many others
  };
  Result<Grantee*> look_up(const std::string& name);

  Transaction& tx_;
  std::map<std::string, Grantee> known_;
};

}  // namespace agentauth

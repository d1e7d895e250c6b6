// A write as one call makes it: whether it may is decided by what was before.
#pragma once

#include "authz/author.h"
#include "directory/testing/replica.h"

namespace agentauth::testing {

// `work(tx, author)`.
template <class F>
auto write_as(Replica& replica, const Caller& caller, Timestamp now, F work) {
  return replica.database().write(
      [&](Transaction& tx) -> std::invoke_result_t<F&, Transaction&, Author&> {
        Author author = TRY(Author::read(replica.directory(), tx, caller, now));
        auto result = work(tx, author);
        if (result) TRY(author.require_administrator_left(tx));
        return result;
      });
}

}  // namespace agentauth::testing

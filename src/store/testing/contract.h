// What suites share that run on every database.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

#include "store/testing/test_database.h"

namespace agentauth::testing {

// To instantiate a suite with.
inline const auto every_backend =
    ::testing::Values(Backend::sqlite_memory, Backend::sqlite_disk, Backend::postgresql);
// Those that several Database objects can share.
inline const auto shared_backends = ::testing::Values(Backend::sqlite_disk, Backend::postgresql);

inline std::string backend_name(const ::testing::TestParamInfo<Backend>& info) {
  return std::string(to_string(info.param));
}

// A suite of what is done to a database with its schema.
class MigratedTest : public ::testing::TestWithParam<Backend> {
 protected:
  template <class F>
  auto read(F work) {
    return database_->read(work);
  }
  template <class F>
  auto write(F work) {
    return database_->write(work);
  }

  TestDatabase where_{GetParam(), Begins::migrated};
  std::unique_ptr<Database> database_ = where_.open_migrated();
};

// The first column of the last row; -1: there is none.
inline std::int64_t integer(Session& session, Sql sql, std::initializer_list<Param> params = {}) {
  std::int64_t value = -1;
  must(session.query(sql, params, [&](const Row& row) -> Result<void> {
    value = row.integer(0);
    return {};
  }));
  return value;
}

}  // namespace agentauth::testing

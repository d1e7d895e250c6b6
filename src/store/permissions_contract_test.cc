// What the repository of plain permissions promises, on every database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/testing/repository_test.h"

namespace agentauth {
namespace {

using ::testing::ElementsAre;
using testing::must;
using ::testing::SizeIs;

const AgentId nobody{};

class PermissionsContract : public testing::RepositoryTest {};

INSTANTIATE_TEST_SUITE_P(Store, PermissionsContract, testing::every_backend, testing::backend_name);

TEST_P(PermissionsContract, APermissionIsHeldOnce) {
  const Agent agent = add_agent();
  const auto first = must(grant(agent.agent_id, "data:read"));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->subject, subject_of(agent.agent_id));
  EXPECT_EQ(first->permission, "data:read");
  EXPECT_EQ(must(grant(agent.agent_id, "data:read")), std::nullopt);
  EXPECT_THAT(permissions_of(agent.agent_id), ElementsAre("data:read"));
  EXPECT_EQ(must(read([&](Transaction& tx) {
              return tx.permissions().find(agent.agent_id, "data:read");
            })).id,
            first->id);
}

TEST_P(PermissionsContract, APermissionOfNobodyIsAConflict) {
  EXPECT_EQ(grant(nobody, "data:read").error().code, Errc::conflict);
}

TEST_P(PermissionsContract, APermissionTakenAwayIsGone) {
  const Agent agent = add_agent();
  must(grant(agent.agent_id, "data:read"));
  must(grant(agent.agent_id, "data:*"));
  must(write([&](Transaction& tx) { return tx.permissions().erase(agent.agent_id, "data:*"); }));
  EXPECT_THAT(permissions_of(agent.agent_id), ElementsAre("data:read"));
}

TEST_P(PermissionsContract, PermissionsComeInPagesOldestFirst) {
  const Agent agent = add_agent();
  for (const char* permission : {"c", "a", "b"}) {
    must(grant(agent.agent_id, permission));
    let_time_pass();
  }
  const auto page = [&](const PageStart& after) {
    return must(
        read([&](Transaction& tx) { return tx.permissions().list(agent.agent_id, after, 2); }));
  };
  const auto first = page({});
  ASSERT_THAT(first, SizeIs(2));
  EXPECT_EQ(first[0].permission, "c");
  EXPECT_EQ(first[1].permission, "a");
  const auto second = page({first[1].created_at, first[1].id.uuid});
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].permission, "b");
}

}  // namespace
}  // namespace agentauth

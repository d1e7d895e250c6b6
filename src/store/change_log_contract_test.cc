// What the repository of the change log promises, on every database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/testing/repository_test.h"

namespace agentauth {
namespace {

using ::testing::IsEmpty;
using testing::must;
using ::testing::SizeIs;

const AgentId nobody{};

class ChangeLogContract : public testing::RepositoryTest {};

INSTANTIATE_TEST_SUITE_P(Store, ChangeLogContract, testing::every_backend, testing::backend_name);

TEST_P(ChangeLogContract, ARevisionThatWasLeftOutIsNeverGivenToAChange) {
  const auto append = [&] {
    return must(
        write([&](Transaction& tx) { return tx.changes().append(ChangeKind::agent, nobody); }));
  };
  EXPECT_EQ(append(), 1);
  must(write([&](Transaction& tx) { return tx.changes().leave_out(100); }));
  EXPECT_EQ(must(read([](Transaction& tx) { return tx.changes().revision(); })), 101);
  EXPECT_EQ(append(), 102);
}

TEST_P(ChangeLogContract, ChangesAreNumberedFromOneAndReadFromAnywhere) {
  const Agent agent = add_agent();
  const auto append = [&](ChangeKind kind) {
    return must(write([&](Transaction& tx) { return tx.changes().append(kind, agent.agent_id); }));
  };
  const auto after = [&](Revision revision, std::int64_t limit) {
    return must(read([&](Transaction& tx) { return tx.changes().after(revision, limit); }));
  };
  EXPECT_EQ(must(read([](Transaction& tx) { return tx.changes().revision(); })), 0);
  EXPECT_EQ(append(ChangeKind::agent), 1);
  EXPECT_EQ(append(ChangeKind::key), 2);
  EXPECT_EQ(append(ChangeKind::permission), 3);
  EXPECT_EQ(must(read([](Transaction& tx) { return tx.changes().revision(); })), 3);

  const auto changes = after(1, 10);
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_EQ(changes[0].revision, 2);
  EXPECT_EQ(changes[0].kind, ChangeKind::key);
  EXPECT_EQ(changes[0].agent_id, agent.agent_id);
  EXPECT_EQ(changes[1].kind, ChangeKind::permission);
  EXPECT_THAT(after(0, 1), SizeIs(1));
  EXPECT_THAT(after(3, 10), IsEmpty());
}

TEST_P(ChangeLogContract, TheLastChangeSaysWhenItWasMade) {
  const auto newest = [&] {
    return must(read([](Transaction& tx) { return tx.changes().newest_time(); }));
  };
  EXPECT_EQ(newest(), std::nullopt);
  const Agent agent = add_agent();
  must(write(
      [&](Transaction& tx) { return tx.changes().append(ChangeKind::agent, agent.agent_id); }));
  ASSERT_TRUE(newest());
  EXPECT_LT(std::chrono::abs(*newest() - SystemClock().now()), std::chrono::minutes{1});
}

TEST_P(ChangeLogContract, PrunedChangesAreGoneAndTheNumbersGoOn) {
  const Agent agent = add_agent();
  const auto append = [&](Transaction& tx) {
    return tx.changes().append(ChangeKind::agent, agent.agent_id);
  };
  for (int i = 0; i < 3; ++i) must(write(append));
  must(write([](Transaction& tx) { return tx.changes().prune(2, 100); }));
  EXPECT_THAT(must(read([](Transaction& tx) { return tx.changes().after(0, 10); })), SizeIs(1));
  EXPECT_EQ(must(write(append)), 4);
}

TEST_P(ChangeLogContract, AChangeOutlivesItsAgent) {
  const Agent agent = add_agent();
  must(write([&](Transaction& tx) -> Result<void> {
    TRY(tx.changes().append(ChangeKind::agent, agent.agent_id));
    return tx.agents().erase(agent.agent_id);
  }));
  const auto changes = must(read([](Transaction& tx) { return tx.changes().after(0, 10); }));
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].agent_id, agent.agent_id);
}

}  // namespace
}  // namespace agentauth

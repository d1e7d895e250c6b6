// What the repository of kept answers promises, on every database.
#include <gtest/gtest.h>

#include "store/testing/repository_test.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using testing::must;

class IdempotencyContract : public testing::RepositoryTest {
 protected:
  Result<void> insert(const std::string& scope, const std::string& body, Timestamp now) {
    const IdempotentAnswer answer{{0, 7, 0}, 201, body, "agent", ""};
    return write(
        [&](Transaction& tx) { return tx.idempotency().insert(scope, answer, now, now - 24h); });
  }
  std::optional<IdempotentAnswer> find(const std::string& scope, Timestamp now) {
    return must(read([&](Transaction& tx) { return tx.idempotency().find(scope, now - 24h); }));
  }

  const Timestamp start_ = clock_.now();
};

INSTANTIATE_TEST_SUITE_P(Store, IdempotencyContract, testing::every_backend, testing::backend_name);

TEST_P(IdempotencyContract, AnAnswerIsKeptForADay) {
  EXPECT_EQ(find("scope", start_), std::nullopt);
  must(insert("scope", "{\"a\":1}", start_));
  const auto kept = find("scope", start_ + 24h);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->request_hash, (Bytes{0, 7, 0}));
  EXPECT_EQ(kept->status, 201);
  EXPECT_EQ(kept->body, "{\"a\":1}");
  EXPECT_EQ(kept->agent_id, "agent");
  EXPECT_EQ(kept->key_id, "");
  EXPECT_EQ(find("other scope", start_), std::nullopt);
  EXPECT_EQ(find("scope", start_ + 24h + 1ms), std::nullopt);
}

TEST_P(IdempotencyContract, TheFirstAnswerWinsUntilItIsOld) {
  must(insert("scope", "first", start_));
  EXPECT_EQ(insert("scope", "second", start_ + 1h).error().code, Errc::conflict);
  EXPECT_EQ(find("scope", start_ + 1h)->body, "first");
  must(insert("scope", "third", start_ + 25h));
  EXPECT_EQ(find("scope", start_ + 25h)->body, "third");
}

TEST_P(IdempotencyContract, SweepingForgetsOldAnswersAFewAtATime) {
  for (int i = 0; i < 3; ++i) must(insert("old" + std::to_string(i), "", start_ - 25h));
  must(insert("young", "", start_));
  const auto sweep = [&] {
    must(write([&](Transaction& tx) { return tx.idempotency().sweep(start_ - 24h, 2); }));
  };
  const auto left = [&] {
    int count = 0;
    for (const char* scope : {"old0", "old1", "old2", "young"})
      count += find(scope, start_ - 25h).has_value() ? 1 : 0;
    return count;
  };
  sweep();
  EXPECT_EQ(left(), 2);
  sweep();
  EXPECT_EQ(left(), 1);
  EXPECT_TRUE(find("young", start_));
}

}  // namespace
}  // namespace agentauth

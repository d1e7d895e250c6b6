// What the repository of signing keys promises, on every database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/testing/repository_test.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using testing::must;
using ::testing::SizeIs;

class SigningKeysContract : public testing::RepositoryTest {
 protected:
  Result<void> insert(const std::string& kid, Timestamp signs_from) {
    return write([&](Transaction& tx) {
      return tx.signing_keys().insert({kid, "HS256", sealed_, now_, signs_from, 900s});
    });
  }
  std::vector<SealedSigningKey> list() {
    return must(read([](Transaction& tx) { return tx.signing_keys().list(); }));
  }

  const Timestamp now_ = clock_.now();
  const Bytes sealed_{0, 1, 2, 0, 255};
};

INSTANTIATE_TEST_SUITE_P(Store, SigningKeysContract, testing::every_backend, testing::backend_name);

TEST_P(SigningKeysContract, ComeInTheOrderTheySignTheLastOneFirst) {
  must(insert("old", now_ - 1h));
  must(insert("new", now_ + 10min));
  must(insert("middle", now_));
  EXPECT_EQ(insert("new", now_).error().code, Errc::conflict);
  const auto keys = list();
  ASSERT_THAT(keys, SizeIs(3));
  EXPECT_EQ(keys[0].kid, "new");
  EXPECT_EQ(keys[1].kid, "middle");
  EXPECT_EQ(keys[2].kid, "old");
  EXPECT_EQ(keys[0].algorithm, "HS256");
  EXPECT_EQ(keys[0].sealed_secret, sealed_);
  EXPECT_EQ(keys[0].created_at, now_);
  EXPECT_EQ(keys[0].signs_from, now_ + 10min);
  EXPECT_EQ(keys[0].token_lifetime, 900s);
}

TEST_P(SigningKeysContract, TheLifetimeOfTokensOnlyGrows) {
  must(insert("key", now_));
  const auto raise = [&](Seconds lifetime) {
    must(write([&](Transaction& tx) { return tx.signing_keys().raise_token_lifetime(lifetime); }));
    return list()[0].token_lifetime;
  };
  EXPECT_EQ(raise(1h), 1h);
  EXPECT_EQ(raise(60s), 1h);
}

TEST_P(SigningKeysContract, OneThatIsErasedIsGoneAndTheOthersStay) {
  must(insert("one", now_));
  must(insert("two", now_ + 1s));
  must(write([](Transaction& tx) { return tx.signing_keys().erase("one"); }));
  ASSERT_THAT(list(), SizeIs(1));
  EXPECT_EQ(list()[0].kid, "two");
}

}  // namespace
}  // namespace agentauth

#include "limits/limit_sharing.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <map>

namespace agentauth {
namespace {

// What Redis is to the nodes, without Redis.
struct Everybody {
  std::map<BucketTable::Name, std::int64_t> charged_ns;
  std::int64_t nodes = 2;
  bool reachable = true;
  int calls = 0;
};

class FakeShared final : public SharedBuckets {
 public:
  explicit FakeShared(Everybody& everybody) : everybody_(everybody) {}
  Result<Answer> charge(std::span<const BucketTable::Charge> charges) override {
    ++everybody_.calls;
    if (!everybody_.reachable) return failure(Errc::unavailable, "Redis cannot be used", "gone");
    Answer answer{{}, everybody_.nodes};
    for (const auto& charge : charges)
      answer.debts_ns.push_back(everybody_.charged_ns[charge.name] += charge.ns);
    return answer;
  }

 private:
  Everybody& everybody_;
};

constexpr std::int64_t hour_ns = 3'600'000'000'000;

class LimitSharingTest : public testing::Test {
 protected:
  // Time plays no part: a burst of a thousand, and one more each hour.
  struct Node {
    explicit Node(Everybody& everybody, Log& log)
        : sharing(limiter, std::make_unique<FakeShared>(everybody), log) {
      limiter.buckets().keep_charges();
      limiter.replace({{{"test", LimitScope::agent, {"GET /x"}, LimitCount::all, 1, "1h", 700}}});
      (void)sharing.exchange();
    }
    int admit(int requests) {
      LimitReport report;
      const auto now = std::chrono::steady_clock::now().time_since_epoch();
      int admitted = 0;
      const Limiter::Party party{LimitScope::agent, as_bytes("agent")};
      for (int i = 0; i < requests; ++i)
        admitted +=
            limiter.admit(0, {&party, 1}, std::chrono::nanoseconds(now).count(), report) ? 1 : 0;
      return admitted;
    }
    Limiter limiter{{{"GET /x"}}, {7}};
    LimitSharing sharing;
  };

  std::string log_text() {
    std::string text(1 << 16, '\0');
    std::rewind(file);
    text.resize(std::fread(text.data(), 1, text.size(), file));
    return text;
  }
  ~LimitSharingTest() override { std::fclose(file); }

  std::FILE* file = std::tmpfile();
  ManualClock clock;
  Log log{clock, LogFormat::json, LogLevel::debug, fileno(file)};
  Everybody everybody;
  Node one{everybody, log};
  Node two{everybody, log};
};

TEST_F(LimitSharingTest, TwoNodesAdmitTogetherWhatOneWouldAndWhatIsOnItsWay) {
  int admitted = 0;
  for (int round = 0; round < 200; ++round) {
    admitted += one.admit(10) + two.admit(10);
    (void)one.sharing.exchange();
    (void)two.sharing.exchange();
  }
  EXPECT_GE(admitted, 700);
  EXPECT_LE(admitted, 700 + 10);
}

TEST_F(LimitSharingTest, ANodeThatSawNothingOfAnIdentityLearnsWithItsFirstRequest) {
  EXPECT_EQ(one.admit(1000), 700);
  (void)one.sharing.exchange();
  EXPECT_EQ(two.admit(1), 1);
  (void)two.sharing.exchange();
  EXPECT_EQ(two.admit(100), 0);
}

TEST_F(LimitSharingTest, NothingIsAskedWhenNothingWasCharged) {
  const int before = everybody.calls;
  for (int i = 0; i < 10; ++i) (void)one.sharing.exchange();
  EXPECT_EQ(everybody.calls, before);
  EXPECT_EQ(one.admit(1), 1);
  (void)one.sharing.exchange();
  EXPECT_EQ(everybody.calls, before + 1);
}

TEST_F(LimitSharingTest, WithoutTheOthersEachGoesOnWithItsShare) {
  EXPECT_TRUE(one.sharing.is_up());
  EXPECT_EQ(one.sharing.nodes(), 2);
  everybody.reachable = false;
  for (Node* node : {&one, &two}) {
    EXPECT_EQ(node->admit(1), 1);
    EXPECT_EQ(node->sharing.exchange(), std::chrono::milliseconds{200});
    EXPECT_FALSE(node->sharing.is_up());
  }
  const int admitted = 2 + one.admit(1000) + two.admit(1000);
  EXPECT_GE(admitted, 690);
  EXPECT_LE(admitted, 700);
}

TEST_F(LimitSharingTest, WhatWasAdmittedMeanwhileIsPassedOnAfterwards) {
  everybody.reachable = false;
  EXPECT_EQ(one.admit(100), 100);
  (void)one.sharing.exchange();
  EXPECT_EQ(one.admit(50), 50);
  (void)one.sharing.exchange();
  everybody.reachable = true;
  (void)one.sharing.exchange();
  EXPECT_TRUE(one.sharing.is_up());
  EXPECT_EQ(one.limiter.share(), 1);
  (void)one.sharing.exchange();
  ASSERT_EQ(everybody.charged_ns.size(), 1U);
  const std::int64_t passed_on = everybody.charged_ns.begin()->second / hour_ns;
  EXPECT_GE(passed_on, 99);
  EXPECT_LE(passed_on, 150);
  EXPECT_LE(two.admit(1000) - 1, 700);
}

TEST_F(LimitSharingTest, LosingAndFindingTheOthersIsSaidOnce) {
  everybody.reachable = false;
  EXPECT_EQ(one.admit(1), 1);
  for (int i = 0; i < 5; ++i) (void)one.sharing.exchange();
  everybody.reachable = true;
  for (int i = 0; i < 5; ++i) (void)one.sharing.exchange();
  const std::string text = log_text();
  const std::size_t lost = text.find("limits_redis_lost");
  ASSERT_NE(lost, std::string::npos);
  EXPECT_EQ(text.find("limits_redis_lost", lost + 1), std::string::npos);
  EXPECT_NE(text.find("\"advice\":\"see that Redis runs", lost), std::string::npos);
  EXPECT_NE(text.find("limits_redis_up", lost), std::string::npos);
}

TEST_F(LimitSharingTest, ItsThreadStopsWhenItIsToldTo) {
  one.sharing.start();
  EXPECT_EQ(one.admit(1), 1);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (one.limiter.share() != 1 || !one.sharing.is_up())
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  one.sharing.stop();
  one.sharing.stop();
}

}  // namespace
}  // namespace agentauth

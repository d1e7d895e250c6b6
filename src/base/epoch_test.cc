#include "base/epoch.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

namespace agentauth {
namespace {

// Knows how many of its kind live, and whether it does itself.
struct Version {
  explicit Version(int number_) : number(number_) { ++living; }
  ~Version() {
    number = -1;
    --living;
  }
  Version(const Version&) = delete;
  Version& operator=(const Version&) = delete;

  int number;
  static std::atomic<int> living;
};
std::atomic<int> Version::living{0};

class EpochTest : public ::testing::Test {
 protected:
  void publish(int number) {
    const Version* const old = current_.exchange(new Version(number));
    domain_.retire(std::unique_ptr<const Version>(old));
  }
  ~EpochTest() override { delete current_.load(); }

  std::atomic<const Version*> current_{nullptr};
  EpochDomain domain_;
};

TEST_F(EpochTest, WhatNobodyReadsIsDestroyedAtOnce) {
  publish(1);
  publish(2);
  EXPECT_EQ(Version::living, 1);
}

TEST_F(EpochTest, WhatSomebodyReadsLivesUntilTheyAreDone) {
  publish(1);
  {
    const EpochDomain::Pin pin(domain_);
    const Version* const seen = current_.load();
    publish(2);
    publish(3);
    EXPECT_EQ(seen->number, 1);
    EXPECT_EQ(Version::living, 3);
  }
  publish(4);
  EXPECT_EQ(Version::living, 1);
}

TEST_F(EpochTest, PinsNest) {
  publish(1);
  const EpochDomain::Pin outer(domain_);
  const Version* const seen = current_.load();
  { const EpochDomain::Pin inner(domain_); }
  publish(2);
  EXPECT_EQ(seen->number, 1);
}

TEST_F(EpochTest, AReaderThatCameLaterHoldsBackNothingOlder) {
  publish(1);
  publish(2);
  const EpochDomain::Pin pin(domain_);
  EXPECT_EQ(Version::living, 1);
  publish(3);
  EXPECT_EQ(Version::living, 2);  // 2 may be in use, 1 is gone
}

TEST_F(EpochTest, PinsOfAnotherDomainHoldBackNothing) {
  EpochDomain other;
  publish(1);
  const EpochDomain::Pin pin(other);
  publish(2);
  EXPECT_EQ(Version::living, 1);
}

TEST(Epoch, TheDomainDestroysWhatIsLeft) {
  {
    EpochDomain domain;
    const EpochDomain::Pin pin(domain);
    domain.retire(std::unique_ptr<const Version>(new Version(1)));
    EXPECT_EQ(Version::living, 1);
  }
  EXPECT_EQ(Version::living, 0);
}

TEST_F(EpochTest, ReadersNeverMeetADestroyedVersion) {
  constexpr int readers = 4;
  constexpr int versions = 2000;
  publish(0);
  std::atomic<bool> writing{true};
  std::atomic<int> wrong{0};
  std::latch started(readers);
  std::vector<std::thread> threads;
  for (int i = 0; i < readers; ++i) {
    threads.emplace_back([&] {
      started.count_down();
      int last = 0;
      while (writing) {
        const EpochDomain::Pin pin(domain_);
        const int number = current_.load()->number;
        if (number < last) ++wrong;
        last = number;
      }
    });
  }
  started.wait();
  for (int number = 1; number <= versions; ++number) publish(number);
  writing = false;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  publish(versions + 1);
  EXPECT_EQ(Version::living, 1);
}

}  // namespace
}  // namespace agentauth

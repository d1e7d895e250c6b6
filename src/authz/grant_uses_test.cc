#include "authz/grant_uses.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace agentauth {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp hour{std::chrono::hours{480'000}};

Uuid uuid(std::uint32_t number) {
  Uuid id;
  std::uint64_t mixed = number * 0x9E3779B97F4A7C15ULL;
  for (std::uint8_t& byte : id.bytes) {
    mixed = (mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9ULL + number;
    byte = static_cast<std::uint8_t>(mixed >> 56);
  }
  return id;
}
GrantId grant(std::uint32_t number) { return {uuid(number)}; }
AgentId agent(std::uint32_t number) { return {uuid(number)}; }

using Uses = std::vector<GrantUses::Use>;

TEST(GrantUsesTest, AUseIsNotedOnceAnHour) {
  GrantUses uses;
  uses.note_grant(grant(1), hour);
  uses.note_grant(grant(1), hour + 1min);
  EXPECT_EQ(uses.take(), (Uses{{uuid(1), no_name, hour}}));
  uses.note_grant(grant(1), hour + 59min);
  EXPECT_TRUE(uses.take().empty());
  uses.note_grant(grant(1), hour + 60min);
  EXPECT_EQ(uses.take(), (Uses{{uuid(1), no_name, hour + 60min}}));
}

TEST(GrantUsesTest, EveryPermissionOfAnAgentIsAThingOfItsOwn) {
  GrantUses uses;
  for (const NameId permission : {0U, 1U, 7U}) uses.note_permission(agent(1), permission, hour);
  uses.note_permission(agent(2), 7, hour);
  uses.note_grant(grant(1), hour);
  EXPECT_EQ(uses.take().size(), 5U);
}

TEST(GrantUsesTest, WhatCouldNotBeWrittenIsTakenAgainUnlessThereIsALaterUse) {
  GrantUses uses;
  uses.note_grant(grant(1), hour);
  const auto taken = uses.take();
  uses.put_back(taken[0]);
  EXPECT_EQ(uses.take(), taken);
  uses.note_grant(grant(1), hour + 1h);
  uses.put_back(taken[0]);
  EXPECT_EQ(uses.take(), (Uses{{uuid(1), no_name, hour + 1h}}));
}

// Nothing is lost for good: what gave way is noted by its next use, though it is of the same hour.
TEST(GrantUsesTest, WhatThereWasNoRoomForIsNotedAgain) {
  GrantUses uses;
  constexpr std::uint32_t grants = 200'000;
  Timestamp now = hour;
  std::vector<Uuid> noted;
  for (std::uint32_t round = 0; round < 15 && noted.size() < grants; ++round) {
    // Each time beginning with another one, because the oldest give way.
    for (std::uint32_t i = 0; i < grants; ++i)
      uses.note_grant(grant((i + round * 77'777) % grants), now += 1ms);
    const auto taken = uses.take();
    EXPECT_LE(taken.size(), 65'536U);
    for (const auto& use : taken) noted.push_back(use.id);
    std::sort(noted.begin(), noted.end());
    noted.erase(std::unique(noted.begin(), noted.end()), noted.end());
  }
  EXPECT_EQ(noted.size(), grants);
}

TEST(GrantUsesTest, ThreadsThatNoteTheSameGrantsWhileOneTakesThemLoseNone) {
  GrantUses uses;
  constexpr std::uint32_t grants = 5'000;
  const auto note_all = [&] {
    for (std::uint32_t i = 0; i < grants; ++i) uses.note_grant(grant(i), hour);
  };
  std::thread one(note_all);
  std::thread other(note_all);
  std::vector<Uuid> seen;
  const auto take = [&] {
    for (const auto& use : uses.take()) seen.push_back(use.id);
  };
  for (int i = 0; i < 50; ++i) take();
  one.join();
  other.join();
  take();
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  EXPECT_EQ(seen.size(), grants);
}

TEST(GrantUsesTest, OnlyWhatLetsSomethingBeDoneWasUsed) {
  GrantUses uses;
  const AgentId bot = agent(1);
  GrantRule rule;
  rule.id = grant(2);
  note_use(uses, {Reason::not_granted}, &bot, hour);
  note_use(uses, {Reason::denied, no_name, &rule}, &bot, hour);
  note_use(uses, {Reason::outside_key, 7}, &bot, hour);
  Decision on_record{Reason::granted};  // by being itself
  on_record.audited.put(0, &rule);
  note_use(uses, on_record, &bot, hour);
  EXPECT_TRUE(uses.take().empty());
  note_use(uses, {Reason::granted, 7}, &bot, hour);
  EXPECT_EQ(uses.take(), (Uses{{bot.uuid, 7, hour}}));
  note_use(uses, {Reason::granted, no_name, &rule}, nullptr, hour);
  EXPECT_EQ(uses.take(), (Uses{{rule.id.uuid, no_name, hour}}));
}

}  // namespace
}  // namespace agentauth

#include "keys/key_uses.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace agentauth {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp now{std::chrono::seconds{1'700'000'000}};

KeyUse use(int number, Timestamp at = now) {
  std::string kid = std::to_string(number);
  kid.insert(0, key_kid_length - kid.size(), 'k');
  return {*parse_kid(kid), at, *parse_ip_address("192.0.2.7")};
}

TEST(KeyUsesTest, WhatWasNotedIsTakenOnce) {
  KeyUses uses;
  EXPECT_TRUE(uses.take().empty());
  uses.note(use(1));
  EXPECT_EQ(uses.take(), std::vector{use(1)});
  EXPECT_TRUE(uses.take().empty());
}

TEST(KeyUsesTest, OfTwoUsesTheLaterOneStaysWhicheverWasNotedFirst) {
  KeyUses uses;
  for (const auto at : {now + 1ms, now + 3ms, now + 2ms}) uses.note(use(1, at));
  EXPECT_EQ(uses.take(), std::vector{use(1, now + 3ms)});
}

TEST(KeyUsesTest, TheOldestGivesWayWhenThereIsNoRoomAndTheNewestAreKept) {
  KeyUses uses;
  constexpr int keys = 200'000;
  for (int i = 0; i < keys; ++i) uses.note(use(i, now + i * 1ms));
  const auto taken = uses.take();
  EXPECT_LE(taken.size(), 65'536);
  EXPECT_GT(taken.size(), 60'000);
  EXPECT_NE(std::find(taken.begin(), taken.end(), use(keys - 1, now + (keys - 1) * 1ms)),
            taken.end());
}

TEST(KeyUsesTest, ThreadsThatNoteAndTakeAtOnceLoseNothing) {
  KeyUses uses;
  constexpr int rounds = 20'000;
  const auto note_often = [&](int key) {
    for (int i = 1; i <= rounds; ++i) uses.note(use(key, now + i * 1ms));
  };
  std::thread one(note_often, 1);
  std::thread other(note_often, 2);
  Timestamp latest[3]{};
  for (int i = 0; i < 100; ++i)
    for (const KeyUse& taken : uses.take())
      for (const int key : {1, 2})
        if (taken.kid == use(key).kid) latest[key] = std::max(latest[key], taken.at);
  one.join();
  other.join();
  for (const KeyUse& taken : uses.take())
    for (const int key : {1, 2})
      if (taken.kid == use(key).kid) latest[key] = std::max(latest[key], taken.at);
  for (const int key : {1, 2}) EXPECT_EQ(latest[key], now + rounds * 1ms);
}

}  // namespace
}  // namespace agentauth

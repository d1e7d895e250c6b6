#include "crypto/secret.h"

#include <gtest/gtest.h>

#include <new>
#include <ostream>
#include <type_traits>

namespace agentauth {
namespace {

// A secret must not slip into a log line, an error or an answer by a conversion.
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Printable<Secret>);

constexpr std::string_view short_text = "short";
constexpr std::string_view long_text = "longer than what a string keeps within itself, by far";

TEST(SecretTest, OnlyRevealShowsIt) {
  EXPECT_EQ(Secret(std::string(long_text)).reveal(), long_text);
  EXPECT_TRUE(Secret().empty());
  EXPECT_FALSE(Secret(std::string("x")).empty());
}

TEST(SecretTest, WhatWasMovedFromIsEmpty) {
  for (const std::string_view text : {short_text, long_text}) {
    Secret from{std::string(text)};
    Secret to(std::move(from));
    EXPECT_EQ(to.reveal(), text);
    EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is the point
    Secret assigned{std::string("before")};
    assigned = std::move(to);
    EXPECT_EQ(assigned.reveal(), text);
    EXPECT_TRUE(to.empty());  // NOLINT(bugprone-use-after-move)
  }
}

TEST(SecretTest, MovingOntoItselfKeepsIt) {
  Secret secret{std::string(long_text)};
  Secret& same = secret;
  secret = std::move(same);
  EXPECT_EQ(secret.reveal(), long_text);
}

TEST(SecretTest, ACopyStandsOnItsOwn) {
  Secret copy;
  {
    const Secret original{std::string(long_text)};
    copy = original;
  }
  EXPECT_EQ(copy.reveal(), long_text);
}

TEST(SecretTest, ItsBytesAreWipedWhenItDies) {
  // A short text lies within the object, so the storage can be looked at afterwards.
  alignas(Secret) unsigned char storage[sizeof(Secret)];
  auto* secret = new (storage) Secret(std::string(short_text));
  const auto offset =
      static_cast<std::size_t>(reinterpret_cast<const unsigned char*>(secret->reveal().data()) -
                               static_cast<const unsigned char*>(storage));
  ASSERT_LT(offset, sizeof storage);
  secret->~Secret();
  const volatile unsigned char* bytes = storage;
  for (std::size_t i = 0; i < short_text.size(); ++i) EXPECT_EQ(bytes[offset + i], 0U);
}

TEST(SecretTest, AMovedFromShortSecretLeavesNoCopyBehind) {
  alignas(Secret) unsigned char storage[sizeof(Secret)];
  auto* from = new (storage) Secret(std::string(short_text));
  const auto offset =
      static_cast<std::size_t>(reinterpret_cast<const unsigned char*>(from->reveal().data()) -
                               static_cast<const unsigned char*>(storage));
  const Secret to(std::move(*from));
  const volatile unsigned char* bytes = storage;
  for (std::size_t i = 0; i < short_text.size(); ++i) EXPECT_EQ(bytes[offset + i], 0U);
  EXPECT_EQ(to.reveal(), short_text);
  from->~Secret();
}

}  // namespace
}  // namespace agentauth

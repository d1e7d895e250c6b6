#include "tokens/refresh_token.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace agentauth {
namespace {

class RefreshTokenTest : public testing::Test {
 protected:
  static RefreshToken example() {
    RefreshToken token;
    token.family.id = *FamilyId::parse("7e0c5a52-6c2f-4b53-8f0e-1f4b7a9d3c11");
    token.family.agent_id = *AgentId::parse("0b51b2a3-8f0e-4a4e-9d0a-5c1f6f0a7e11");
    const std::string_view kid = "4fJx0Zk2QmP1";
    std::copy(kid.begin(), kid.end(), token.family.kid.begin());
    token.family.token_generation = 0xDEADBEEF;
    token.family.begun_at = Timestamp{Seconds{1'700'000'000}};
    token.family.ends_at = Timestamp{Seconds{1'702'592'000}};
    token.number = 0xFFFFFFFF;
    return token;
  }

  RefreshTokenCodec codec{MasterKey(Bytes(32, 7))};
};

TEST_F(RefreshTokenTest, ReadsWhatItWrote) {
  const auto read = codec.read(codec.write(example()));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, example());
}

TEST_F(RefreshTokenTest, TheSameTokenHasTheSameTextAndAnotherNumberHasAnother) {
  RefreshToken next = example();
  next.number = 3;
  EXPECT_EQ(codec.write(example()), codec.write(example()));
  EXPECT_NE(codec.write(example()), codec.write(next));
}

TEST_F(RefreshTokenTest, ATextBeginsWithItsPrefixAndFitsAField) {
  const std::string text = codec.write(example());
  EXPECT_TRUE(text.starts_with("ar_"));
  EXPECT_LE(text.size(), 255U);
}

TEST_F(RefreshTokenTest, EveryChangedCharacterIsNoticed) {
  const std::string text = codec.write(example());
  for (std::size_t i = 0; i < text.size(); ++i)
    for (const char character : {'A', 'B', '=', '.', '\0', '-', '\xFF'}) {
      std::string changed = text;
      changed[i] = character;
      if (changed == text) continue;
      ASSERT_FALSE(codec.read(changed)) << i << " as " << static_cast<int>(character);
    }
}

TEST_F(RefreshTokenTest, AnotherLengthIsNoToken) {
  const std::string text = codec.write(example());
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(codec.read(text.substr(0, size))) << size;
  for (const std::string& longer : {text + "A", text + "=", text + " ", " " + text, text + text})
    EXPECT_FALSE(codec.read(longer));
  EXPECT_FALSE(codec.read(std::string(10'000'000, 'A')));
}

TEST_F(RefreshTokenTest, ATokenUnderAnotherMasterKeyIsRefused) {
  const RefreshTokenCodec other(MasterKey(Bytes(32, 8)));
  EXPECT_FALSE(other.read(codec.write(example())));
}

// A value has one spelling: the last of 135 characters has two bits that stand for nothing.
TEST_F(RefreshTokenTest, ATokenHasOneSpelling) {
  const std::string text = codec.write(example());
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  int accepted = 0;
  for (const char last : alphabet) {
    std::string changed = text;
    changed.back() = last;
    accepted += codec.read(changed) ? 1 : 0;
  }
  EXPECT_EQ(accepted, 1);
}

}  // namespace
}  // namespace agentauth

#include "base/uuid.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace agentauth {
namespace {

using ThingId = Id<struct ThingTag>;
using OtherId = Id<struct OtherTag>;

constexpr std::string_view text = "00112233-4455-4677-8899-aabbccddeeff";

TEST(Uuid, IsWrittenInLowerCaseAndReadInBoth) {
  const auto uuid = Uuid::parse(text);
  ASSERT_TRUE(uuid);
  EXPECT_EQ(uuid->bytes[0], 0x00);
  EXPECT_EQ(uuid->bytes[15], 0xFF);
  EXPECT_EQ(uuid->to_string(), text);
  EXPECT_EQ(Uuid::parse("00112233-4455-4677-8899-AABBCCDDEEFF"), uuid);
}

TEST(Uuid, HasNoOtherForm) {
  for (const char* wrong : {
           "",
           "00112233445546778899aabbccddeeff",
           "{00112233-4455-4677-8899-aabbccddeeff}",
           "urn:uuid:00112233-4455-4677-8899-aabbccddeeff",
           "00112233-4455-4677-8899-aabbccddeef",
           "00112233-4455-4677-8899-aabbccddeefff",
           "00112233-4455-4677-8899-aabbccddeefg",
           "001122334-455-4677-8899-aabbccddeeff",
           "00112233-4455-4677-8899_aabbccddeeff",
           "00112233-4455-4677-8899-aabbccddee f",
           "-0112233-4455-4677-8899-aabbccddeeff",
       })
    EXPECT_FALSE(Uuid::parse(wrong)) << wrong;
  EXPECT_FALSE(Uuid::parse(std::string_view("00112233-4455-4677-8899-aabbccddee\0f", 36)));
}

RC_GTEST_PROP(Uuid, ComesBackFromItsText, ()) {
  Uuid uuid;
  for (auto& byte : uuid.bytes) byte = *rc::gen::arbitrary<std::uint8_t>();
  RC_ASSERT(Uuid::parse(uuid.to_string()) == uuid);
}

RC_GTEST_PROP(Uuid, SortsAsItsText, ()) {
  Uuid a;
  Uuid b;
  for (auto& byte : a.bytes) byte = *rc::gen::arbitrary<std::uint8_t>();
  for (auto& byte : b.bytes) byte = *rc::gen::arbitrary<std::uint8_t>();
  RC_ASSERT((a < b) == (a.to_string() < b.to_string()));
}

TEST(Id, DoesNotMixWithIdsOfOtherThings) {
  static_assert(!std::is_convertible_v<ThingId, OtherId>);
  static_assert(!std::is_constructible_v<OtherId, ThingId>);
  const auto id = ThingId::parse(text);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->to_string(), text);
  EXPECT_FALSE(ThingId::parse("agent"));
}

TEST(Id, CanBeAKeyOfHashTables) {
  std::unordered_set<ThingId> ids{*ThingId::parse(text)};
  EXPECT_TRUE(ids.contains(*ThingId::parse(text)));
  EXPECT_FALSE(ids.contains(ThingId{}));
}

}  // namespace
}  // namespace agentauth

#include "base/encoding.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace agentauth {
namespace {

constexpr std::string_view base64url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

TEST(Base64url, SpellsTheVectorsOfTheRfc) {
  // RFC 4648 section 10, without padding.
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF", "-_8"},
  };
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64url_encode(as_bytes(plain)), encoded);
    const auto decoded = base64url_decode(encoded);
    ASSERT_TRUE(decoded) << encoded;
    EXPECT_EQ(as_text(*decoded), plain);
  }
}

TEST(Base64url, HasOneSpellingForEachValue) {
  for (const char* other : {"Zg==", "Zh", "Zm9=", "Zm9vYmF", "Zm 9v", "Zm9v\n", "+/8", "A", "AAAAA",
                            "Zm9v.", "Zm9v\xC3\xA4"})
    EXPECT_FALSE(base64url_decode(other)) << other;
  EXPECT_FALSE(base64url_decode(std::string_view("Zm\0v", 4)));
}

TEST(Base64url, DoesNotWriteBeyondItsBuffer) {
  std::array<std::uint8_t, 2> small{};
  EXPECT_FALSE(base64url_decode("Zm9v", small));
  std::array<std::uint8_t, 3> enough{};
  EXPECT_EQ(base64url_decode("Zm9v", enough), 3U);
}

RC_GTEST_PROP(Base64url, ReturnsTheBytesItWasGiven, (const Bytes& bytes)) {
  RC_ASSERT(base64url_decode(base64url_encode(bytes)) == bytes);
}

RC_GTEST_PROP(Base64url, DecodesCanonicalTextOnly, ()) {
  // Mostly of the alphabet, so that many decode.
  const auto text = *rc::gen::container<std::string>(
      rc::gen::weightedOneOf<char>({{40, rc::gen::elementOf(std::string(base64url_alphabet))},
                                    {1, rc::gen::arbitrary<char>()}}));
  const auto decoded = base64url_decode(text);
  RC_CLASSIFY(decoded.has_value(), "decodes");
  if (decoded) RC_ASSERT(base64url_encode(*decoded) == text);
}

TEST(Hex, IsLowerCaseAndReadsBothCases) {
  EXPECT_EQ(hex_encode(Bytes{0x00, 0x0F, 0xAB}), "000fab");
  EXPECT_EQ(hex_decode("000fAB"), (Bytes{0x00, 0x0F, 0xAB}));
  for (const char* wrong : {"0", "0g", "0x00", " 00"}) EXPECT_FALSE(hex_decode(wrong)) << wrong;
}

RC_GTEST_PROP(Hex, ReturnsTheBytesItWasGiven, (const Bytes& bytes)) {
  RC_ASSERT(hex_decode(hex_encode(bytes)) == bytes);
}

TEST(Base62, CountsInDigitsUpperCaseAndLowerCase) {
  EXPECT_EQ(base62_encode(0, 3), "000");
  EXPECT_EQ(base62_encode(9, 1), "9");
  EXPECT_EQ(base62_encode(10, 1), "A");
  EXPECT_EQ(base62_encode(36, 1), "a");
  EXPECT_EQ(base62_encode(61, 2), "0z");
  EXPECT_EQ(base62_encode(62, 2), "10");
  EXPECT_EQ(base62_encode(0xFFFFFFFF, 6), "4gfFC3");
}

TEST(Base62, KnowsItsAlphabet) {
  EXPECT_TRUE(is_base62("09AZaz"));
  EXPECT_TRUE(is_base62(""));
  for (const char* wrong : {"a-b", "a_b", " ", "\xC3\xA4", "@", "[", "`", "{", "/", ":"})
    EXPECT_FALSE(is_base62(wrong)) << wrong;
}

RC_GTEST_PROP(Base62, KeepsTheOrderOfNumbers, (std::uint32_t a, std::uint32_t b)) {
  RC_ASSERT((a < b) == (base62_encode(a, 6) < base62_encode(b, 6)));
  RC_ASSERT(is_base62(base62_encode(a, 6)));
}

TEST(Crc32, IsThatOfZlib) {
  EXPECT_EQ(crc32(""), 0U);
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);  // the check value of the catalogue of CRCs
  EXPECT_EQ(crc32("The quick brown fox jumps over the lazy dog"), 0x414FA339U);
}

RC_GTEST_PROP(Crc32, NoticesEveryChangedByte, ()) {
  const auto text = *rc::gen::nonEmpty<std::string>();
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  const auto flip = *rc::gen::inRange(1, 256);
  std::string changed = text;
  changed[at] = static_cast<char>(changed[at] ^ flip);
  RC_ASSERT(crc32(changed) != crc32(text));
}

// The table of RFC 3629 section 4, at its edges.
TEST(Utf8, IsWhatTheTableAllows) {
  for (const char* text : {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "a\xC3\xA9z"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text :
       {"\x80", "a\xE9", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2z", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"})
    EXPECT_FALSE(is_utf8(text)) << text;
}

TEST(PercentDecode, ReadsEscapesAndLeavesThePlus) {
  EXPECT_EQ(percent_decode(""), "");
  EXPECT_EQ(percent_decode("a%20b+c"), "a b+c");
  EXPECT_EQ(percent_decode("%C3%a4"), "ä");
  EXPECT_EQ(percent_decode("%2525"), "%25");
}

TEST(PercentDecode, RefusesBrokenEscapesAndNul) {
  for (const char* wrong : {"%", "%4", "a%", "%zz", "%4z", "%-1", "% 1", "%00", "a%00b"})
    EXPECT_FALSE(percent_decode(wrong)) << wrong;
}

RC_GTEST_PROP(PercentDecode, UndoesTheEscapingOfEveryByte, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
  std::string escaped;
  for (const char c : text) escaped += "%" + hex_encode(as_bytes(std::string_view(&c, 1)));
  RC_ASSERT(percent_decode(escaped) == text);
}

}  // namespace
}  // namespace agentauth

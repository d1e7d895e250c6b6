#include "crypto/hash.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "tests/cases/hmac_sha256.h"

namespace agentauth {
namespace {

struct Vector {
  std::string text;
  std::string_view digest;
};

// FIPS 180-4 examples; the last two lie on both sides of a padding block.
TEST(Sha256Test, DigestsThePublishedExamples) {
  const Vector vectors[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const Vector& vector : vectors) EXPECT_EQ(hex_encode(sha256(vector.text)), vector.digest);
}

struct HmacVector {
  std::string key;
  std::string data;
  std::string_view tag;
};

std::string repeated(std::size_t count, int byte) {
  return std::string(count, static_cast<char>(byte));
}

std::string counting(int from, int to) {
  std::string bytes;
  for (int byte = from; byte <= to; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

// RFC 4231 sections 4.2 to 4.8, without the truncated case.
const HmacVector& hmac_vector(std::size_t index) {
  static const HmacVector vectors[] = {
      {repeated(20, 0x0b), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {repeated(20, 0xaa), repeated(50, 0xdd),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {counting(1, 25), repeated(50, 0xcd),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {repeated(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {repeated(131, 0xaa),
       "This is a test using a larger than block-size key and a larger than block-size data. The "
       "key needs to be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  return vectors[index];
}
constexpr std::size_t hmac_vectors = 6;

TEST(HmacTest, SignsTheVectorsOfRfc4231) {
  for (std::size_t i = 0; i < hmac_vectors; ++i) {
    const HmacVector& vector = hmac_vector(i);
    const HmacSha256 key(as_bytes(vector.key));
    EXPECT_EQ(hex_encode(key.sign(vector.data)), vector.tag) << "case " << i;
    EXPECT_EQ(hex_encode(key.sign(vector.data)), vector.tag) << "the same key, used again";
  }
}

TEST(HmacTest, AgreesWithTheVectorsOfWycheproof) {
  for (const cases::HmacCase& row : cases::hmac_cases) {
    const Bytes message = *hex_decode(row.message);
    const Sha256 made = HmacSha256(*hex_decode(row.key)).sign(message);
    EXPECT_EQ(constant_time_equal(made, *hex_decode(row.tag)), row.valid) << row.name;
  }
}

TEST(HmacTest, ACopiedKeySignsTheSame) {
  const HmacSha256 key(as_bytes("Jefe"));
  HmacSha256 copy(as_bytes("another"));
  copy = key;
  EXPECT_EQ(copy.sign("text"), key.sign("text"));
}

// As the Wycheproof vectors do: every tag that is nearly right is wrong.
TEST(HmacTest, ATruncatedOrModifiedTagIsNotTheTag) {
  for (std::size_t i = 0; i < hmac_vectors; ++i) {
    const HmacVector& vector = hmac_vector(i);
    const Sha256 tag = HmacSha256(as_bytes(vector.key)).sign(vector.data);
    for (std::size_t size = 0; size < tag.size(); ++size)
      EXPECT_FALSE(constant_time_equal(ByteView(tag).first(size), tag)) << size << " bytes";
    for (std::size_t bit = 0; bit < tag.size() * 8; ++bit) {
      Sha256 changed = tag;
      changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << bit % 8));
      EXPECT_FALSE(constant_time_equal(changed, tag)) << "bit " << bit;
    }
    Bytes longer(tag.begin(), tag.end());
    longer.push_back(0);
    EXPECT_FALSE(constant_time_equal(longer, tag));
    EXPECT_FALSE(constant_time_equal(Sha256{}, tag));
  }
}

TEST(HmacTest, AnEmptyKeyIsAKeyLikeAnyOther) {
  EXPECT_EQ(hex_encode(HmacSha256(ByteView{}).sign("")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

RC_GTEST_PROP(ConstantTimeEqual, SaysWhatMemcmpWouldSay, (Bytes a, Bytes b)) {
  RC_ASSERT(constant_time_equal(a, b) == (a == b));
  RC_ASSERT(constant_time_equal(a, a));
}

RC_GTEST_PROP(ConstantTimeEqual, FindsADifferenceWhereverItIs, ()) {
  const auto bytes = *rc::gen::nonEmpty<Bytes>();
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
  Bytes changed = bytes;
  changed[at] = static_cast<std::uint8_t>(changed[at] ^ *rc::gen::inRange(1, 256));
  RC_ASSERT(!constant_time_equal(bytes, changed));
}

}  // namespace
}  // namespace agentauth

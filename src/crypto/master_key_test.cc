#include "crypto/master_key.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

namespace agentauth {
namespace {

class MasterKeyTest : public testing::Test {
 protected:
  MasterKeyTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "master-key-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~MasterKeyTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name = "master.key") const { return folder_ / name; }
  std::string write(const std::string& bytes, mode_t mode = 0600) {
    std::ofstream(path()) << bytes;
    EXPECT_EQ(::chmod(path().c_str(), mode), 0);
    return path();
  }
  Result<MasterKey> load(MasterKey::IfMissing if_missing = MasterKey::IfMissing::fail) {
    return MasterKey::load(path(), if_missing, random_);
  }
  std::string refusal() {
    const auto loaded = load();
    return loaded ? "not refused" : loaded.error().message;
  }

  std::filesystem::path folder_;
  SystemRandom random_;
};

TEST_F(MasterKeyTest, TheFirstStartMakesOneThatOnlyTheOwnerMayRead) {
  const auto made = load(MasterKey::IfMissing::create);
  ASSERT_TRUE(made);
  struct stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(status.st_size, 32);
  EXPECT_EQ(load()->fingerprint(), made->fingerprint());
  EXPECT_EQ(load(MasterKey::IfMissing::create)->fingerprint(), made->fingerprint());
}

TEST_F(MasterKeyTest, MakingOneLeavesNothingElseBehind) {
  ASSERT_TRUE(load(MasterKey::IfMissing::create));
  const auto entries = std::filesystem::directory_iterator(folder_);
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(MasterKeyTest, OneThatWasNamedIsNotMade) {
  const auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(MasterKeyTest, ServersThatStartAtOnceAgreeOnOne) {
  std::vector<std::string> fingerprints(8);
  std::vector<std::thread> servers;
  for (std::string& fingerprint : fingerprints)
    servers.emplace_back([&] {
      SystemRandom random;
      const auto key = MasterKey::load(path(), MasterKey::IfMissing::create, random);
      fingerprint = key ? key->fingerprint() : key.error().message;
    });
  for (std::thread& server : servers) server.join();
  EXPECT_EQ(std::set<std::string>(fingerprints.begin(), fingerprints.end()),
            std::set<std::string>{load()->fingerprint()});
}

TEST_F(MasterKeyTest, ItHasExactly32Bytes) {
  for (const std::size_t size : {0U, 1U, 16U, 31U, 33U, 64U, 1000U}) {
    write(std::string(size, 'k'));
    EXPECT_NE(refusal().find("exactly 32"), std::string::npos) << size;
  }
  write(std::string(32, 'k'));
  EXPECT_TRUE(load());
}

TEST_F(MasterKeyTest, OneThatOthersMayReadIsRefused) {
  for (const mode_t mode : {0640u, 0604u, 0660u, 0644u, 0610u, 0601u}) {
    write(std::string(32, 'k'), mode);
    EXPECT_NE(refusal().find("chmod 600"), std::string::npos) << std::oct << mode;
  }
  write(std::string(32, 'k'), 0400);
  EXPECT_TRUE(load());
}

TEST(PrivateFile, IsItsOwnersAloneOrLentByRootToAGroup) {
  constexpr uid_t root = 0, own = 1000, stranger = 1001;
  for (const mode_t mode : {0400u, 0600u, 0700u}) {
    EXPECT_TRUE(is_private_file(mode, own, own));
    EXPECT_TRUE(is_private_file(mode, root, root));
  }
  for (const mode_t mode : {0440u, 0640u}) {
    EXPECT_TRUE(is_private_file(mode, root, own));
    EXPECT_FALSE(is_private_file(mode, own, own));
    EXPECT_FALSE(is_private_file(mode, root, root));
    EXPECT_FALSE(is_private_file(mode, stranger, own));
  }
  for (const mode_t mode : {0660u, 0450u, 0404u, 0444u, 0402u, 0401u})
    EXPECT_FALSE(is_private_file(mode, root, own)) << std::oct << mode;
}

TEST_F(MasterKeyTest, AFolderInItsPlaceIsRefused) {
  std::filesystem::create_directory(path());
  ::chmod(path().c_str(), 0700);
  EXPECT_NE(refusal(), "not refused");
}

TEST_F(MasterKeyTest, ARefusalDoesNotShowTheKey) {
  write("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
  EXPECT_EQ(refusal().find("kkkk"), std::string::npos);
}

TEST_F(MasterKeyTest, EachLabelGetsAKeyOfItsOwn) {
  const MasterKey key(Bytes(32, 1));
  const MasterKey other(Bytes(32, 2));
  EXPECT_EQ(key.derive("a"), key.derive("a"));
  EXPECT_NE(key.derive("a"), key.derive("b"));
  EXPECT_NE(key.derive("a"), other.derive("a"));
  EXPECT_NE(key.fingerprint(), other.fingerprint());
}

Bytes value_or_empty(const Result<Secret>& opened) {
  if (!opened) return {};
  const ByteView bytes = as_bytes(opened->reveal());
  return {bytes.begin(), bytes.end()};
}

class SealerTest : public testing::Test {
 protected:
  SystemRandom random;
  const Sealer sealer{MasterKey(Bytes(32, 1)).derive("test")};
  const Bytes plain{'s', 'e', 'c', 'r', 'e', 't'};
};

TEST_F(SealerTest, OpensWhatItSealed) {
  const Bytes sealed = sealer.seal(plain, "name", random);
  EXPECT_EQ(sealed.size(), 12 + plain.size() + 16);
  EXPECT_EQ(value_or_empty(sealer.open(sealed, "name")), plain);
}

TEST_F(SealerTest, SealsTheSameTextDifferentlyEachTime) {
  EXPECT_NE(sealer.seal(plain, "name", random), sealer.seal(plain, "name", random));
}

TEST_F(SealerTest, WhatWasSealedForOneNameDoesNotOpenUnderAnother) {
  const Bytes sealed = sealer.seal(plain, "name", random);
  for (const std::string_view other : {"", "nam", "name ", "Name"})
    EXPECT_EQ(sealer.open(sealed, other).error().code, Errc::internal) << other;
}

TEST_F(SealerTest, AnotherKeyDoesNotOpenIt) {
  const Sealer other(MasterKey(Bytes(32, 2)).derive("test"));
  EXPECT_FALSE(other.open(sealer.seal(plain, "name", random), "name"));
}

TEST_F(SealerTest, EachChangedBitIsNoticed) {
  const Bytes sealed = sealer.seal(plain, "name", random);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << bit % 8));
    EXPECT_FALSE(sealer.open(changed, "name")) << "bit " << bit;
  }
}

TEST_F(SealerTest, WhatWasCutOffOrAddedIsNoticed) {
  const Bytes sealed = sealer.seal(plain, "name", random);
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(sealer.open(ByteView(sealed).first(size), "name")) << size << " bytes";
  Bytes longer = sealed;
  longer.push_back(0);
  EXPECT_FALSE(sealer.open(longer, "name"));
}

TEST_F(SealerTest, AnEmptyTextAndAnEmptyNameAreFine) {
  const auto opened = sealer.open(sealer.seal({}, "", random), "");
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->empty());
}

RC_GTEST_PROP(Sealer, OpensWhatItSealed, (Bytes plain, std::string context)) {
  SystemRandom random;
  const Sealer sealer(sha256("key"));
  const auto opened = sealer.open(sealer.seal(plain, context, random), context);
  RC_ASSERT(opened.has_value());
  RC_ASSERT(value_or_empty(opened) == plain);
}

}  // namespace
}  // namespace agentauth

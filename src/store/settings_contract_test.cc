// What the repository of settings promises, on every database.
#include <gtest/gtest.h>

#include "store/testing/repository_test.h"

namespace agentauth {
namespace {

using testing::must;

class SettingsContract : public testing::RepositoryTest {};

INSTANTIATE_TEST_SUITE_P(Store, SettingsContract, testing::every_backend, testing::backend_name);

TEST_P(SettingsContract, TheFirstValueOfASettingStays) {
  const auto keep = [&](const std::string& value) {
    return must(
        write([&](Transaction& tx) { return tx.settings().keep_first("fingerprint", value); }));
  };
  EXPECT_EQ(must(read([](Transaction& tx) { return tx.settings().find("fingerprint"); })),
            std::nullopt);
  EXPECT_EQ(keep("mine"), "mine");
  EXPECT_EQ(keep("yours"), "mine");
  EXPECT_EQ(must(read([](Transaction& tx) { return tx.settings().find("fingerprint"); })), "mine");
}

TEST_P(SettingsContract, ASettingThatIsReplacedIsTheLastOne) {
  const auto replace = [&](const std::string& value) {
    must(write([&](Transaction& tx) { return tx.settings().replace("limits", value); }));
    return *must(read([](Transaction& tx) { return tx.settings().find("limits"); }));
  };
  EXPECT_EQ(replace("one"), "one");
  EXPECT_EQ(replace("two"), "two");
  must(write([&](Transaction& tx) { return tx.settings().replace("other", "x"); }));
  EXPECT_EQ(*must(read([](Transaction& tx) { return tx.settings().find("limits"); })), "two");
}

}  // namespace
}  // namespace agentauth

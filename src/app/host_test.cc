#include "app/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/network.h"

namespace agentauth::app {
namespace {

TEST(Host, AHostIsFoundByNameAndAnAddressStaysAsItIs) {
  EXPECT_EQ(resolve_host("192.0.2.1", "--listen").value(), "192.0.2.1");
  EXPECT_EQ(resolve_host("::1", "--listen").value(), "::1");
  const auto local = resolve_host("localhost", "--listen");
  ASSERT_TRUE(local);
  EXPECT_TRUE(is_loopback(*parse_ip_address(*local)));
  const auto nowhere = resolve_host("nowhere.invalid", "--listen");
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, testing::HasSubstr("nowhere.invalid"));
  EXPECT_THAT(nowhere.error().message, testing::HasSubstr("--listen"));
}

}  // namespace
}  // namespace agentauth::app

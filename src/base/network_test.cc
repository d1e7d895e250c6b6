#include "base/network.h"

#include <gtest/gtest.h>

namespace agentauth {
namespace {

bool contains(std::string_view network, std::string_view address) {
  return Network::parse(network)->contains(*parse_ip_address(address));
}

TEST(Network, ARangeHoldsItsFirstAndItsLastAddressAndNoOther) {
  EXPECT_TRUE(contains("10.1.0.0/16", "10.1.0.0"));
  EXPECT_TRUE(contains("10.1.0.0/16", "10.1.255.255"));
  EXPECT_FALSE(contains("10.1.0.0/16", "10.2.0.0"));
  EXPECT_FALSE(contains("10.1.0.0/16", "10.0.255.255"));
}

TEST(Network, APrefixMayEndInsideAByte) {
  EXPECT_TRUE(contains("192.168.16.0/20", "192.168.31.255"));
  EXPECT_FALSE(contains("192.168.16.0/20", "192.168.32.0"));
  EXPECT_TRUE(contains("2001:db8::/29", "2001:dbf::1"));
  EXPECT_FALSE(contains("2001:db8::/29", "2001:dc0::1"));
}

TEST(Network, AnAddressWithoutAPrefixIsItself) {
  EXPECT_TRUE(contains("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(contains("127.0.0.1", "127.0.0.2"));
}

TEST(Network, AnIPv4RangeHoldsTheMappedFormOfItsAddresses) {
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.9.8.7"));
  EXPECT_TRUE(contains("::ffff:10.0.0.0/104", "10.9.8.7"));
  EXPECT_EQ(Network::parse("::ffff:10.0.0.0/104")->to_string(), "10.0.0.0/8");
}

TEST(Network, TheFamiliesAreApart) {
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_FALSE(contains("::/0", "10.9.8.7"));
  EXPECT_FALSE(contains("::/0", "::ffff:10.9.8.7"));
  EXPECT_TRUE(contains("::/0", "2001:db8::1"));
}

TEST(Network, ARangeContainsItselfAndWhatIsNarrowerWithinIt) {
  const auto contains = [](std::string_view outer, std::string_view inner) {
    return Network::parse(outer)->contains(*Network::parse(inner));
  };
  EXPECT_TRUE(contains("10.0.0.0/8", "10.0.0.0/8"));
  EXPECT_TRUE(contains("10.0.0.0/8", "10.9.0.0/16"));
  EXPECT_TRUE(contains("0.0.0.0/0", "10.0.0.0/8"));
  EXPECT_FALSE(contains("10.0.0.0/8", "10.0.0.0/7"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0/16"));
  EXPECT_FALSE(contains("10.0.0.0/8", "::/0"));
  EXPECT_FALSE(contains("::/0", "0.0.0.0/0")) << "of the other family";
  EXPECT_FALSE(contains("0.0.0.0/0", "::/0"));
}

TEST(Network, AnExactRangeHasNoBitsPastItsPrefix) {
  EXPECT_FALSE(Network::parse_exact("10.1.2.3/8"));
  EXPECT_FALSE(Network::parse_exact("2001:db8::1/32"));
  EXPECT_EQ(Network::parse_exact("10.0.0.0/8"), Network::parse("10.0.0.0/8"));
  EXPECT_EQ(Network::parse_exact("10.1.2.3"), Network::parse("10.1.2.3/32"));
  EXPECT_FALSE(Network::parse_exact("no range"));
}

TEST(Network, AnAddressHasOneSpelling) {
  EXPECT_EQ(format_ip_address(*parse_ip_address("::ffff:10.9.8.7")), "10.9.8.7");
  EXPECT_EQ(format_ip_address(*parse_ip_address("2001:DB8:0:0::1")), "2001:db8::1");
}

TEST(Network, AnAddressIsNoLongerThanAddressesGet) {
  EXPECT_TRUE(parse_ip_address("0000:0000:0000:0000:0000:ffff:255.255.255.255"));
  EXPECT_FALSE(parse_ip_address("0000:0000:0000:0000:0000:ffff:255.255.255.2555"));
  EXPECT_FALSE(parse_ip_address(std::string(1000, '1')));
  EXPECT_FALSE(parse_ip_address(std::string_view("10.0.0.1\0", 9)));
  EXPECT_FALSE(parse_ip_address(""));
}

TEST(Network, BitsPastThePrefixDoNotCount) {
  EXPECT_EQ(Network::parse("10.1.2.3/8"), Network::parse("10.0.0.0/8"));
  EXPECT_EQ(Network::parse("10.1.2.3/8")->to_string(), "10.0.0.0/8");
  EXPECT_EQ(Network::parse("2001:db8::1/32")->to_string(), "2001:db8::/32");
}

TEST(Network, WhatIsNoRangeIsRefused) {
  for (const std::string_view text :
       {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8 ", "10.0.0/8", "::/129",
        "10.0.0.0/8/8", "host/8", "010.0.0.1/8", "::1%lo/128", "10.0.0.0/+8", "10.0.0.0/08",
        "0.0.0.0/00", "::/00", "2001:db8::/032"})
    EXPECT_FALSE(Network::parse(text)) << text;
}

TEST(Network, LoopbackIsTheWholeOf127AndOneAddressOfIPv6) {
  for (const std::string_view text : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(is_loopback(*parse_ip_address(text))) << text;
  for (const std::string_view text : {"128.0.0.1", "0.0.0.0", "::", "::2", "10.0.0.1"})
    EXPECT_FALSE(is_loopback(*parse_ip_address(text))) << text;
}

}  // namespace
}  // namespace agentauth

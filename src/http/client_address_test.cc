#include "http/client_address.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace agentauth::http {
namespace {

// One proxy at 10.0.0.1 unless the test says otherwise; our proxies are 10.0.0.0/8 and
// 2001:db8::/32.
std::string client(std::initializer_list<Header> headers, std::string_view peer = "10.0.0.1") {
  const std::vector<Network> trusted{*Network::parse("10.0.0.0/8"),
                                     *Network::parse("2001:db8::/32")};
  Request request;
  request.peer = *parse_ip_address(peer);
  for (const Header& header : headers) request.add_header(header.name, header.value);
  return format_ip_address(client_address(request, trusted));
}

std::string forwarded(std::string_view list) { return client({{"X-Forwarded-For", list}}); }

TEST(ClientAddress, WithoutAProxyItIsThePeerWhateverItClaims) {
  EXPECT_EQ(client({}, "192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client({{"X-Forwarded-For", "198.51.100.7"}}, "192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client({{"X-Forwarded-For", "10.0.0.2"}}, "192.0.2.1"), "192.0.2.1");
}

TEST(ClientAddress, NobodyIsTrustedUnlessConfigured) {
  Request request;
  request.peer = *parse_ip_address("127.0.0.1");
  request.add_header("X-Forwarded-For", "198.51.100.7");
  EXPECT_EQ(format_ip_address(client_address(request, {})), "127.0.0.1");
}

TEST(ClientAddress, ATrustedProxySaysWhoItIs) {
  EXPECT_EQ(forwarded("198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(forwarded("  2001:DB9::7\t"), "2001:db9::7");
  EXPECT_EQ(client({{"x-forwarded-FOR", "198.51.100.7"}}, "::ffff:10.0.0.1"), "198.51.100.7");
}

TEST(ClientAddress, AProxyThatSaysNothingIsTheClient) {
  EXPECT_EQ(client({}), "10.0.0.1");
  EXPECT_EQ(forwarded(""), "10.0.0.1");
  EXPECT_EQ(forwarded(" , ,"), "10.0.0.1");
}

TEST(ClientAddress, WhatStandsLeftOfTheRightMostStrangerIsNotBelieved) {
  EXPECT_EQ(forwarded("203.0.113.9, 198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(forwarded("10.9.9.9, 198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(forwarded("203.0.113.9, 198.51.100.7, 10.0.0.3, 2001:db8::5"), "198.51.100.7");
}

TEST(ClientAddress, BehindOnlyTrustedProxiesItIsTheFirstOfThem) {
  EXPECT_EQ(forwarded("10.0.0.9, 10.0.0.8"), "10.0.0.9");
}

TEST(ClientAddress, AMappedAddressIsTheIPv4AddressItIs) {
  EXPECT_EQ(forwarded("::ffff:198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(forwarded("198.51.100.7, ::ffff:10.0.0.9"), "198.51.100.7");
}

TEST(ClientAddress, SeveralHeadersAreOneListInTheirOrder) {
  EXPECT_EQ(client({{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-For", "198.51.100.7"}}),
            "198.51.100.7");
  EXPECT_EQ(client({{"X-Forwarded-For", "198.51.100.7"}, {"X-Forwarded-For", "10.0.0.8"}}),
            "198.51.100.7");
}

TEST(ClientAddress, AnUnderscoreMakesAnotherHeader) {
  EXPECT_EQ(client({{"X_Forwarded_For", "198.51.100.7"}}), "10.0.0.1");
  EXPECT_EQ(client({{"X-Forwarded_For", "198.51.100.7"}}), "10.0.0.1");
}

TEST(ClientAddress, APortBehindTheAddressDoesNotCount) {
  EXPECT_EQ(forwarded("198.51.100.7:4711"), "198.51.100.7");
  EXPECT_EQ(forwarded("[2001:db9::7]:4711"), "2001:db9::7");
  EXPECT_EQ(forwarded("[2001:db9::7]"), "2001:db9::7");
}

TEST(ClientAddress, WhatIsNoAddressEndsTheWalkAtTheLastOneVouchedFor) {
  for (const std::string_view broken :
       {"unknown", "_hidden", "198.51.100", "198.51.100.7:", "198.51.100.7:x",
        "198.51.100.7:123456", "[198.51.100.7]", "[2001:db9::7", "[2001:db9::7]x", "[]",
        "fe80::1%eth0", "\"198.51.100.7\"", "198.51.100.7 203.0.113.9", "0x7f.1", "198.051.100.7"})
    EXPECT_EQ(forwarded("203.0.113.9, " + std::string(broken) + ", 10.0.0.4"), "10.0.0.4")
        << broken;
  EXPECT_EQ(forwarded(std::string(3000, '1')), "10.0.0.1");
}

TEST(ClientAddress, TheWalkIsBounded) {
  std::string hops;
  for (std::size_t i = 0; i < proxy_hops_max - 1; ++i) hops += ", 10.0.0.5";
  EXPECT_EQ(forwarded("198.51.100.7" + hops), "198.51.100.7");
  EXPECT_EQ(forwarded("198.51.100.7, 10.0.0.6" + hops), "10.0.0.6");
}

}  // namespace
}  // namespace agentauth::http

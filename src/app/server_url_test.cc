#include "app/server_url.h"

#include <gtest/gtest.h>

namespace agentauth::app {
namespace {

TEST(ServerUrl, APortIsTheSchemesOwnUnlessOneIsGiven) {
  EXPECT_EQ(ServerUrl::parse("http://auth.example")->port, "80");
  EXPECT_EQ(ServerUrl::parse("https://auth.example")->port, "443");
  EXPECT_EQ(ServerUrl::parse("http://127.0.0.1:8000")->port, "8000");
}

TEST(ServerUrl, TheAuthorityIsWhatTheHostHeaderSays) {
  EXPECT_EQ(ServerUrl::parse("https://auth.example:443")->authority(), "auth.example");
  EXPECT_EQ(ServerUrl::parse("http://auth.example:443")->authority(), "auth.example:443");
  EXPECT_EQ(ServerUrl::parse("http://[::1]:8000/")->authority(), "[::1]:8000");
}

TEST(ServerUrl, APathStandsBeforeEveryCallWithoutItsLastSlash) {
  EXPECT_EQ(ServerUrl::parse("https://example.com/auth/")->base_path, "/auth");
  EXPECT_EQ(ServerUrl::parse("https://example.com/")->base_path, "");
}

TEST(ServerUrl, WhatIsNoServerIsRefused) {
  for (const std::string_view text :
       {"", "127.0.0.1:8000", "ftp://example.com", "http://", "http://:80", "http://a:0",
        "http://a:65536", "http://a:x", "http://user@a", "http://a b", "http://a/?x", "http://a/#x",
        "http://[::1", "http://[::1]x", "http://[zz]:80", "http://a/\r\nX: y", "HTTP//a"})
    EXPECT_FALSE(is_server_url(text)) << text;
}

TEST(PercentEncode, WhatCouldEndASegmentIsEscaped) {
  EXPECT_EQ(percent_encode("agentauth:agents:read"), "agentauth:agents:read");
  EXPECT_EQ(percent_encode("a/b?c#d%e&f=g+h i*"), "a%2Fb%3Fc%23d%25e%26f%3Dg%2Bh%20i%2A");
  EXPECT_EQ(percent_encode("\xc3\xa9\r\n"), "%C3%A9%0D%0A");
}

}  // namespace
}  // namespace agentauth::app

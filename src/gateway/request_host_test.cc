#include "gateway/request_host.h"

#include <gtest/gtest.h>

#include <string>

namespace agentauth {
namespace {

std::string reading_of(std::string_view text) {
  RequestHost host;
  return host.read(text) ? std::string(host.text()) : "refused";
}

TEST(RequestHostTest, HasOneSpelling) {
  for (const char* spelling : {"api.example.com", "API.Example.COM", "api.example.com:443",
                               "api.example.com.", "Api.Example.Com.:8080"})
    EXPECT_EQ(reading_of(spelling), "api.example.com") << spelling;
  EXPECT_EQ(reading_of("127.0.0.1:80"), "127.0.0.1");
  EXPECT_EQ(reading_of("[2001:DB8::1]:80"), "[2001:db8::1]");
  EXPECT_EQ(reading_of("[::1]"), "[::1]");
  EXPECT_EQ(reading_of("my_host"), "my_host");
}

// A list, a user, a path, an escape: each has been read as another host than the one that answers.
TEST(RequestHostTest, WhatIsNoHostIsRefused) {
  for (const char* wrong :
       {"",    ".",      "a..b",   ".a",   "a.b..",    "a,b",   "a, b",        "a b", "user@a",
        "a/b", "a%2eb",  "a:",     "a:b",  "a:123456", "a:1:2", "[::1",        "::1", "[]",
        "[a]", "[::1]a", "[::1]:", "a\\b", "a#b",      "a?b",   "\xC3\xA4.de", "*.a"})
    EXPECT_EQ(reading_of(wrong), "refused") << wrong;
  EXPECT_EQ(reading_of(std::string(64, 'a')), "refused");
  std::string longest;
  for (int i = 0; i < 127; ++i) longest += "a.";
  EXPECT_EQ(reading_of(longest), longest.substr(0, host_bytes_max));
  EXPECT_EQ(reading_of("b" + longest + "a"), "refused");
}

TEST(RequestHostTest, OnlyItsOneSpellingIsPlain) {
  EXPECT_TRUE(is_plain_host("api.example.com"));
  for (const char* other : {"Api.example.com", "api.example.com:443", "api.example.com.", ""})
    EXPECT_FALSE(is_plain_host(other)) << other;
}

}  // namespace
}  // namespace agentauth

#include "limits/redis_url.h"

#include <gtest/gtest.h>

namespace agentauth {
namespace {

TEST(RedisUrlTest, HasDefaultsForAllButTheHost) {
  const auto url = RedisUrl::parse("redis://cache.example.com");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "cache.example.com");
  EXPECT_EQ(url->port, 6379);
  EXPECT_EQ(url->database, 0);
  EXPECT_EQ(url->password, "");
}

TEST(RedisUrlTest, ReadsEveryPart) {
  const auto url = RedisUrl::parse("redis://me:p%40ss:w@rd@[::1]:6380/3");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 6380);
  EXPECT_EQ(url->database, 3);
  EXPECT_EQ(url->user, "me");
  EXPECT_EQ(url->password, "p@ss:w@rd");
  EXPECT_EQ(RedisUrl::parse("redis://:secret@h")->user, "");
  EXPECT_EQ(RedisUrl::parse("redis://:secret@h/")->password, "secret");
}

TEST(RedisUrlTest, TlsIsAnotherScheme) {
  EXPECT_TRUE(RedisUrl::parse("rediss://me:secret@h:6380/1")->is_tls);
  EXPECT_EQ(RedisUrl::parse("rediss://h")->port, 6379);
  EXPECT_FALSE(RedisUrl::parse("redis://h")->is_tls);
}

TEST(RedisUrlTest, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "redis://",
                           "redis:/h",
                           "redisss://h",
                           "rediss:h",
                           "http://h",
                           "redis://h:",
                           "redis://h:0",
                           "redis://h:65536",
                           "redis://h:x",
                           "redis://h/x",
                           "redis://h/-1",
                           "redis://h/0/1",
                           "redis://:@h",
                           "redis://secret@h",
                           "redis://:%zz@h",
                           "redis://[::1",
                           "redis://[]",
                           "redis://a b",
                           "redis://:6379"})
    EXPECT_FALSE(is_redis_url(text)) << text;
}

}  // namespace
}  // namespace agentauth

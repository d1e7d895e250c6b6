// Buckets in Redis, charged by one script that Redis runs as a whole.
#pragma once

#include <memory>
#include <string>

#include "limits/redis_url.h"
#include "limits/shared_buckets.h"

namespace agentauth {

// Connects when it is first asked, and again after every failure. One thread at a time.
class RedisBuckets final : public SharedBuckets {
 public:
  // `node` names this process among all of them.
  RedisBuckets(RedisUrl url, std::string node);
  ~RedisBuckets() override;

  Result<Answer> charge(std::span<const BucketTable::Charge> charges) override;

 private:
  struct Connection;

  Result<void> connect();
  Result<Answer> run_script(std::span<const BucketTable::Charge> charges);

  const RedisUrl url_;
  const std::string node_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace agentauth

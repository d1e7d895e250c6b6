// Buckets in Redis, charged by one script that Redis runs as a whole.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "limits/redis_url.h"
#include "limits/shared_buckets.h"

namespace agentauth {

namespace internal {
class RedisTls;
}

// Connects when it is first asked, and again after every failure. One thread at a time.
class RedisBuckets final : public SharedBuckets {
 public:
  // `node` names this process among all of them. `ca_file` holds whom to trust over TLS, instead of
  // the system's authorities. Errors: invalid_argument when it holds none.
  static Result<std::unique_ptr<RedisBuckets>> create(
      RedisUrl url, const std::optional<std::filesystem::path>& ca_file, std::string node);
  ~RedisBuckets() override;

  Result<Answer> charge(std::span<const BucketTable::Charge> charges) override;

 private:
  struct Connection;

  RedisBuckets(RedisUrl url, std::unique_ptr<internal::RedisTls> tls, std::string node);
  Result<void> connect();
  Result<Answer> run_script(std::span<const BucketTable::Charge> charges);

  const RedisUrl url_;
  const std::unique_ptr<internal::RedisTls> tls_;  // nullptr: in the clear
  const std::string node_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace agentauth

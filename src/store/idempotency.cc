#include "store/idempotency.h"

namespace agentauth {

Result<std::optional<IdempotentAnswer>> IdempotencyRepository::find(const std::string& scope,
                                                                    Timestamp not_before) {
  std::optional<IdempotentAnswer> answer;
  TRY(session_.query(
      "SELECT request_hash, status, body, agent_id, key_id FROM idempotency_keys "
      "WHERE scope = $1 AND created_at >= $2",
      {scope, not_before}, [&](const Row& row) -> Result<void> {
        const ByteView hash = row.bytes(0);
        answer = IdempotentAnswer{Bytes(hash.begin(), hash.end()), static_cast<int>(row.integer(1)),
                                  std::string(row.text(2)), std::string(row.text(3)),
                                  std::string(row.text(4))};
        return {};
      }));
  return answer;
}

Result<void> IdempotencyRepository::insert(const std::string& scope, const IdempotentAnswer& answer,
                                           Timestamp now, Timestamp not_before) {
  const auto inserted = TRY(session_.execute(
      "INSERT INTO idempotency_keys AS kept "
      "(scope, request_hash, status, body, agent_id, key_id, created_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (scope) DO UPDATE SET "
      "request_hash = excluded.request_hash, status = excluded.status, body = excluded.body, "
      "agent_id = excluded.agent_id, key_id = excluded.key_id, created_at = excluded.created_at "
      "WHERE kept.created_at < $8",
      {scope, answer.request_hash, std::int64_t{answer.status}, answer.body, answer.agent_id,
       answer.key_id, now, not_before}));
  if (inserted == 0) return failure(Errc::conflict, "The Idempotency-Key was used before");
  return {};
}

Result<void> IdempotencyRepository::sweep(Timestamp not_before, std::int64_t limit) {
  TRY(
      session_.execute("DELETE FROM idempotency_keys WHERE scope IN "
                       "(SELECT scope FROM idempotency_keys WHERE created_at < $1 LIMIT $2)",
                       {not_before, limit}));
  return {};
}

}  // namespace agentauth

#include "store/signing_keys.h"

namespace agentauth {

Result<std::vector<SealedSigningKey>> SigningKeyRepository::list() {
  std::vector<SealedSigningKey> keys;
  TRY(
      session_.query("SELECT kid, algorithm, sealed_secret, created_at, signs_from, token_lifetime "
                     "FROM signing_keys ORDER BY signs_from DESC, kid",
                     {}, [&](const Row& row) -> Result<void> {
                       const ByteView sealed = row.bytes(2);
                       keys.push_back({std::string(row.text(0)), std::string(row.text(1)),
                                       Bytes(sealed.begin(), sealed.end()), row.time(3),
                                       row.time(4), Seconds{row.integer(5)}});
                       return {};
                     }));
  return keys;
}

Result<void> SigningKeyRepository::insert(const SealedSigningKey& key) {
  TRY(
      session_.execute("INSERT INTO signing_keys "
                       "(kid, algorithm, sealed_secret, created_at, signs_from, token_lifetime) "
                       "VALUES ($1, $2, $3, $4, $5, $6)",
                       {key.kid, key.algorithm, key.sealed_secret, key.created_at, key.signs_from,
                        key.token_lifetime.count()}));
  return {};
}

Result<void> SigningKeyRepository::erase(const std::string& kid) {
  TRY(session_.execute("DELETE FROM signing_keys WHERE kid = $1", {kid}));
  return {};
}

Result<void> SigningKeyRepository::raise_token_lifetime(Seconds lifetime) {
  TRY(session_.execute("UPDATE signing_keys SET token_lifetime = $1 WHERE token_lifetime < $1",
                       {lifetime.count()}));
  return {};
}

}  // namespace agentauth

#include "store/settings.h"

namespace agentauth {

Result<std::optional<std::string>> SettingsRepository::find(const std::string& name) {
  std::optional<std::string> value;
  TRY(session_.query("SELECT value FROM settings WHERE name = $1", {name},
                     [&](const Row& row) -> Result<void> {
                       value = row.text(0);
                       return {};
                     }));
  return value;
}

Result<std::string> SettingsRepository::keep_first(const std::string& name,
                                                   const std::string& value) {
  TRY(session_.execute(
      "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
      {name, value}));
  auto kept = TRY(find(name));
  if (!kept) return failure(Errc::internal, "A setting vanished", name);
  return *std::move(kept);
}

Result<void> SettingsRepository::replace(const std::string& name, const std::string& value) {
  TRY(
      session_.execute("INSERT INTO settings (name, value) VALUES ($1, $2) "
                       "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                       {name, value}));
  return {};
}

Result<std::vector<SealedSigningKey>> SettingsRepository::signing_keys() {
  std::vector<SealedSigningKey> keys;
  TRY(
      session_.query("SELECT kid, algorithm, sealed_secret, created_at FROM signing_keys "
                     "ORDER BY created_at DESC, kid",
                     {}, [&](const Row& row) -> Result<void> {
                       const ByteView sealed = row.bytes(2);
                       keys.push_back({std::string(row.text(0)), std::string(row.text(1)),
                                       Bytes(sealed.begin(), sealed.end()), row.time(3)});
                       return {};
                     }));
  return keys;
}

Result<void> SettingsRepository::insert_signing_key(const SealedSigningKey& key) {
  TRY(
      session_.execute("INSERT INTO signing_keys (kid, algorithm, sealed_secret, created_at) "
                       "VALUES ($1, $2, $3, $4)",
                       {key.kid, key.algorithm, key.sealed_secret, key.created_at}));
  return {};
}

}  // namespace agentauth

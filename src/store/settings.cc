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

}  // namespace agentauth

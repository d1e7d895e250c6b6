#include "authz/grant_use_keeper.h"

#include <algorithm>

#include "store/advice.h"
#include "store/write_uses.h"

namespace agentauth {
namespace {

constexpr std::chrono::seconds interval{5};

}  // namespace

GrantUseKeeper::GrantUseKeeper(Database& database, const Directory& directory, GrantUses& uses,
                               Log& log)
    : database_(database),
      directory_(directory),
      uses_(uses),
      rounds_(
          log, "grant_use_keeper", interval, [this](Rounds::Last) { return round(); },
          advise_background) {}

Result<void> GrantUseKeeper::round() {
  // Names outlive the view.
  std::vector<GrantUse> taken;
  {
    const Directory::View view(directory_);
    for (const GrantUses::Use& use : uses_.take())
      taken.push_back(
          {use.id,
           use.permission == no_name ? std::string_view() : view.names().text(use.permission),
           use.at});
  }
  std::sort(taken.begin(), taken.end(), GrantLastUseRepository::before);
  return write_uses(
      database_, taken, GrantLastUseRepository::together_max,
      [](Transaction& tx, std::span<const GrantUse> batch) {
        return tx.grant_last_uses().keep(batch);
      },
      [&](const GrantUse& use) {
        const Directory::View view(directory_);
        uses_.put_back({use.id, view.names().find(use.permission).value_or(no_name), use.at});
      });
}

}  // namespace agentauth

#include "app/token_upkeep.h"

namespace agentauth::app {
namespace {

// How far the clocks of two nodes may be apart.
constexpr std::chrono::minutes clock_difference_max{1};

}  // namespace

void TokenUpkeep::forget_families() {
  work_.directory.forget_families(work_.clock.now() - work_.token_lifetime - clock_difference_max);
}

Result<bool> TokenUpkeep::run_batch() {
  forget_families();
  return work_.refresh_tokens.sweep(work_.clock.now());
}

}  // namespace agentauth::app

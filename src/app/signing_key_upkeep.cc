#include "app/signing_key_upkeep.h"

namespace agentauth::app {
namespace {

constexpr std::chrono::seconds pause_after_failure{60};

}  // namespace

void SigningKeyUpkeep::run() {
  const auto now = std::chrono::steady_clock::now();
  if (keys_ == nullptr || now < again_at_) return;
  const auto done = keys_->keep_schedule();
  if (done) return;
  again_at_ = now + pause_after_failure;
  log_.warning("signing_keys_not_rotated",
               {{"error", done.error().message}, {"cause", done.error().detail}});
}

}  // namespace agentauth::app

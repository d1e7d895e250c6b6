#include "app/outage.h"

#include "store/advice.h"

namespace agentauth::app {

void Outage::note(const Result<void>& done) {
  const bool failed = !done;
  // Nearly always nothing has changed, and then nothing is written.
  if (lasts_.load() == failed || lasts_.exchange(failed) == failed) return;
  if (failed) {
    log_.error(begun_, {{"error", done.error().message},
                        {"cause", done.error().detail},
                        {"advice", find_advice(done.error().detail)}});
  } else {
    log_.info(over_);
  }
}

}  // namespace agentauth::app

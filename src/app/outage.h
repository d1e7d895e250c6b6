// Something that fails at every try until it does not: said once when it begins and once when it
// is over.
#pragma once

#include <atomic>
#include <string_view>

#include "base/log.h"
#include "base/result.h"

namespace agentauth::app {

// Safe to use from any thread.
class Outage {
 public:
  // The names of the two lines.
  Outage(Log& log, std::string_view begun, std::string_view over)
      : log_(log), begun_(begun), over_(over) {}

  // What came of a try.
  void note(const Result<void>& done);

 private:
  Log& log_;
  const std::string_view begun_;
  const std::string_view over_;
  std::atomic<bool> lasts_{false};
};

}  // namespace agentauth::app

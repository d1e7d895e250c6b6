// `agentauth doctor`: looks at everything a start needs and changes none of it.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.h"
#include "base/result.h"
#include "base/time.h"

namespace agentauth::app {

enum class Verdict : std::uint8_t { ok, warn, fail };

struct Finding {
  std::string_view check;
  Verdict verdict = Verdict::ok;
  std::string says;  // what was found and, unless it is ok, what to do
};

// One for each check, in the order of a start.
std::vector<Finding> examine(const Options& options, const Clock& clock);

// The same when the options themselves were refused, which leaves nothing to look at.
std::vector<Finding> refused_options(const Error& error);

// A line each, or one JSON object. Returns the exit code: failed when one check did.
enum class Form : bool { text, json };
int report_findings(const std::vector<Finding>& findings, Form form, std::ostream& out);

}  // namespace agentauth::app

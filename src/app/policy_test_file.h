// Tests of a policy: what shall be allowed, what denied, and what a subject may do at all.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace agentauth::app {

struct PolicyTest {
  enum class Kind : std::uint8_t { allow, deny, list };
  Kind kind = Kind::allow;
  std::string place;  // tests[3]
  std::string subject;
  std::string action;                // of allow and deny
  std::string resource;              // empty: none
  std::string context;               // a JSON object; empty: none
  std::vector<std::string> actions;  // of list: exactly these, in order

  // "user:alice read_weather on city:berlin", for people.
  std::string shown() const;
};

// {"tests":[{"allow":{…}},{"deny":{…}},{"list":{…}}]}. Errors: invalid_argument with every place
// that is wrong.
Result<std::vector<PolicyTest>> parse_policy_tests(const std::string& text);

}  // namespace agentauth::app

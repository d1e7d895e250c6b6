// The model file of a Casbin policy.
#pragma once

#include <string>

#include "base/result.h"

namespace agentauth::app {

struct CasbinModel {
  bool has_effect = false;  // p = sub, obj, act, eft
  bool has_roles = false;   // g = _, _
  bool denies = false;      // a deny wins over any allow
};

// Errors: invalid_argument, for a model that is not one of the RBAC family as well.
Result<CasbinModel> parse_casbin_model(const std::string& text);

}  // namespace agentauth::app

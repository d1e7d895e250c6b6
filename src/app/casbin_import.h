// Converts a Casbin policy of the RBAC family into a policy document.
//
// Taken are models of which every word means the same here: requests of sub, obj, act; a policy
// of those and perhaps eft; at most one kind of role; "some allow", perhaps "and no deny"; and a
// matcher that compares the three. Whatever else is refused, and so is a line that would mean more
// here than there, such as an object that ends with *.
#pragma once

#include <string>

#include "base/result.h"

namespace agentauth::app {

// `model` and `policy` are the files' texts. A name that stands on the right of some g is the role
// of that name, any other is `user:NAME`; an object is the resource `object:OBJ`.
// Errors: invalid_argument with the line.
Result<std::string> convert_casbin(const std::string& model, const std::string& policy);

}  // namespace agentauth::app

// A family of tokens: a login, and everything that is refreshed from it.
#pragma once

#include "base/uuid.h"

namespace agentauth {

// Made by us rather than by the database, which does not hear of a login: 122 random bits.
using FamilyId = Id<struct FamilyTag>;

}  // namespace agentauth

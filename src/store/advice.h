// What whoever runs the server can do about a database that fails.
#pragma once

#include <string_view>

#include "base/result.h"

namespace agentauth {

// By the detail of an error of the store: a part of a sentence, "make room on its disk"; empty when
// nothing is known to help.
std::string_view find_advice(std::string_view detail);
// The same for work in the background, which always says something: how to look further.
std::string_view advise_background(const Error& error);

}  // namespace agentauth

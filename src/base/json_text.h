// Whole values as JSON.
#pragma once

#include <string>

#include "base/json.h"

namespace agentauth {

// The shortest text that is read as the same double; never one that is read as an integer.
void append_real(double real, std::string& out);
// Members in the order they have; as deep as the reader lets values be.
void append_json(const JsonValue& value, std::string& out);

}  // namespace agentauth

// What both databases can hold: PostgreSQL's text ends at a NUL, so neither gets one.
#pragma once

#include "base/result.h"
#include "store/session.h"

namespace agentauth {

// Errors: invalid_argument.
inline Result<void> check_storable(const Param::Value& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  if (text != nullptr && text->find('\0') != text->npos)
    return failure(Errc::invalid_argument, "Text must not contain NUL");
  return {};
}

}  // namespace agentauth

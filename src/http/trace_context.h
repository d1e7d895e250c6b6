// W3C Trace Context: which trace a request is part of, as its caller says. It goes into the log and
// nothing rests on it.
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"

namespace agentauth::http {

// Views into what was parsed: 32 and 16 lower-case hexadecimal digits, never all zeros.
struct TraceParent {
  std::string_view trace_id;
  std::string_view parent_id;  // the caller's span
};

// Nothing when it is invalid: a trace that is broken is as good as none, and no error.
std::optional<TraceParent> parse_traceparent(std::string_view text);

// From the header of that name, sent exactly once.
std::optional<TraceParent> trace_parent(const Request& request);

}  // namespace agentauth::http

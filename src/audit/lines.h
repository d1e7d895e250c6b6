// The trail as JSON Lines: one event, checkpoint or start a line, as the API shows them.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "audit/checkpoint.h"
#include "model/audit_event.h"

namespace agentauth::audit {

// Appended with its line break.
void append_line(const AuditEvent& event, std::string& out);
void append_line(const Checkpoint& checkpoint, std::string& out);

using Line = std::variant<AuditEvent, Checkpoint>;
// Without its line break. Errors: malformed_request, invalid_argument.
Result<Line> parse_line(std::string_view line);
// Whether it can be the beginning of a line; nothing can.
bool begins_like_a_line(std::string_view text);

// An event in the words of OCSF 1.1 (schema.ocsf.io), appended with its line break: a login is
// Authentication (3002), a change of an agent, a key or a permission Account Change (3001), a
// denied call API Activity (6003).
void append_ocsf_line(const AuditEvent& event, std::string& text);

}  // namespace agentauth::audit

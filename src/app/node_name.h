#pragma once

#include "model/audit_event.h"

namespace agentauth::app {

// Host and process, as the audit trail names who wrote an event.
AuditText audit_node_name();

}  // namespace agentauth::app

// libpq, loaded when the first PostgreSQL URL is opened and not before.
#pragma once

#include "base/result.h"

namespace agentauth {

// libpq brings thirty libraries (Kerberos, LDAP, GnuTLS), which cost a server on SQLite three
// megabytes and some of its start. Errors: unavailable when it is not installed.
Result<void> load_libpq();

}  // namespace agentauth

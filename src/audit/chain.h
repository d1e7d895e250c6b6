// The chain that makes the trail tamper-evident: every event's hash covers the hash before it.
//
//   hash = SHA-256(previous hash ‖ canonical event)
//
// The canonical event is the netstrings (length in decimal, ':', bytes, ',') of the version and
// of every field in the order of AuditEvent, as text: numbers in decimal, times in RFC 3339, what
// is absent as nothing. Lengths keep two events from having one spelling.
#pragma once

#include <string>
#include <vector>

#include "crypto/hash.h"
#include "model/audit_event.h"
#include "store/database.h"

namespace agentauth::audit {

inline constexpr std::string_view canonical_version = "agentauth-audit-1";

void append_netstring(std::string& out, std::string_view text);
std::string canonical(const AuditEvent& event);

// The hash of `event` behind `previous`. REQUIRES: `event` is numbered.
Sha256 link(const Sha256& previous, const AuditEvent& event);

// From and to the hexadecimal form that is stored. Errors: internal when it is none.
Result<Sha256> parse_hash(std::string_view hexadecimal);

// Numbers and links the events and stores them: what Database::append_audit_by is given. One chain
// for all nodes: the head's row is locked from here to the commit.
Result<void> append(Transaction& tx, AuditEvents events);

}  // namespace agentauth::audit

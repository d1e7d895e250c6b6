#include "audit/chain.h"

#include <algorithm>

namespace agentauth::audit {
namespace {

std::string text_of(const std::optional<AgentId>& agent) { return agent ? agent->to_string() : ""; }

}  // namespace

void append_netstring(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
  out += ',';
}

std::string canonical(const AuditEvent& event) {
  std::string out;
  out.reserve(512);
  append_netstring(out, canonical_version);
  append_netstring(out, std::to_string(event.sequence));
  append_netstring(out, format_rfc3339(event.at));
  append_netstring(out, event.node.view());
  append_netstring(out, to_string(event.action));
  append_netstring(out, to_string(event.outcome));
  append_netstring(out, to_string(event.reason));
  append_netstring(out, text_of(event.agent_id));
  append_netstring(out, event.kid.view());
  append_netstring(out, event.on_behalf_of.view());
  append_netstring(out, event.client_address.view());
  append_netstring(out, event.operation.view());
  append_netstring(out, to_string(event.target_type));
  append_netstring(out, event.target_id.view());
  append_netstring(out, text_of(event.target_agent_id));
  append_netstring(out, event.detail.view());
  append_netstring(out, event.request_id.view());
  return out;
}

Sha256 link(const Sha256& previous, const AuditEvent& event) {
  std::string covered(as_text(previous));
  covered += canonical(event);
  return sha256(covered);
}

Result<Sha256> parse_hash(std::string_view hexadecimal) {
  const auto bytes = hex_decode(hexadecimal);
  Sha256 hash{};
  if (!bytes || bytes->size() != hash.size())
    return failure(Errc::internal, "Internal error", "not the hash of an audit event");
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

Result<void> append(Transaction& tx, AuditEvents events) {
  const AuditHead head = TRY(tx.audit().reserve(static_cast<std::int64_t>(events.size())));
  Sha256 hash = TRY(parse_hash(head.hash));
  std::int64_t sequence = head.sequence;
  for (AuditEvent* event : events) {
    event->sequence = ++sequence;
    hash = link(hash, *event);
    event->hash = hex_encode(hash);
  }
  return tx.audit().append(events);
}

}  // namespace agentauth::audit

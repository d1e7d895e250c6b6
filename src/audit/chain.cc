#include "audit/chain.h"

#include <algorithm>
#include <array>

namespace agentauth::audit {
namespace {

constexpr std::size_t canonical_usual_size = 512;

void append(const std::optional<AgentId>& agent, std::string& out) {
  std::array<char, Uuid::characters> text;
  if (agent) agent->uuid.write(text.data());
  append_netstring(out, {text.data(), agent ? text.size() : 0});
}

void append(Timestamp time, std::string& out) {
  std::array<char, rfc3339_characters_max> text;
  append_netstring(out, {text.data(), write_rfc3339(time, text.data())});
}

void append_canonical(const AuditEvent& event, std::string& out) {
  append_netstring(out, canonical_version);
  append_netstring(out, std::to_string(event.sequence));
  append(event.at, out);
  append_netstring(out, event.node.view());
  append_netstring(out, to_string(event.action));
  append_netstring(out, to_string(event.outcome));
  append_netstring(out, to_string(event.reason));
  append(event.agent_id, out);
  append_netstring(out, event.kid.view());
  append_netstring(out, event.on_behalf_of.view());
  append_netstring(out, event.client_address.view());
  append_netstring(out, event.operation.view());
  append_netstring(out, to_string(event.target_type));
  append_netstring(out, event.target_id.view());
  append(event.target_agent_id, out);
  append_netstring(out, event.detail.view());
  append_netstring(out, event.request_id.view());
}

// `room` is for what the hash covers, and is kept from one event to the next.
Sha256 link_in(std::string& room, const Sha256& previous, const AuditEvent& event) {
  room = as_text(previous);
  append_canonical(event, room);
  return sha256(room);
}

}  // namespace

void append_netstring(std::string& out, std::string_view text) {
  decimal_append(static_cast<std::int64_t>(text.size()), out);
  out += ':';
  out += text;
  out += ',';
}

std::string canonical(const AuditEvent& event) {
  std::string out;
  out.reserve(canonical_usual_size);
  append_canonical(event, out);
  return out;
}

Sha256 link(const Sha256& previous, const AuditEvent& event) {
  std::string room;
  room.reserve(previous.size() + canonical_usual_size);
  return link_in(room, previous, event);
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
  std::string room;
  for (AuditEvent* event : events) {
    event->sequence = ++sequence;
    hash = link_in(room, hash, *event);
    event->hash = hex_encode(hash);
  }
  return tx.audit().append(events);
}

}  // namespace agentauth::audit

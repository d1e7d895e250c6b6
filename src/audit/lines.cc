#include "audit/lines.h"

#include <algorithm>

namespace agentauth::audit {
namespace {

bool begins_alike(std::string_view one, std::string_view other) {
  const std::size_t both = std::min(one.size(), other.size());
  return one.substr(0, both) == other.substr(0, both);
}

// All lines of a kind begin with the name of their first field.
template <class T>
bool begins_like(std::string_view text) {
  std::string line;
  append_line(T{}, line);
  return begins_alike(text, std::string_view(line).substr(0, line.find(':') + 1));
}

}  // namespace

void append_line(const AuditEvent& event, std::string& out) {
  JsonWriter writer(out);
  write_fields(event, writer);
  out += '\n';
}

void append_line(const Checkpoint& checkpoint, std::string& out) {
  JsonWriter writer(out);
  write_fields(checkpoint, writer);
  out += '\n';
}

Result<Line> parse_line(std::string_view line) {
  const bool is_checkpoint = TRY(parse_json(line)).find("signature") != nullptr;
  const RequestInput input{{}, {}, line};
  if (is_checkpoint) return Line(TRY(decode<Checkpoint>(input)));
  return Line(TRY(decode<AuditEvent>(input)));
}

bool begins_like_a_line(std::string_view text) {
  return begins_like<AuditEvent>(text) || begins_like<Checkpoint>(text);
}

}  // namespace agentauth::audit

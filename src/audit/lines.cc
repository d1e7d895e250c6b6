#include "audit/lines.h"

namespace agentauth::audit {

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

}  // namespace agentauth::audit

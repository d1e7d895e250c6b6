// The audit trail, live.
#include "api/event_stream.h"
#include "api/handlers.h"

namespace agentauth::api {
namespace {

constexpr std::int64_t events_a_read = 500;

class AuditEvents final : public http::EventSource {
 public:
  AuditEvents(Services& services, std::int64_t sent) : services_(services), sent_(sent) {}

  State state() override {
    return services_.keeper.head() > sent_ ? State::has_events : State::waiting;
  }

  void read(std::string& out) override {
    const auto events = services_.database.read(
        [&](Transaction& tx) { return tx.audit().after(sent_, events_a_read); });
    if (!events) return;  // a database that is away for a moment ends nothing
    for (const AuditEvent& event : *events) {
      out += "id: " + std::to_string(event.sequence) + "\nevent: audit\ndata: ";
      JsonWriter json(out);
      write_fields(event, json);
      out += "\n\n";
      sent_ = event.sequence;
    }
  }

 private:
  Services& services_;
  std::int64_t sent_;
};

}  // namespace

Result<void> stream_audit(Services& services, ApiExchange& exchange) {
  const auto seen = TRY(last_event_id(exchange));
  const AuditHead head =
      TRY(services.database.read([](Transaction& tx) { return tx.audit().head(); }));
  begin_event_stream(exchange,
                     std::make_unique<AuditEvents>(services, seen.value_or(head.sequence)));
  return {};
}

}  // namespace agentauth::api

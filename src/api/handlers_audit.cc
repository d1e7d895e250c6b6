// The audit trail, live.
#include "api/event_stream.h"
#include "api/handlers.h"

namespace agentauth::api {
namespace {

constexpr std::int64_t events_a_read = 500;
constexpr Seconds keeper_lag_max{1};

constexpr FollowedLog trail{
    .entries = "Events", .number = "event", .went_back = [](std::int64_t seen, std::int64_t last) {
      return Error{.code = Errc::gone,
                   .message = "The audit trail ends with event " + std::to_string(last) +
                              ", before event " + std::to_string(seen) +
                              ": an older database was put in its place; read anew what you "
                              "follow, then go on without Last-Event-ID"};
    }};

// What the trail still has after that event. Errors: gone when that is not all that followed it.
Result<std::vector<AuditEvent>> events_after(Transaction& tx, std::int64_t seen,
                                             std::int64_t limit) {
  const std::int64_t head = TRY(tx.audit().head()).sequence;
  return all_after(trail, seen, head, TRY(tx.audit().after(seen, limit)), &AuditEvent::sequence);
}

class AuditEvents final : public http::EventSource {
 public:
  AuditEvents(Services& services, std::int64_t sent) : services_(services), sent_(sent) {}

  State state() override {
    if (ended_) return State::ended;
    const std::int64_t head = services_.keeper.head();
    if (head > sent_) return State::has_events;
    // A head below is what the keeper has not seen yet. Where that lasts, the trail has gone back.
    const bool lasts = services_.clock.now() >= looked_at_ + keeper_lag_max;
    return head < sent_ && lasts ? State::has_events : State::waiting;
  }

  void read(std::string& out) override {
    looked_at_ = services_.clock.now();
    const auto events = services_.database.read(
        [&](Transaction& tx) { return events_after(tx, sent_, events_a_read); });
    if (!events) {
      // Who comes back is told why. A database that is away for a moment ends nothing.
      ended_ = events.error().code == Errc::gone;
      return;
    }
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
  Timestamp looked_at_ = services_.clock.now();
  bool ended_ = false;
};

}  // namespace

Result<void> stream_audit(Services& services, ApiExchange& exchange) {
  const auto seen = TRY(last_event_id(exchange));
  const auto since = TRY(services.database.read([&](Transaction& tx) -> Result<std::int64_t> {
    if (!seen) return TRY(tx.audit().head()).sequence;
    TRY(events_after(tx, *seen, 1));
    return *seen;
  }));
  begin_event_stream(exchange, std::make_unique<AuditEvents>(services, since));
  return {};
}

}  // namespace agentauth::api

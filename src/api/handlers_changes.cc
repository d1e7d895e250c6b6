// The change log for whoever keeps something current by it: as pages, or live as events.
#include <algorithm>

#include "api/bind.h"
#include "api/event_stream.h"
#include "api/handlers.h"

namespace agentauth::api {
namespace {

constexpr std::int64_t changes_a_read = 500;

constexpr FollowedLog change_log{
    .entries = "Changes", .number = "revision", .went_back = [](std::int64_t, std::int64_t) {
      return Error{.code = Errc::invalid_argument,
                   .message = "One or more fields are invalid",
                   .fields = {{"since", "is later than the last change"}}};
    }};

// What the log still has after that revision. Errors: invalid_argument, gone.
Result<std::vector<Change>> changes_after(Transaction& tx, Revision since, std::int64_t limit) {
  const Revision last = TRY(tx.changes().revision());
  return all_after(change_log, since, last, TRY(tx.changes().after(since, limit)),
                   &Change::revision);
}

class ChangeEvents final : public http::EventSource {
 public:
  ChangeEvents(Services& services, Revision sent) : services_(services), sent_(sent) {}

  State state() override {
    if (ended_) return State::ended;
    return services_.directory.revision() > sent_ ? State::has_events : State::waiting;
  }

  void read(std::string& out) override {
    const auto changes = services_.database.read(
        [&](Transaction& tx) { return changes_after(tx, sent_, changes_a_read); });
    if (!changes) {
      // Who comes back is told why. A database that is away for a moment ends nothing.
      ended_ = changes.error().code != Errc::unavailable;
      return;
    }
    for (const Change& change : *changes) {
      out += "id: " + std::to_string(change.revision) + "\nevent: change\ndata: ";
      JsonWriter json(out);
      write_fields(ListedChange::of(change), json);
      out += "\n\n";
      sent_ = change.revision;
    }
  }

 private:
  Services& services_;
  Revision sent_;
  bool ended_ = false;
};

// RFC 9110 8.3.1: media types have no case.
bool asks_for_events(const ApiExchange& exchange) {
  static constexpr std::string_view type = "text/event-stream";
  const auto accept = exchange.request.find("Accept");
  if (!accept) return false;
  const auto found =
      std::search(accept->begin(), accept->end(), type.begin(), type.end(),
                  [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  return found != accept->end();
}

// Live events begin where the caller says, or now.
Result<void> begin_events(Services& services, ApiExchange& exchange, const ListChanges& request) {
  const auto seen = TRY(last_event_id(exchange));
  const Revision since = seen ? *seen : request.since.value_or(services.directory.revision());
  TRY(services.database.read([&](Transaction& tx) { return changes_after(tx, since, 1); }));
  begin_event_stream(exchange, std::make_unique<ChangeEvents>(services, since));
  return {};
}

}  // namespace

ListedChange ListedChange::of(const Change& change) {
  return {change.revision, std::string(to_string(change.kind)), change.agent_id};
}

Result<void> list_changes(Services& services, ApiExchange& exchange) {
  const RequestInput input = TRY(exchange.input());
  const auto request = TRY(decode<ListChanges>(input));
  if (asks_for_events(exchange)) return begin_events(services, exchange, request);

  const std::string query = detail::page_query(exchange, input);
  Revision since = request.since.value_or(0);
  if (request.cursor)
    since =
        TRY(services.cursors.open(*request.cursor, query)).created_at.time_since_epoch().count();
  const std::int64_t limit = request.limit.value_or(page_items_default);
  const auto changes = TRY(
      services.database.read([&](Transaction& tx) { return changes_after(tx, since, limit + 1); }));
  std::vector<ListedChange> items;
  std::transform(changes.begin(), changes.end(), std::back_inserter(items), ListedChange::of);
  detail::answer_page(services, exchange, items, limit, query);
  return {};
}

}  // namespace agentauth::api

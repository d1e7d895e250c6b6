// What every answer that goes on with events has in common (WHATWG HTML 9.2).
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "api/exchange.h"

namespace agentauth::api {

// A client that was cut off says where it was (9.2.4). Errors: malformed_request.
Result<std::optional<std::int64_t>> last_event_id(const ApiExchange& exchange);

// Answers with the head of a stream; the source gives the rest.
void begin_event_stream(ApiExchange& exchange, std::unique_ptr<http::EventSource> source);

// A log whose numbers have no gaps, of which only the end is kept, in the words of its callers.
struct FollowedLog {
  std::string_view entries;  // "Changes"
  std::string_view number;   // "revision"
  // Of who has seen more than there is: `last` is the number of the last entry.
  Error (*went_back)(std::int64_t seen, std::int64_t last);
};
// Errors: gone when not all between `seen` and what follows `before` is kept; went_back's.
Result<void> refuse_gap(const FollowedLog& log, std::int64_t seen, std::int64_t before);

// `entries` as read after `seen`, when they are all that followed it. `head` has to be read before
// them: what is added in between is no gap. Errors: those of refuse_gap.
template <class Entry>
Result<std::vector<Entry>> all_after(const FollowedLog& log, std::int64_t seen, std::int64_t head,
                                     std::vector<Entry> entries, std::int64_t Entry::*number) {
  TRY(refuse_gap(log, seen, entries.empty() ? head : entries.front().*number - 1));
  return entries;
}

}  // namespace agentauth::api

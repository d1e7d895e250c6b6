// AuthZEN's searches: for which subjects, resources or actions an evaluation would be true.
#include <charconv>

#include "api/access.h"
#include "api/access_question.h"
#include "api/enforcement.h"
#include "api/handlers_access.h"
#include "authz/search.h"
#include "base/json_text.h"

namespace agentauth::api {
namespace {

// In one request: what is beyond is for the next page.
constexpr std::size_t candidates_max = 5000;

struct FoundPage {
  std::vector<std::string> names;
  std::string last;  // that was looked at, if there are more
};

class Searching {
 public:
  Searching(Services& services, const Asker& asker, Sought sought)
      : services_(services), asker_(asker), sought_(sought) {}

  // Grants that are used up do not count, as in an evaluation. Errors: unavailable, and those of
  // AccessQuestion.
  Result<FoundPage> page(const SentQuestion& sent, const NamedAgents& names, std::string_view after,
                         std::size_t limit) {
    for (;;) {
      FoundPage found = TRY(look(sent, names, after, limit));
      if (!TRY(uses_.look_up(services_))) return found;
    }
  }

 private:
  std::vector<std::string> candidates(const Directory::View& view, const SentQuestion& sent,
                                      std::string_view after) const {
    const Stretch stretch{after, candidates_max};
    if (sought_ == Sought::subjects) return known_subjects(view, sent.subject.type, stretch);
    if (sought_ == Sought::resources) return known_resources(view, sent.resource.type, stretch);
    return known_actions(view, stretch);
  }

  Result<FoundPage> look(const SentQuestion& sent, const NamedAgents& names, std::string_view after,
                         std::size_t limit) {
    const Directory::View view(services_.directory);
    const auto known = candidates(view, sent, after);
    FoundPage found;
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (TRY(is_allowed(view, about(sent, known[i]), names))) found.names.push_back(known[i]);
      const bool is_more = i + 1 < known.size() || known.size() == candidates_max;
      if (found.names.size() < limit && i + 1 < known.size()) continue;
      if (is_more) found.last = known[i];
      break;
    }
    return found;
  }

  SentQuestion about(SentQuestion sent, std::string_view candidate) const {
    if (sought_ == Sought::subjects) sent.subject.id = candidate;
    if (sought_ == Sought::resources) sent.resource.id = candidate;
    if (sought_ == Sought::actions) sent.action = candidate;
    return sent;
  }

  Result<bool> is_allowed(const Directory::View& view, const SentQuestion& sent,
                          const NamedAgents& names) {
    const auto asked = TRY(AccessQuestion::of(asker_, sent, &names));
    if (!asked || asked->unknown_subject()) return false;
    const Decision decision = TRY(asked->decide(view, uses_.spent()));
    uses_.note(decision);
    return decision.allowed();
  }

  Services& services_;
  const Asker& asker_;
  const Sought sought_;
  UsesLeft uses_;
};

// What a page token belongs to: all that was sent but the page.
std::string query_of(const ApiExchange& exchange, const JsonValue& body) {
  std::string query(exchange.operation->name);
  for (const char* name : {"subject", "action", "resource", "context"}) {
    query += '\n';
    if (const JsonValue* member = body.find(name)) append_json(*member, query);
  }
  return query;
}

// Where a page begins, and what the one before it was found by at the latest: a node that knows
// less would end the search too soon.
struct Place {
  Revision revision = 0;
  std::string after;
};

Result<Place> read_place(const Services& services, std::string_view token, std::string_view query) {
  const std::string text = TRY(services.cursors.reveal(token, query));
  Place place;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, place.revision);
  if (parsed.ec != std::errc{} || parsed.ptr == end || *parsed.ptr != '/')
    return failure(Errc::malformed_request, "The page token is of an earlier version");
  place.after.assign(parsed.ptr + 1, end);
  return place;
}

std::string token_of(Services& services, const FoundPage& found, std::string_view query) {
  if (found.last.empty()) return {};
  const std::string place = std::to_string(services.directory.revision()) + '/' + found.last;
  return services.cursors.conceal(place, query, services.random);
}

void write_result(Sought sought, std::string_view type, std::string_view name, JsonWriter& out) {
  out.open();
  if (sought == Sought::actions) {
    out.member("name", name);
  } else {
    out.member("type", type);
    out.member("id", name);
  }
  out.close();
}

Result<void> search(Services& services, ApiExchange& exchange, Sought sought) {
  const NamedAgents names = TRY(find_named_agents(services, exchange, sought));
  // From here on nobody else parses JSON on this thread.
  const JsonValue body = TRY(read_access_body(exchange));
  const SentQuestion sent = TRY(read_question(body, body, sought));
  const SentPage page = TRY(read_page(body));
  const std::string query = query_of(exchange, body);
  Place place;
  if (!page.token.empty()) place = TRY(read_place(services, page.token, query));
  TRY(catch_up_with(services.directory, place.revision, "page.token"));

  std::optional<Asker> asker;
  {
    const Directory::View view(services.directory);
    asker.emplace(TRY(Asker::of(services, exchange, view)));
  }
  if (sought != Sought::subjects) TRY(AccessQuestion::of(*asker, sent, &names));
  const FoundPage found =
      TRY(Searching(services, *asker, sought)
              .page(sent, names, place.after, static_cast<std::size_t>(page.limit)));
  exchange.response.set_status(exchange.operation->status);
  exchange.response.set_content_type("application/json");
  JsonWriter out(exchange.response.body);
  out.open();
  out.name("page");
  out.open();
  out.member("next_token", token_of(services, found, query));
  out.close();
  out.name("results");
  out.open_array();
  const auto type = sought == Sought::subjects ? sent.subject.type : sent.resource.type;
  for (const std::string& name : found.names) write_result(sought, type, name, out);
  out.close_array();
  out.close();
  return {};
}

}  // namespace

Result<void> search_subjects(Services& services, ApiExchange& exchange) {
  return search(services, exchange, Sought::subjects);
}
Result<void> search_resources(Services& services, ApiExchange& exchange) {
  return search(services, exchange, Sought::resources);
}
Result<void> search_actions(Services& services, ApiExchange& exchange) {
  return search(services, exchange, Sought::actions);
}

}  // namespace agentauth::api

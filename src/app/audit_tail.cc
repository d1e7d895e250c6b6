#include "app/audit_tail.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "app/client_commands.h"
#include "app/server_url.h"
#include "app/since.h"
#include "app/text_table.h"

namespace agentauth::app {
namespace {

constexpr std::chrono::seconds poll_every{1};
// Tokens end; a new login costs little.
constexpr int polls_a_login = 60;

struct Line {
  std::int64_t sequence = 0;
  std::string text;
};

// What `detail` is: of a refused call the permission it needed, where it does not say so itself; of
// others what the target was set to or is of.
std::string_view label_of_detail(const JsonValue& event) {
  if (member_text(event, "action") != "request") return "detail=";
  return member_text(event, "detail").starts_with("permission=") ? "" : "permission=";
}

// 2026-01-31T12:00:00.000Z 42 key.revoke success agent=… kid=… from=… on=key … request=…
std::string for_people(const JsonValue& event) {
  std::string text = member_text(event, "at");
  for (const std::string_view name : {"sequence", "action", "outcome"})
    text.append(1, ' ').append(member_text(event, name));
  const auto add = [&](std::string_view label, std::string_view name) {
    const std::string value = member_text(event, name);
    if (!value.empty()) text.append(1, ' ').append(label) += value;
  };
  add("reason=", "reason");
  add("agent=", "agent_id");
  add("kid=", "kid");
  add("from=", "client_address");
  add("by=", "operation");
  add("on=", "target_type");
  add("", "target_id");
  add(label_of_detail(event), "detail");
  add("for=", "on_behalf_of");
  add("request=", "request_id");
  return printable(text);
}

std::string for_programs(const JsonValue& event) {
  std::string text;
  JsonWriter out(text);
  append_json(event, out);
  return text;
}

// The rest of the query. An agent may be meant by its name.
Result<std::string> find_filters(const CommandLine& line, ApiClient& api) {
  std::string filters;
  if (const auto agent = line.argument("agent"))
    filters += "&agent=" + percent_encode(TRY(api.find_agent(*agent)));
  for (const std::string_view filter : {"action", "outcome"})
    if (const auto value = line.argument(filter))
      filters.append("&").append(filter) += '=' + percent_encode(*value);
  if (const auto since = line.argument("since"))  // valid already
    filters +=
        "&since=" + percent_encode(format_rfc3339(*parse_since(*since, SystemClock().now())));
  if (const auto until = line.argument("until")) filters += "&until=" + percent_encode(*until);
  return filters;
}

struct Wanted {
  std::string filters;
  bool json = false;
};

// Events above `after`, at most `limit` of the newest when that is not 0; oldest first.
Result<std::vector<Line>> fetch(const Wanted& wanted, ApiClient& api, std::int64_t after,
                                std::size_t limit) {
  const std::string target =
      "/audit?limit=" + std::to_string(limit == 0 ? 1000 : std::min<std::size_t>(limit, 1000)) +
      wanted.filters;
  std::vector<Line> found;
  std::string cursor;
  for (bool more = true; more;) {
    const std::string body = TRY(api.call("GET", std::string(target).append(cursor)));
    const auto page = parse_json(body);
    const JsonValue* items = page ? page->find("items") : nullptr;
    if (items == nullptr)
      return failure(Errc::internal, "the answer to /audit is not one of AgentAuth's");
    const std::string next = member_text(*page, "next_cursor");
    more = !next.empty();
    for (const JsonValue& event : items->items) {
      const JsonValue* sequence = event.find("sequence");
      if (sequence == nullptr || sequence->integer <= after ||
          (limit != 0 && found.size() == limit)) {
        more = false;
        break;
      }
      found.push_back({sequence->integer, wanted.json ? for_programs(event) : for_people(event)});
    }
    cursor = "&cursor=" + percent_encode(next);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

// Where the trail ends now.
Result<std::int64_t> find_head(ApiClient& api) {
  const std::string body = TRY(api.call("GET", "/audit/checkpoint"));
  const auto checkpoint = parse_json(body);
  const JsonValue* head = checkpoint ? checkpoint->find("sequence") : nullptr;
  if (head == nullptr || head->type != JsonValue::Type::integer)
    return failure(Errc::internal, "the answer to /audit/checkpoint is not one of AgentAuth's");
  return head->integer;
}

constexpr std::string_view what_to_do =
    "; start anew, and check the trail with \"agentauth audit verify\"";

// What is below an event that was shown already would never be shown. REQUIRES: `seen` is what an
// earlier call returned.
Result<std::int64_t> follow_head(ApiClient& api, std::int64_t seen) {
  const std::int64_t head = TRY(find_head(api));
  if (head < seen)
    return failure(Errc::gone, "the audit trail ends with event " + std::to_string(head) +
                                   ", before event " + std::to_string(seen) +
                                   ", which it had: an older database was put in its place" +
                                   std::string(what_to_do));
  return head;
}

// Events have no gaps, so what is missing among all of them was forgotten.
Result<void> require_next(const Wanted& wanted, const std::vector<Line>& lines, std::int64_t last) {
  if (!wanted.filters.empty() || lines.empty() || lines.front().sequence == last + 1) return {};
  return failure(Errc::gone, "events after event " + std::to_string(last) +
                                 " are not all kept any more" + std::string(what_to_do));
}

}  // namespace

Result<int> tail_audit(const CommandLine& line, ApiClient& api, std::ostream& out) {
  const auto limit = static_cast<std::size_t>(std::stoll(line.argument("lines").value_or("20")));
  const Wanted wanted{TRY(find_filters(line, api)), line.wants_json()};
  const bool follows = line.argument("follow") == "true";
  std::int64_t last = 0;
  std::int64_t head = 0;
  auto lines = TRY(fetch(wanted, api, last, limit));
  for (int polls = 1;; ++polls) {
    for (const Line& one : lines) out << one.text << '\n';
    if (!lines.empty()) last = lines.back().sequence;
    if (!follows || !out.flush()) return exit_done;
    head = TRY(follow_head(api, std::max(head, last)));
    std::this_thread::sleep_for(poll_every);
    if (polls % polls_a_login == 0) api.log_in_anew();
    lines = TRY(fetch(wanted, api, last, 0));
    if (last != 0) TRY(require_next(wanted, lines, last));
  }
}

}  // namespace agentauth::app

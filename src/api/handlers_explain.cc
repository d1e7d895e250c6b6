// Why a decision is what it is.
#include "api/access.h"
#include "api/access_question.h"
#include "api/enforcement.h"
#include "api/handlers_access.h"
#include "authz/explanation.h"

namespace agentauth::api {
namespace {

// A plain permission is known to the directory without its id.
Result<void> find_id(Transaction& tx, ConsideredRule& rule) {
  const auto agent = rule.is_plain ? agent_of(rule.grant.subject) : std::nullopt;
  if (!agent) return {};
  const auto found = tx.permissions().find(*agent, rule.grant.permission);
  if (found) {
    rule.grant.id = found->id;
  } else if (found.error().code != Errc::not_found) {
    return tl::unexpected(found.error());
  }
  return {};
}

Result<void> find_ids(Services& services, Explanation& explanation) {
  return services.database.read([&](Transaction& tx) -> Result<void> {
    for (ConsideredRule& rule : explanation.considered) TRY(find_id(tx, rule));
    if (explanation.decided_by) TRY(find_id(tx, *explanation.decided_by));
    return {};
  });
}

// Which roles there are is not for who asks about itself.
void hide_others(Explanation& explanation) {
  const auto& miss = explanation.nearest_miss;
  if (miss && miss->rule.outcome == RuleOutcome::matches) explanation.nearest_miss.reset();
}

// Stored attributes are for who may read them, or decides by them anyway.
policy::Values values_for(const Asker& asker, const ApiExchange& exchange,
                          const Directory::View& view, const Actor& actor) {
  if (asker.evaluates || holds(view, actor, exchange, "agentauth:entities:read", asker.now))
    return policy::Values::shown;
  return policy::Values::hidden;
}

void write_grant(const Grant& grant, JsonWriter& out) {
  ExplainedGrant shown;
  static_cast<Terms&>(shown) = grant.terms();
  if (grant.id != GrantId{}) shown.id = grant.id;
  shown.subject = grant.subject;
  shown.action = grant.permission;
  write_fields(shown, out);
}

void write_path(const Path& path, JsonWriter& out) {
  out.name("path");
  out.open_array();
  for (const std::string& name : path) out.text(name);
  out.close_array();
}

void write_rule(const ConsideredRule& rule, JsonWriter& out) {
  out.open();
  out.name("grant");
  write_grant(rule.grant, out);
  write_path(rule.path, out);
  out.member("outcome", to_string(rule.outcome));
  out.member("detail", rule.detail);
  out.close();
}

void write_nearest_miss(const std::optional<NearestMiss>& miss, JsonWriter& out) {
  out.name("nearest_miss");
  if (!miss) return out.null();
  out.open();
  out.member("message", miss->message);
  out.name("grant");
  write_grant(miss->rule.grant, out);
  write_path(miss->rule.path, out);
  out.close();
}

void write(const Explanation& explanation, std::string_view reason, Revision revision,
           JsonWriter& out) {
  out.open();
  out.member_flag("decision", explanation.reason == Reason::granted);
  out.member("reason", reason);
  out.member("revision", revision);
  out.name("grants");
  out.open_array();
  if (explanation.decided_by) write_grant(explanation.decided_by->grant, out);
  out.close_array();
  write_path(explanation.decided_by ? explanation.decided_by->path : Path{}, out);
  out.name("considered");
  out.open_array();
  for (const ConsideredRule& rule : explanation.considered) write_rule(rule, out);
  out.close_array();
  out.name("memberships");
  out.open_array();
  for (const LivingMembership& membership : explanation.memberships)
    write_fields(ExplainedMembership{membership.member, membership.of, membership.expires_at}, out);
  out.close_array();
  write_nearest_miss(explanation.nearest_miss, out);
  out.close();
}

}  // namespace

Result<void> explain_access(Services& services, ApiExchange& exchange) {
  const NamedAgents names = TRY(find_named_agents(services, exchange, Sought::explanation));
  // Until it is explained nobody else parses JSON on this thread.
  const JsonValue body = TRY(read_access_body(exchange));
  const SentQuestion sent = TRY(read_question(body, body, Sought::explanation));
  const Revision revision = services.directory.revision();
  std::optional<Asker> asker;
  {
    const Directory::View view(services.directory);
    asker.emplace(TRY(Asker::of(services, exchange, view)));
  }
  const auto asked = TRY(AccessQuestion::of(*asker, sent, &names));
  if (!asked) return failure(Errc::internal, "A name was not looked up");
  Explanation explanation;
  std::string_view reason;
  if (const auto unknown = asked->unknown_subject()) {
    reason = to_string(*unknown);
  } else {
    std::vector<GrantId> spent;
    TRY(foresee(services, spent, [&](const Directory::View& view, std::span<const GrantId> used) {
      return asked->decide(view, used);
    }));
    const Directory::View view(services.directory);
    const Actor actor = TRY(find_acting(view, asker->caller, asker->now));
    explanation =
        agentauth::explain(view, TRY(asked->subject(view)), asked->subject_name(),
                           asked->question(view, spent), values_for(*asker, exchange, view, actor));
    reason = to_string(explanation.reason);
    if (!asker->evaluates) hide_others(explanation);
  }
  TRY(find_ids(services, explanation));
  exchange.response.set_status(exchange.operation->status);
  exchange.response.set_content_type("application/json");
  JsonWriter out(exchange.response.body);
  write(explanation, reason, revision, out);
  return {};
}

}  // namespace agentauth::api

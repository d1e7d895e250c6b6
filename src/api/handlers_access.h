// The OpenID AuthZEN Authorization API 1.0: may this subject do this to that?
#pragma once

#include "api/operations.h"

namespace agentauth::api {

// As descriptions show it; access_request.h reads it.
struct Evaluate {
  JsonObject subject;
  JsonObject action;
  JsonObject resource;
  std::optional<JsonObject> context;

  template <class Object>
  static constexpr auto question_fields() {
    return std::array{
        field<&Evaluate::subject, Object>(
            {.name = "subject",
             .max = 65536,
             .about = R"({"type","id","properties"?}; an agent: "agent" and its id or name)"}),
        field<&Evaluate::action, Object>(
            {.name = "action",
             .max = 65536,
             .about = R"({"name","properties"?}: the name is the permission)"}),
        field<&Evaluate::resource, Object>(
            {.name = "resource", .max = 65536, .about = R"({"type","id","properties"?})"}),
        field<&Evaluate::context, Object>(
            {.name = "context",
             .max = 65536,
             .about = "What conditions see as context; like properties it counts only from "
                      "who holds agentauth:access:assert"}),
    };
  }
  static constexpr auto fields() { return question_fields<Evaluate>(); }
};

struct Evaluated {
  bool decision = false;
  JsonObject context;
  static constexpr auto fields() {
    return std::array{
        field<&Evaluated::decision>({.name = "decision"}),
        field<&Evaluated::context>(
            {.name = "context",
             .about = R"({"reason","grants":[the id of the grant that decided],"permission"?: )"
                      R"(the plain permission that allowed,"revision"})"})};
  }
};

struct EvaluateMany {
  std::optional<JsonObject> subject;
  std::optional<JsonObject> action;
  std::optional<JsonObject> resource;
  std::optional<JsonObject> context;
  std::optional<std::vector<Evaluate>> evaluations;
  std::optional<JsonObject> options;

  static constexpr auto fields() {
    constexpr std::string_view about = "For each evaluation that does not say its own";
    return std::array{
        field<&EvaluateMany::subject>({.name = "subject", .max = 65536, .about = about}),
        field<&EvaluateMany::action>({.name = "action", .max = 65536, .about = about}),
        field<&EvaluateMany::resource>({.name = "resource", .max = 65536, .about = about}),
        field<&EvaluateMany::context>({.name = "context", .max = 65536, .about = about}),
        field<&EvaluateMany::evaluations>(
            {.name = "evaluations",
             .min = 0,
             .max = 1000,
             .about = "None: the body is one evaluation, and so is the answer"}),
        field<&EvaluateMany::options>({.name = "options",
                                       .max = 65536,
                                       .about = R"({"evaluations_semantic": "execute_all", )"
                                                R"("deny_on_first_deny" or )"
                                                R"("permit_on_first_permit"})"})};
  }
};

// One or the other, as the request was.
struct EvaluatedMany {
  std::optional<std::vector<Evaluated>> evaluations;
  std::optional<bool> decision;
  std::optional<JsonObject> context;
  static constexpr auto fields() {
    return std::array{
        field<&EvaluatedMany::evaluations>(
            {.name = "evaluations",
             .about = "In the order of the request; one that could not be read has "
                      R"("context":{"error":{"status","message"}})"}),
        field<&EvaluatedMany::decision>(
            {.name = "decision", .about = "This and context, when there was one evaluation only"}),
        field<&EvaluatedMany::context>({.name = "context"})};
  }
};

Result<bool> evaluate_from_memory(Services& services, ApiExchange& exchange,
                                  http::ShareName& share);
Result<void> evaluate(Services& services, ApiExchange& exchange);
Result<bool> evaluate_many_from_memory(Services& services, ApiExchange& exchange,
                                       http::ShareName& share);
Result<void> evaluate_many(Services& services, ApiExchange& exchange);

// handlers_search.cc
struct Search {
  JsonObject subject;
  JsonObject action;
  JsonObject resource;
  std::optional<JsonObject> context;
  std::optional<JsonObject> page;

  static constexpr FieldRule rule(std::string_view name, std::string_view about) {
    return {.name = name, .max = 65536, .about = about};
  }
  static constexpr auto fields() {
    return std::array{
        field<&Search::subject>(rule("subject", R"({"type","id"}; only its type when sought)")),
        field<&Search::action>(rule("action", R"({"name"}; not sent when sought)")),
        field<&Search::resource>(rule("resource", R"({"type","id"}; only its type when sought)")),
        field<&Search::context>(rule("context", "As in an evaluation")),
        field<&Search::page>(rule("page", R"({"token","limit"}: 1 to 1,000, 100 if absent)"))};
  }
};
struct FoundEntity {
  std::optional<std::string> type;
  std::optional<std::string> id;
  std::optional<std::string> name;
  static constexpr auto fields() {
    return std::array{
        field<&FoundEntity::type>({.name = "type", .example = "user"}),
        field<&FoundEntity::id>({.name = "id", .example = "alice"}),
        field<&FoundEntity::name>({.name = "name", .about = "Of an action, which has no more"})};
  }
};
struct Found {
  std::vector<FoundEntity> results;
  JsonObject page;
  static constexpr auto fields() {
    return std::array{
        field<&Found::page>(
            {.name = "page", .about = R"({"next_token"}: empty when there are no more)"}),
        field<&Found::results>(
            {.name = "results", .about = "In the order of their ids' or names' bytes"})};
  }
};
struct SearchActions {
  JsonObject subject;
  JsonObject resource;
  std::optional<JsonObject> context;
  std::optional<JsonObject> page;
  static constexpr auto fields() {
    return std::array{
        field<&SearchActions::subject>(Search::rule("subject", R"({"type","id"})")),
        field<&SearchActions::resource>(Search::rule("resource", R"({"type","id"})")),
        field<&SearchActions::context>(Search::rule("context", "As in an evaluation")),
        field<&SearchActions::page>(
            Search::rule("page", R"({"token","limit"}: 1 to 1,000, 100 if absent)"))};
  }
};
Result<void> search_subjects(Services& services, ApiExchange& exchange);
Result<void> search_resources(Services& services, ApiExchange& exchange);
Result<void> search_actions(Services& services, ApiExchange& exchange);

// handlers_explain.cc
struct Explain {
  JsonObject subject;
  JsonObject action;
  std::optional<JsonObject> resource;
  std::optional<JsonObject> context;
  static constexpr auto fields() {
    return std::array{
        field<&Explain::subject>(Search::rule("subject", "As in an evaluation")),
        field<&Explain::action>(Search::rule("action", "As in an evaluation")),
        field<&Explain::resource>(Search::rule("resource", "Nothing in particular if absent")),
        field<&Explain::context>(Search::rule("context", "As in an evaluation"))};
  }
};
struct ExplainedGrant : Terms {
  std::optional<GrantId> id;
  std::string subject;
  std::string action;
  static constexpr auto fields() {
    return joined(
        std::array{
            field<&ExplainedGrant::id>({.name = "id"}),
            field<&ExplainedGrant::subject>({.name = "subject", .example = "role:weather_reader"}),
            field<&ExplainedGrant::action>({.name = "action", .example = "read_weather"})},
        term_fields<ExplainedGrant>());
  }
};
struct ExplainedRule {
  std::vector<std::string> path;
  std::string outcome;
  std::string detail;
  JsonObject grant;
  static constexpr auto fields() {
    return std::array{
        field<&ExplainedRule::grant>({.name = "grant", .about = "As in `grants`"}),
        field<&ExplainedRule::path>({.name = "path", .about = "From the subject to whom it is to"}),
        field<&ExplainedRule::outcome>(
            {.name = "outcome",
             .example = "expired",
             .about = "matches, other_resource, not_yet, expired, condition_false, "
                      "condition_error, membership_expired, uses_spent or audit_only"}),
        field<&ExplainedRule::detail>(
            {.name = "detail", .example = "context.amount < 500 is false: 700"})};
  }
};
struct ExplainedMembership {
  std::string member;
  std::string of;
  std::optional<Timestamp> expires_at;
  static constexpr auto fields() {
    return std::array{
        field<&ExplainedMembership::member>({.name = "member", .example = "user:alice"}),
        field<&ExplainedMembership::of>({.name = "of", .example = "role:weather_reader"}),
        field<&ExplainedMembership::expires_at>({.name = "expires_at"})};
  }
};
struct Explained {
  bool decision = false;
  std::string reason;
  std::int64_t revision = 0;
  std::vector<ExplainedGrant> grants;
  std::vector<std::string> path;
  std::vector<ExplainedRule> considered;
  std::vector<ExplainedMembership> memberships;
  std::optional<JsonObject> nearest_miss;
  static constexpr auto fields() {
    return std::array{
        field<&Explained::decision>({.name = "decision"}),
        field<&Explained::reason>({.name = "reason", .example = "not_granted"}),
        field<&Explained::revision>({.name = "revision", .example = "42"}),
        field<&Explained::grants>({.name = "grants", .about = "What decided, if something did"}),
        field<&Explained::path>({.name = "path", .about = "How the subject came by it"}),
        field<&Explained::considered>(
            {.name = "considered", .about = "At most 100 rules about the action"}),
        field<&Explained::memberships>({.name = "memberships"}),
        field<&Explained::nearest_miss>(
            {.name = "nearest_miss",
             .about = R"({"message","grant","path"}: what would have allowed it, had one thing )"
                      "been different"})};
  }
};
Result<void> explain_access(Services& services, ApiExchange& exchange);

// handlers_simulate.cc
struct Simulate {
  JsonObject change;
  std::vector<Evaluate> evaluations;
  static constexpr auto fields() {
    return std::array{
        field<&Simulate::change>(
            {.name = "change",
             .max = 65536,
             .about = R"({"grants":{"add":[{"subject","action",…}],"remove":[ID]},)"
                      R"("members":{"add":[{"member","of"}],"remove":[{"member","of"}]}}; )"
                      "at most 100 in all"}),
        field<&Simulate::evaluations>({.name = "evaluations", .min = 1, .max = 1000})};
  }
};
struct SimulatedDecision {
  std::optional<JsonObject> before;
  std::optional<JsonObject> after;
  std::optional<JsonObject> error;
  static constexpr auto fields() {
    return std::array{
        field<&SimulatedDecision::before>({.name = "before", .about = R"({"decision","reason"})"}),
        field<&SimulatedDecision::after>({.name = "after", .about = R"({"decision","reason"})"}),
        field<&SimulatedDecision::error>(
            {.name = "error", .about = R"({"status","message"}, when it could not be read)"})};
  }
};
struct Simulated {
  std::int64_t revision = 0;
  std::vector<SimulatedDecision> evaluations;
  static constexpr auto fields() {
    return std::array{field<&Simulated::revision>({.name = "revision", .example = "42"}),
                      field<&Simulated::evaluations>(
                          {.name = "evaluations",
                           .about = "In the order of the request; one that could not be read has "
                                    R"({"error":{"status","message"}})"})};
  }
};
Result<void> simulate_access(Services& services, ApiExchange& exchange);

// decision_point.cc
struct DecisionPoint {
  std::string policy_decision_point;
  std::string access_evaluation_endpoint;
  std::string access_evaluations_endpoint;
  std::string search_subject_endpoint;
  std::string search_resource_endpoint;
  std::string search_action_endpoint;
  static constexpr auto fields() {
    return std::array{
        field<&DecisionPoint::policy_decision_point>(
            {.name = "policy_decision_point", .example = "https://auth.example.com"}),
        field<&DecisionPoint::access_evaluation_endpoint>({.name = "access_evaluation_endpoint"}),
        field<&DecisionPoint::access_evaluations_endpoint>({.name = "access_evaluations_endpoint"}),
        field<&DecisionPoint::search_subject_endpoint>({.name = "search_subject_endpoint"}),
        field<&DecisionPoint::search_resource_endpoint>({.name = "search_resource_endpoint"}),
        field<&DecisionPoint::search_action_endpoint>({.name = "search_action_endpoint"})};
  }
};
Result<void> decision_point(Services& services, ApiExchange& exchange);

}  // namespace agentauth::api

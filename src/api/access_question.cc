#include "api/access_question.h"

#include "api/access.h"
#include "base/json_text.h"
#include "crypto/hash.h"
#include "policy/names.h"

namespace agentauth::api {
namespace {

std::string entity_name(const SentEntity& entity) {
  return policy::EntityName{entity.type, entity.id}.to_string();
}

// Of the key by which an agent was seen to act. What is no text names no key.
std::optional<std::string_view> kid_in(const SentEntity& subject) {
  const JsonValue* kid = subject.type == policy::agent_type && subject.properties != nullptr
                             ? subject.properties->find("kid")
                             : nullptr;
  if (kid == nullptr) return std::nullopt;
  return kid->type == JsonValue::Type::text ? std::string_view(kid->text) : std::string_view();
}

tl::unexpected<Error> denied() {
  return failure(Errc::permission_denied, "Permission denied", "it asks about somebody else");
}

}  // namespace

Result<Asker> Asker::of(const Services& services, const ApiExchange& exchange,
                        const Directory::View& view) {
  Asker asker{*exchange.caller, services.clock.now()};
  asker.evaluates = exchange.holds_permission;
  TRY(asker.look_again(exchange, view));
  if (!asker.evaluates)
    if (const AgentProfile* profile = view.find_profile(asker.caller.agent_id))
      asker.own_name = profile->name();
  return asker;
}

Result<void> Asker::look_again(const ApiExchange& exchange, const Directory::View& view) {
  const Actor actor = TRY(find_acting(view, caller, now));
  // Nobody counts how often something was asserted.
  asserts = holds(view, actor, exchange, assert_permission, now);
  return {};
}

Result<NamedAgents> NamedAgents::find(Services& services, const std::vector<std::string>& names) {
  NamedAgents agents;
  for (const std::string& name : names) agents.found_.try_emplace(name);
  TRY(services.database.read([&](Transaction& tx) -> Result<void> {
    for (auto& entry : agents.found_) {
      const auto rows = TRY(tx.agents().list({.name = entry.first}, {}, 2));
      if (rows.size() == 1) entry.second.id = rows.front().agent_id;
      entry.second.is_ambiguous = rows.size() > 1;
    }
    return {};
  }));
  return agents;
}

const NamedAgents::Found* NamedAgents::find(std::string_view name) const {
  const auto found = found_.find(name);
  return found == found_.end() ? nullptr : &found->second;
}

std::optional<std::string_view> agent_name_in(const SentQuestion& sent) {
  if (sent.subject.type != policy::agent_type || AgentId::parse(sent.subject.id))
    return std::nullopt;
  return sent.subject.id;
}

Result<NamedAgents> find_named_agents(Services& services, ApiExchange& exchange, Sought sought) {
  const JsonValue body = TRY(read_access_body(exchange));
  std::vector<std::string> names;
  const auto look_at = [&](const JsonValue& item) {
    const auto sent = read_question(item, body, sought);
    if (!sent || sought == Sought::subjects) return;
    if (const auto name = agent_name_in(*sent)) names.emplace_back(*name);
  };
  look_at(body);
  for (const JsonValue& item : TRY(read_batch(body)).items) look_at(item);
  return NamedAgents::find(services, names);
}

Result<std::optional<AccessQuestion>> AccessQuestion::of(const Asker& asker,
                                                         const SentQuestion& sent,
                                                         const NamedAgents* names) {
  AccessQuestion asked(asker, sent);
  asked.kid_ = kid_in(sent.subject);
  if (!sent.resource.id.empty()) asked.resource_ = entity_name(sent.resource);
  if (const auto name = agent_name_in(sent)) {
    // Who may ask about itself only does not learn which other names there are.
    if (!asker.evaluates && *name != asker.own_name) return denied();
    const NamedAgents::Found* found = names == nullptr ? nullptr : names->find(*name);
    if (found == nullptr) return std::nullopt;
    asked.name_agent(*found);
  } else if (sent.subject.type == policy::agent_type) {
    asked.agent_ = AgentId::parse(sent.subject.id);
  } else {
    asked.principal_ = entity_name(sent.subject);
  }
  asked.is_about_self_ = asked.agent_ == asker.caller.agent_id;
  if (!asker.evaluates && !asked.is_about_self_ && !asked.unknown_subject_) return denied();
  return asked;
}

void AccessQuestion::name_agent(const NamedAgents::Found& found) {
  agent_ = found.id;
  if (!agent_)
    unknown_subject_ =
        found.is_ambiguous ? agent_ambiguous_kind : decided_by(Reason::agent_unknown);
}

Result<Subject> AccessQuestion::subject(const Directory::View& view) const {
  if (!agent_) return Subject(principal_);
  return Subject(TRY(asked_about(view, asker_->caller, *agent_, kid_, asker_->now)));
}

Question AccessQuestion::question(const Directory::View& view,
                                  std::span<const GrantId> spent) const {
  Question question;
  // A pattern is something to grant, nothing to do.
  if (is_concrete_permission(sent_.action)) question = question_of(view, sent_.action, asker_->now);
  question.action = sent_.action;
  question.now = asker_->now;
  question.resource = resource_;
  question.spent = spent;
  // From where others come, the caller has to say.
  if (is_about_self_) question.circumstances.address = &asker_->caller.address;
  if (asker_->asserts) {
    question.subject_properties = sent_.subject.properties;
    question.action_properties = sent_.action_properties;
    question.resource_properties = sent_.resource.properties;
    question.context = sent_.context;
  }
  return question;
}

std::string AccessQuestion::sent_subject_name() const {
  return agent_ ? subject_of(*agent_) : entity_name(sent_.subject);
}

std::string AccessQuestion::fingerprint() const {
  std::string whole;
  const auto add = [&](std::string_view part) {
    whole.append(std::to_string(part.size())).append(":").append(part).append(",");
  };
  add(subject_name());
  add(sent_.action);
  add(resource_);
  add(kid_.value_or(""));
  if (asker_->asserts) {
    for (const JsonValue* said : {sent_.subject.properties, sent_.action_properties,
                                  sent_.resource.properties, sent_.context}) {
      std::string text;
      if (said != nullptr) append_json(*said, text);
      add(text);
    }
  }
  return base64url_encode(sha256(whole));
}

Result<Decision> AccessQuestion::decide(const Directory::View& view,
                                        std::span<const GrantId> spent) const {
  return agentauth::decide(view, TRY(subject(view)), question(view, spent));
}

}  // namespace agentauth::api

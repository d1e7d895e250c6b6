#include "authz/internal/lazy_facts.h"

#include "model/grant.h"
#include "policy/names.h"
#include "policy/supplied.h"

namespace agentauth::internal {
namespace {

void add_text(JsonValue& object, std::string_view name, std::string_view text) {
  JsonValue value;
  value.type = JsonValue::Type::text;
  value.text = text;
  object.members.push_back({name, std::move(value)});
}

}  // namespace

void LazyFacts::gather() {
  facts_.emplace();
  facts_->action = question_.action;
  facts_->action_properties.sources = {question_.action_properties};
  facts_->now = question_.now;
  if (subject_.actor) {
    gather_agent(*subject_.actor);
  } else if (const auto name = policy::parse_entity(subject_.name)) {
    facts_->subject = {name->type, name->id, {}};
    facts_->subject.properties.sources = {view_.find_properties(subject_.name), nullptr,
                                          question_.subject_properties};
  }
  gather_resource();
  gather_context();
}

void LazyFacts::gather_agent(const Actor& actor) {
  agent_name_ = subject_of(actor.agent->id);
  identity_.type = JsonValue::Type::object;
  const JsonValue* labels = nullptr;
  const AgentProfile* profile =
      actor.profile != nullptr ? actor.profile : view_.find_profile(actor.agent->id);
  if (profile != nullptr) {
    add_text(identity_, policy::agent_name_property, profile->name());
    add_text(identity_, policy::agent_owner_property, profile->owner());
    labels = profile->labels();
  }
  const std::string_view name = agent_name_;
  facts_->subject = {name.substr(0, name.find(':')), name.substr(name.find(':') + 1), {}};
  // Name and owner are what they are: nothing that is stored of it and no label takes their place.
  facts_->subject.properties.sources = {&identity_, view_.find_properties(name), labels,
                                        question_.subject_properties};
}

void LazyFacts::gather_resource() {
  const auto name = policy::parse_entity(question_.resource);
  if (!name) return;
  facts_->resource = {name->type, name->id, {}};
  facts_->resource.properties.sources = {view_.find_properties(question_.resource),
                                         question_.resource_properties};
}

void LazyFacts::gather_context() {
  const Circumstances& known = question_.circumstances;
  context_.type = JsonValue::Type::object;
  if (known.address != nullptr) {
    address_ = format_ip_address(*known.address);
    add_text(context_, policy::context_address, address_);
  }
  if (!known.method.empty()) add_text(context_, policy::context_method, known.method);
  if (!known.host.empty()) add_text(context_, policy::context_host, known.host);
  facts_->context.sources = {&context_, question_.context};
}

}  // namespace agentauth::internal

#include "authz/entity_service.h"

#include "model/grant.h"
#include "policy/properties.h"

namespace agentauth {
namespace {

Result<void> note_entity(Transaction& tx, const std::string& type, const std::string& id) {
  TRY(tx.changes().append_name(ChangeKind::entity, type + ':' + id));
  return {};
}

Result<void> check_agent(Transaction& tx, const PutEntity& request) {
  if (request.type != policy::agent_type) return {};
  const auto agent = AgentId::parse(request.id);
  // One spelling of each, as subjects have.
  if (!agent || agent->to_string() != request.id) return failure(Errc::not_found, "No such agent");
  TRY(tx.agents().find(*agent));
  return {};
}

}  // namespace

Result<StoredEntity> EntityService::put(Transaction& tx, const PutEntity& request) {
  TRY(check_agent(tx, request));
  const auto properties = policy::Properties::parse(request.properties.text);
  if (!properties)
    return tl::unexpected(Error{.code = Errc::invalid_argument,
                                .message = "A field is missing or invalid",
                                .fields = {{"properties", properties.error().message}}});
  const Timestamp now = clock_.now();
  TRY(tx.entities().put(request.type, request.id, properties->text(), now));
  TRY(note_entity(tx, request.type, request.id));
  return StoredEntity{request.type, request.id, {properties->text()}, now};
}

Result<StoredEntity> EntityService::find(Transaction& tx, const NameEntity& request) {
  auto state = TRY(tx.entities().find(request.type, request.id));
  if (!state) return failure(Errc::not_found, "Nothing is known of it");
  return StoredEntity{state->type, state->id, {std::move(state->properties)}, state->updated_at};
}

Result<void> EntityService::erase(Transaction& tx, const NameEntity& request) {
  TRY(tx.entities().erase(request.type, request.id));
  return note_entity(tx, request.type, request.id);
}

}  // namespace agentauth

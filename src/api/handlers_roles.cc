#include "api/handlers_roles.h"

#include "api/create_once.h"
#include "authz/audit_targets.h"

namespace agentauth::api {
namespace {

Result<void> answer_with_role(Services& services, ApiExchange& exchange, RoleKind kind,
                              const std::string& name, const std::optional<std::string>& about) {
  return create_once<Role>(services, exchange,
                           [&](Transaction& tx, AuditTarget& target) -> Result<Made<Role>> {
                             target = target_of_principal(principal_of(kind, name));
                             auto put = TRY(services.roles.put(tx, kind, name, about));
                             return Made<Role>{std::move(put.role), put.created};
                           });
}

Result<void> answer_with_member(Services& services, ApiExchange& exchange, std::string of,
                                std::string member, std::optional<Timestamp> expires_at) {
  Membership wanted;
  wanted.of = std::move(of);
  wanted.member = std::move(member);
  wanted.expires_at = expires_at;
  return create_once<Membership>(
      services, exchange,
      [&](Transaction& tx, OnRecord& target, DecidedBy& by) -> Result<Made<Membership>> {
        target = target_of_principal(wanted.of, wanted.member);
        auto put = TRY(services.roles.put_member(tx, by->author(), wanted));
        for (const Membership& forgotten : put.forgotten)
          target.besides.push_back(removal_of(forgotten));
        return Made<Membership>{std::move(put.membership), put.created};
      });
}

Result<void> answer_without_member(Services& services, ApiExchange& exchange, const std::string& of,
                                   const std::string& member) {
  const auto work = [&](Transaction& tx, AuditTarget& target, DecidedBy& by) -> Result<void> {
    target = target_of_principal(of, member);
    return services.roles.erase_member(tx, by->author(), of, member);
  };
  TRY(write_audited(services, exchange, work));
  exchange.response.set_status(exchange.operation->status);
  return {};
}

}  // namespace

template <RoleKind Kind>
Result<void> create_role(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<CreateRole<Kind>>());
  return answer_with_role(services, exchange, Kind, request.name, request.about);
}

template <RoleKind Kind>
Result<void> put_role(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<PutRole<Kind>>());
  return answer_with_role(services, exchange, Kind, request.name, request.about);
}

template <RoleKind Kind>
Result<void> delete_role(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<NameRole<Kind>>());
  const auto work = [&](Transaction& tx, AuditTarget& target, DecidedBy& by) -> Result<void> {
    const std::string principal = principal_of(Kind, request.name);
    target = target_of_principal(principal);
    return services.roles.erase(tx, by->author(), principal);
  };
  TRY(write_audited(services, exchange, work));
  exchange.response.set_status(exchange.operation->status);
  return {};
}

template <RoleKind Kind>
Result<void> add_member(Services& services, ApiExchange& exchange) {
  auto request = TRY(exchange.decode_input<AddMember<Kind>>());
  return answer_with_member(services, exchange, principal_of(Kind, request.name),
                            std::move(request.member), request.expires_at);
}

template <RoleKind Kind>
Result<void> put_member(Services& services, ApiExchange& exchange) {
  auto request = TRY(exchange.decode_input<PutMember<Kind>>());
  return answer_with_member(services, exchange, principal_of(Kind, request.name),
                            std::move(request.member), request.expires_at);
}

template <RoleKind Kind>
Result<void> delete_member(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<NameMember<Kind>>());
  return answer_without_member(services, exchange, principal_of(Kind, request.name),
                               request.member);
}

template Result<void> create_role<RoleKind::role>(Services&, ApiExchange&);
template Result<void> create_role<RoleKind::group>(Services&, ApiExchange&);
template Result<void> put_role<RoleKind::role>(Services&, ApiExchange&);
template Result<void> put_role<RoleKind::group>(Services&, ApiExchange&);
template Result<void> delete_role<RoleKind::role>(Services&, ApiExchange&);
template Result<void> delete_role<RoleKind::group>(Services&, ApiExchange&);
template Result<void> add_member<RoleKind::role>(Services&, ApiExchange&);
template Result<void> add_member<RoleKind::group>(Services&, ApiExchange&);
template Result<void> put_member<RoleKind::role>(Services&, ApiExchange&);
template Result<void> put_member<RoleKind::group>(Services&, ApiExchange&);
template Result<void> delete_member<RoleKind::role>(Services&, ApiExchange&);
template Result<void> delete_member<RoleKind::group>(Services&, ApiExchange&);

Result<void> give_role(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<GiveRole>());
  return answer_with_member(services, exchange, principal_of(RoleKind::role, request.role),
                            subject_of(request.agent_id), request.expires_at);
}

Result<void> put_agent_role(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<PutAgentRole>());
  return answer_with_member(services, exchange, principal_of(RoleKind::role, request.name),
                            subject_of(request.agent_id), request.expires_at);
}

Result<void> take_role(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<NameAgentRole>());
  return answer_without_member(services, exchange, principal_of(RoleKind::role, request.name),
                               subject_of(request.agent_id));
}

Result<void> put_entity(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<PutEntity>());
  exchange.answer(exchange.operation->status,
                  TRY(write_audited(services, exchange, [&](Transaction& tx, AuditTarget& target) {
                    target = target_of_entity(request.type, request.id);
                    return services.entities.put(tx, request);
                  })));
  return {};
}

Result<void> delete_entity(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<NameEntity>());
  TRY(write_audited(services, exchange, [&](Transaction& tx, AuditTarget& target) {
    target = target_of_entity(request.type, request.id);
    return services.entities.erase(tx, request);
  }));
  exchange.response.set_status(exchange.operation->status);
  return {};
}

}  // namespace agentauth::api

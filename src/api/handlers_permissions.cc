#include "api/handlers_permissions.h"

#include "api/bind.h"
#include "api/create_once.h"
#include "api/enforcement.h"
#include "authz/audit_targets.h"

namespace agentauth::api {
namespace {

Grant wanted(const Terms& terms, std::string subject, std::string permission) {
  Grant grant;
  static_cast<Terms&>(grant) = terms;
  grant.subject = std::move(subject);
  grant.permission = std::move(permission);
  return grant;
}

template <class Shape>
Shape shaped(const Grant& grant) {
  Shape shape;
  static_cast<Grant&>(shape) = grant;
  if constexpr (requires { shape.agent_id; })
    shape.agent_id = agent_of(grant.subject).value_or(AgentId{});
  return shape;
}

template <class Shape>
Result<void> answer_with_grant(Services& services, ApiExchange& exchange, const Grant& grant) {
  return create_once<Shape>(
      services, exchange,
      [&](Transaction& tx, AuditTarget& target, DecidedBy& by) -> Result<Made<Shape>> {
        target = target_of_grant(grant);
        const auto granted = TRY(services.permissions.grant(tx, by->author(), grant));
        return Made<Shape>{shaped<Shape>(granted.grant), granted.created};
      });
}

Result<void> revoke(Services& services, ApiExchange& exchange, const std::string& subject,
                    const std::string& permission, const WhichGrants& which) {
  const auto work = [&](Transaction& tx, AuditTarget& target, DecidedBy& by) -> Result<void> {
    target = target_of_grant(wanted({}, subject, permission));
    return services.permissions.revoke(tx, by->author(), subject, permission, which);
  };
  TRY(write_audited(services, exchange, work));
  exchange.response.set_status(exchange.operation->status);
  return {};
}

// Who asks about itself does not act on the answer; anybody else may be a service that does.
bool is_about_self(const ApiExchange& exchange, const CheckPermission& request) {
  return exchange.caller->agent_id == request.agent_id;
}

void answer_check(ApiExchange& exchange, const CheckPermission& request, Reason reason) {
  exchange.answer(exchange.operation->status,
                  CheckedPermission{request.agent_id, request.permission, reason == Reason::granted,
                                    std::string(to_string(reason))});
}

}  // namespace

void answer_again(ApiExchange& exchange, IdempotentAnswer earlier) {
  exchange.response.set_status(earlier.status);
  exchange.response.set_content_type("application/json");
  exchange.response.body = std::move(earlier.body);
}

Result<void> grant_permission(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<GrantPermission>());
  return answer_with_grant<AgentGrant>(
      services, exchange, wanted(request, subject_of(request.agent_id), request.permission));
}

Result<void> revoke_permission(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<NamePermission>());
  return revoke(services, exchange, subject_of(request.agent_id), request.permission, request);
}

Result<bool> check_permission_from_memory(Services& services, ApiExchange& exchange,
                                          http::ShareName&) {
  const auto request = TRY(exchange.decode_input<CheckPermission>());
  const Directory::View view(services.directory);
  const Decision decision = TRY(services.permissions.check(view, *exchange.caller, request));
  if (decision.is_to_be_spent()) return false;
  if (!is_about_self(exchange, request))
    note_use(services.grant_uses, decision, &request.agent_id, services.clock.now());
  answer_check(exchange, request, decision.reason);
  return true;
}

// What is counted is asked for and not used: whoever wants it used asks /access/v1.
Result<void> check_permission(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<CheckPermission>());
  std::vector<GrantId> spent;
  const Enforced enforced = TRY(
      foresee(services, spent, [&](const Directory::View& view, std::span<const GrantId> used_up) {
        return services.permissions.check(view, *exchange.caller, request, used_up);
      }));
  if (!is_about_self(exchange, request)) note_use(services, enforced, request.agent_id);
  answer_check(exchange, request, enforced.reason);
  return {};
}

template <RoleKind Kind>
Result<void> grant_to_role(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<GrantToRole<Kind>>());
  return answer_with_grant<RoleGrant>(
      services, exchange, wanted(request, principal_of(Kind, request.name), request.permission));
}

template <RoleKind Kind>
Result<void> revoke_from_role(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<NameRolePermission<Kind>>());
  return revoke(services, exchange, principal_of(Kind, request.name), request.permission, request);
}

template Result<void> grant_to_role<RoleKind::role>(Services&, ApiExchange&);
template Result<void> grant_to_role<RoleKind::group>(Services&, ApiExchange&);
template Result<void> revoke_from_role<RoleKind::role>(Services&, ApiExchange&);
template Result<void> revoke_from_role<RoleKind::group>(Services&, ApiExchange&);

Result<void> find_grant(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<NameGrant>());
  exchange.answer(
      exchange.operation->status,
      TRY(services.database.read([&](Transaction& tx) { return tx.grants().find(request.id); })));
  return {};
}

// The same grant again changes nothing; another one takes the place of what was there.
Result<void> put_grant(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<PutGrant>());
  const Grant grant = wanted(request, request.subject, request.action);
  return create_once<Grant>(
      services, exchange,
      [&](Transaction& tx, OnRecord& target, DecidedBy& by) -> Result<Made<Grant>> {
        target = target_of_grant(grant);
        auto known = tx.grants().find(request.id);
        if (!known && known.error().code != Errc::not_found)
          return tl::unexpected(std::move(known).error());
        if (known && known->subject == grant.subject && known->permission == grant.permission &&
            known->terms() == grant.terms())
          return Made<Grant>{*std::move(known), false};
        if (known) {
          TRY(services.permissions.revoke(tx, by->author(), request.id));
          target.besides.push_back({AuditAction::permission_revoke, target_of_grant(*known)});
        }
        auto granted = TRY(services.permissions.grant(tx, by->author(), grant, request.id));
        return Made<Grant>{std::move(granted.grant), !known};
      });
}

Result<void> delete_grant(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<NameGrant>());
  const auto work = [&](Transaction& tx, AuditTarget& target, DecidedBy& by) -> Result<void> {
    target = target_of_grant(TRY(services.permissions.revoke(tx, by->author(), request.id)));
    return {};
  };
  TRY(write_audited(services, exchange, work));
  exchange.response.set_status(exchange.operation->status);
  return {};
}

Result<void> list_grants(Services& services, ApiExchange& exchange) {
  const RequestInput input = TRY(exchange.input());
  const auto request = TRY(decode<ListGrants>(input));
  const std::string query = detail::page_query(exchange, input);
  PageStart after;
  if (request.cursor) after = TRY(services.cursors.open(*request.cursor, query));
  const std::int64_t limit = request.limit.value_or(page_items_default);
  auto grants = TRY(services.database.read([&](Transaction& tx) {
    return request.subject ? tx.grants().list(*request.subject, after, limit + 1)
                           : tx.grants().list_all(GrantId{after.id}, limit + 1);
  }));
  detail::answer_page(services, exchange, grants, limit, query);
  return {};
}

}  // namespace agentauth::api

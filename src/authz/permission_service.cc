#include "authz/permission_service.h"

#include <algorithm>

#include "policy/condition.h"

namespace agentauth {
namespace {

void check_resource(const Terms& terms, std::vector<FieldError>& errors) {
  if (terms.resource && !policy::is_resource_pattern(*terms.resource))
    errors.push_back({"resource", "must be type:id, type:prefix* or type:*, with no other *"});
}

void check_condition(const Terms& terms, std::vector<FieldError>& errors) {
  if (!terms.when) return;
  if (const auto condition = policy::Condition::compile(*terms.when); !condition)
    errors.push_back({"when", condition.error().message});
}

void check_times(const Terms& terms, std::vector<FieldError>& errors) {
  if (terms.not_before && terms.expires_at && *terms.expires_at <= *terms.not_before)
    errors.push_back({"expires_at", "must be later than not_before"});
}

void check_uses(const Terms& terms, std::vector<FieldError>& errors) {
  if (terms.max_uses && terms.decides() != Effect::allow)
    errors.push_back({"max_uses", "is for grants that allow"});
}

template <class Shape>
Shape shaped(Grant grant) {
  Shape shape;
  static_cast<Grant&>(shape) = std::move(grant);
  return shape;
}

bool shuts_out_everybody(const Grant& wanted) {
  return wanted.decides() == Effect::deny && wanted.subject == policy::every_agent &&
         reaches_administration(wanted.permission);
}

}  // namespace

std::string principal_of(RoleKind kind, std::string_view name) {
  return std::string(to_string(kind)).append(":").append(name);
}

Result<void> check_terms(const Terms& terms) {
  Error error{Errc::invalid_argument, "A field is missing or invalid"};
  check_resource(terms, error.fields);
  check_condition(terms, error.fields);
  check_times(terms, error.fields);
  check_uses(terms, error.fields);
  if (error.fields.empty()) return {};
  return tl::unexpected(std::move(error));
}

Result<void> require_end_ahead(const std::optional<Timestamp>& end, Timestamp now) {
  if (lies_ahead(end, now)) return {};
  return tl::unexpected(Error{.code = Errc::invalid_argument,
                              .message = "A field is missing or invalid",
                              .fields = {{"expires_at", std::string(end_rule)}}});
}

Change change_of(const std::string& subject) {
  if (const auto agent = agent_of(subject))
    return {.kind = ChangeKind::permission, .agent_id = *agent};
  return {.kind = ChangeKind::principal, .agent_id = {}, .name = subject};
}

Result<void> note_change(Transaction& tx, const std::string& subject) {
  const Change change = change_of(subject);
  return tx.changes().append_all(std::span(&change, 1));
}

namespace {

// Before it is known whether there is the same already.
Result<GrantSubject> require_well_formed(Author& author, Grantees& grantees, const Grant& wanted) {
  TRY(check_terms(wanted));
  TRY(require_end_ahead(wanted.expires_at, author.now()));
  TRY(author.require_grant(wanted));
  return grantees.find(wanted.subject);
}

// For one more.
Result<void> require_room(Author& author, Grantees& grantees, const Grant& wanted) {
  if (shuts_out_everybody(wanted))
    return failure(Errc::conflict, "That would shut out every administrator, for good");
  TRY(grantees.take_room(wanted));
  if (!author.view().names().has_room_for(wanted.permission, NamedBy::grant))
    return failure(Errc::conflict, names_exhausted);
  return {};
}

}  // namespace

Result<GrantSubject> PermissionService::require_grantable(Author& author, Grantees& grantees,
                                                          const Grant& wanted) {
  auto subject = TRY(require_well_formed(author, grantees, wanted));
  TRY(require_room(author, grantees, wanted));
  return subject;
}

Result<PermissionService::Granted> PermissionService::grant(Transaction& tx, Author& author,
                                                            Grantees& grantees, const Grant& wanted,
                                                            std::optional<GrantId> id) {
  const GrantSubject subject = TRY(require_well_formed(author, grantees, wanted));
  // What says the same under another id is another grant; but not of an agent without terms.
  if (!id || is_plain(wanted)) {
    if (auto known = TRY(tx.grants().find_same(wanted))) {
      if (!id) return Granted{*std::move(known), false};
      return failure(Errc::conflict,
                     "The agent holds that already, by the grant " + known->id.to_string());
    }
  }
  TRY(require_room(author, grantees, wanted));
  Granted granted{TRY(tx.grants().insert(subject, wanted.permission, wanted, id)), true};
  TRY(author.note_change(tx, wanted.subject));
  return granted;
}

Result<void> PermissionService::revoke(Transaction& tx, Author& author, const std::string& subject,
                                       const std::string& permission, const WhichGrants& which) {
  TRY(Grantees(tx).find(subject));
  std::vector<GrantId> meant;
  for (const Grant& grant : TRY(tx.grants().find_all(subject, permission)))
    if (which.mean(grant)) meant.push_back(grant.id);
  if (meant.empty()) return failure(Errc::not_found, "The subject does not hold this permission");
  if (meant.size() > revoked_max)
    return failure(Errc::conflict, "These are " + std::to_string(meant.size()) +
                                       " grants; one call takes away at most " +
                                       std::to_string(revoked_max) + ": name a resource");
  for (const GrantId id : meant) TRY(revoke(tx, author, id));
  return {};
}

Result<Grant> PermissionService::revoke(Transaction& tx, Author& author, GrantId id) {
  const Grant grant = TRY(tx.grants().find(id));
  TRY(author.require_revocation(grant));
  TRY(tx.grants().erase(id));
  TRY(author.note_change(tx, grant.subject));
  return grant;
}

Result<std::vector<AgentGrant>> PermissionService::list(Transaction& tx,
                                                        const ListPermissions& request,
                                                        const PageStart& after,
                                                        std::int64_t limit) {
  TRY(tx.agents().find(request.agent_id));
  std::vector<AgentGrant> shown;
  for (Grant& grant : TRY(tx.grants().list(subject_of(request.agent_id), after, limit))) {
    shown.push_back(shaped<AgentGrant>(std::move(grant)));
    shown.back().agent_id = request.agent_id;
  }
  return shown;
}

Result<std::vector<UnusedGrant>> PermissionService::list_unused(Transaction& tx,
                                                                const ListUnusedGrants& request,
                                                                const PageStart& after,
                                                                std::int64_t limit) {
  if (request.since && *request.since > clock_.now())
    return tl::unexpected(Error{.code = Errc::invalid_argument,
                                .message = "One or more fields are invalid",
                                .fields = {{"since", "must not be in the future"}}});
  return tx.grant_last_uses().list_unused({request.subject, request.since}, GrantId{after.id},
                                          limit);
}

Result<std::vector<RoleGrant>> PermissionService::list_of(Transaction& tx,
                                                          const std::string& principal,
                                                          const PageStart& after,
                                                          std::int64_t limit) {
  TRY(tx.roles().find(principal));
  std::vector<RoleGrant> shown;
  for (Grant& grant : TRY(tx.grants().list(principal, after, limit)))
    shown.push_back(shaped<RoleGrant>(std::move(grant)));
  return shown;
}

Result<Decision> PermissionService::check(const Directory::View& view, const Caller& caller,
                                          const CheckPermission& request,
                                          std::span<const GrantId> spent) const {
  const Timestamp now = clock_.now();
  if (view.find_agent(request.agent_id) == nullptr)
    return failure(Errc::not_found, "No such agent");
  Question question = question_of(view, request.permission, now);
  if (request.resource) question.resource = *request.resource;
  question.spent = spent;
  // Who asks about itself is told what it may do through the key it asks by, and from where it
  // asks. From where others come nobody knows here: an allow that wants to know does not match, a
  // deny does.
  if (caller.agent_id == request.agent_id) question.circumstances.address = &caller.address;
  return decide(view, TRY(asked_about(view, caller, request.agent_id, request.kid, now)), question);
}

}  // namespace agentauth

#include "authz/policy_service.h"

#include <set>
#include <utility>

#include "authz/internal/policy_changes.h"

namespace agentauth {
namespace {

using internal::compare;
using internal::EntityLine;
using internal::GrantLine;
using internal::PolicyChanges;
using internal::PolicyKinds;
using internal::PolicyLines;
using internal::TimeBudget;

Result<void> refuse(std::vector<FieldError> errors) {
  if (errors.empty()) return {};
  Error error{Errc::invalid_argument, "The policy is wrong in " + std::to_string(errors.size()) +
                                          (errors.size() == 1 ? " place" : " places")};
  if (errors.size() > PolicyService::errors_max) {
    errors.resize(PolicyService::errors_max);
    error.message += "; the first " + std::to_string(PolicyService::errors_max) + " are named";
  }
  error.fields = std::move(errors);
  return tl::unexpected(std::move(error));
}

// Looks for the agents, roles and groups that a document names.
class NameCheck {
 public:
  // `only_listed`: the kinds of which nothing will be there but what the document lists.
  NameCheck(const PolicyLines& wanted, const PolicyKinds& only_listed)
      : wanted_(wanted), only_listed_(only_listed) {}

  void add(const std::string& principal, const std::string& place) {
    places_.emplace_back(principal, place);
    if (const auto agent = agent_of(principal)) {
      agents_.insert(*agent);
    } else if (policy::is_role_or_group(principal) && !wanted_.roles.contains(principal) &&
               !only_listed_.of_principal(principal)) {
      roles_.insert(principal);
    }
  }
  // One error for each place that names nobody.
  Result<std::vector<FieldError>> find(Transaction& tx) const {
    std::set<std::string> there;
    TRY(tx.agents().each_state_of(
        std::vector(agents_.begin(), agents_.end()),
        [&](const AgentRepository::State& state) { there.insert(subject_of(state.id)); }));
    TRY(tx.roles().each_state_of(
        std::vector(roles_.begin(), roles_.end()),
        [&](const RoleRepository::State& state) { there.insert(state.principal); }));
    std::vector<FieldError> errors;
    for (const auto& [principal, place] : places_)
      if (is_to_be_found(principal) && !there.contains(principal))
        errors.push_back({place, "names " + principal + ", which does not exist"});
    return errors;
  }

 private:
  bool is_to_be_found(const std::string& principal) const {
    if (principal == policy::every_agent) return false;
    if (policy::is_role_or_group(principal)) return !wanted_.roles.contains(principal);
    return principal.starts_with(std::string(policy::agent_type) + ':');
  }

  const PolicyLines& wanted_;
  const PolicyKinds only_listed_;
  std::vector<std::pair<std::string, std::string>> places_;
  std::set<AgentId> agents_;
  std::set<std::string> roles_;
};

Result<void> check_names(Transaction& tx, const PolicyLines& wanted, const PolicyKinds& only_listed,
                         const PolicyChanges& changes, const TimeBudget& time) {
  TRY(time.check());
  NameCheck names(wanted, only_listed);
  for (const GrantLine* line : changes.grants_added) names.add(line->grant.subject, line->place);
  for (const auto& member : changes.members_put)
    names.add(member.line->membership.member, member.line->place);
  for (const EntityLine* line : changes.entities_put)
    if (line->type == policy::agent_type) names.add(line->type + ':' + line->id, line->place);
  TRY(refuse(TRY(names.find(tx))));
  return time.check();
}

// Of what would be written; what is stored and has ended since may stand in a document.
Result<void> check_ends(const PolicyChanges& changes, Timestamp now) {
  std::vector<FieldError> errors;
  const auto check = [&](const std::string& place, const std::optional<Timestamp>& end) {
    if (!lies_ahead(end, now)) errors.push_back({place + ".expires_at", std::string(end_rule)});
  };
  for (const GrantLine* line : changes.grants_added) check(line->place, line->grant.expires_at);
  for (const auto& member : changes.members_put)
    check(member.line->place, member.line->membership.expires_at);
  return refuse(std::move(errors));
}

}  // namespace

Result<PolicyDocument> PolicyService::read(Transaction& tx) {
  const auto kinds = PolicyKinds::all();
  return document_of(TRY(stored_lines(tx, kinds, TimeBudget::unbounded())), kinds);
}

// Nobody else changes anything from what is compared to what is committed: the author has locked
// the changes.
Result<PolicyDiff> PolicyService::apply(Transaction& tx, Author& author,
                                        const PolicyDocument& document, Unlisted unlisted) {
  const TimeBudget time(within_);
  const bool keeps = unlisted == Unlisted::kept;
  std::vector<FieldError> errors;
  PolicyLines wanted = internal::lines_of(document, errors);
  TRY(refuse(std::move(errors)));
  // What a whole document leaves out is not there.
  if (!keeps)
    for (auto& role : wanted.roles) role.second.about = role.second.about.value_or("");
  const PolicyKinds kinds = PolicyKinds::of(document);
  // What is to be kept is not even read: nothing of it is missed.
  const PolicyLines stored = TRY(keeps ? internal::stored_lines_like(tx, wanted, time)
                                       : internal::stored_lines(tx, kinds, time));
  PolicyChanges changes = compare(stored, wanted);
  if (changes.diff.size() > changes_max)
    return failure(Errc::conflict, "That is " + std::to_string(changes.diff.size()) +
                                       " changes; one apply makes at most " +
                                       std::to_string(changes_max));
  TRY(check_names(tx, wanted, keeps ? PolicyKinds{} : kinds, changes, time));
  TRY(check_ends(changes, author.now()));
  changes.diff.changes = TRY(make(changes, tx, author, changes_, time));
  TRY(author.require_administrator_left(tx));
  if (!author.may_read(internal::reading_all) && !changes.diff.removed.empty())
    changes.diff.removed = {std::to_string(changes.diff.removed.size()) + " lines, which " +
                            std::string(internal::reading_all) + " shows"};
  return std::move(changes.diff);
}

}  // namespace agentauth

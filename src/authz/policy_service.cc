#include "authz/policy_service.h"

#include "authz/internal/policy_changes.h"

namespace agentauth {
namespace {

using internal::compare;
using internal::GrantLine;
using internal::MemberLine;
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
  NameCheck(Transaction& tx, const PolicyLines& wanted, const PolicyKinds& only_listed)
      : tx_(tx), wanted_(wanted), only_listed_(only_listed) {}

  Result<void> check(const std::string& principal, const std::string& place) {
    if (!TRY(exists(principal)))
      errors_.push_back({place, "names " + principal + ", which does not exist"});
    return {};
  }
  std::vector<FieldError> take() { return std::move(errors_); }

 private:
  Result<bool> exists(const std::string& principal) {
    const auto known = known_.find(principal);
    if (known != known_.end()) return known->second;
    const bool found = TRY(look(principal));
    known_.emplace(principal, found);
    return found;
  }
  Result<bool> look(const std::string& principal) {
    if (const auto agent = agent_of(principal)) return is_found(tx_.agents().find(*agent));
    if (!policy::is_role_or_group(principal)) return true;
    if (wanted_.roles.contains(principal)) return true;
    if (only_listed_.of_principal(principal)) return false;
    return is_found(tx_.roles().find(principal));
  }
  template <class T>
  static Result<bool> is_found(const Result<T>& found) {
    if (!found && found.error().code != Errc::not_found) return tl::unexpected(found.error());
    return found.has_value();
  }

  Transaction& tx_;
  const PolicyLines& wanted_;
  const PolicyKinds only_listed_;
  std::map<std::string, bool> known_;
  std::vector<FieldError> errors_;
};

Result<void> check_names(Transaction& tx, const PolicyLines& wanted, const PolicyKinds& only_listed,
                         const PolicyChanges& changes, const TimeBudget& time) {
  NameCheck names(tx, wanted, only_listed);
  for (const GrantLine* line : changes.grants_added) {
    TRY(time.check());
    TRY(names.check(line->grant.subject, line->place));
  }
  for (const MemberLine* line : changes.members_put) {
    TRY(time.check());
    TRY(names.check(line->membership.member, line->place));
  }
  return refuse(names.take());
}

// Of what would be written; what is stored and has ended since may stand in a document.
Result<void> check_ends(const PolicyChanges& changes, Timestamp now) {
  std::vector<FieldError> errors;
  const auto check = [&](const std::string& place, const std::optional<Timestamp>& end) {
    if (!lies_ahead(end, now)) errors.push_back({place + ".expires_at", std::string(end_rule)});
  };
  for (const GrantLine* line : changes.grants_added) check(line->place, line->grant.expires_at);
  for (const MemberLine* line : changes.members_put)
    check(line->place, line->membership.expires_at);
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
  const PolicyLines stored = TRY(internal::stored_lines(tx, kinds, time));
  PolicyChanges changes = compare(stored, wanted);
  if (keeps) changes.forget_removals();
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

// Policy as a document: read as a whole, and applied all or nothing.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "authz/audit_targets.h"
#include "authz/policy_document.h"

namespace agentauth {

// What differs, one readable line each, in the order of the document.
struct PolicyDiff {
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<std::string> changed;
  bool applied = false;

  // One for each grant, membership, role, group and entity that is not as it was, for the audit
  // trail: a line of the answer is nobody's history.
  std::vector<AuditedChange> changes = {};

  std::size_t size() const { return added.size() + removed.size() + changed.size(); }

  static constexpr auto fields() {
    return std::array{
        field<&PolicyDiff::added>({.name = "added", .min = 0}),
        field<&PolicyDiff::removed>({.name = "removed", .min = 0}),
        field<&PolicyDiff::changed>({.name = "changed", .min = 0}),
        field<&PolicyDiff::applied>({.name = "applied", .about = "false: it was a dry run"})};
  }
};

class PolicyService {
 public:
  // What the services are for one change at a time.
  struct Changes {
    PermissionService& permissions;
    RoleService& roles;
  };
  // One apply takes at most that long: nobody else writes meanwhile.
  static constexpr std::chrono::milliseconds within_default{3'000};
  explicit PolicyService(const Changes& changes, std::chrono::milliseconds within = within_default)
      : changes_(changes), within_(within) {}

  // Of one document, added, removed and changed together: nobody else writes meanwhile.
  static constexpr std::size_t changes_max = 10'000;
  static constexpr std::size_t errors_max = 100;

  // All of it; REQUIRES: a snapshot, or a write. Errors: conflict when it is too much.
  Result<PolicyDocument> read(Transaction& tx);

  // Makes what is stored equal to the document, for the kinds of things that it names; or only adds
  // and changes, and keeps what it does not list. The author must be allowed each change as if it
  // made it alone. What goes without being listed is named only to an author who may read it.
  enum class Unlisted : bool { removed, kept };
  // Errors: invalid_argument with every place that is wrong; permission_denied with the first one;
  // conflict: a cycle, too many changes, or no administrator would be left; unavailable: it took
  // too long.
  Result<PolicyDiff> apply(Transaction& tx, Author& author, const PolicyDocument& document,
                           Unlisted unlisted = Unlisted::removed);

 private:
  const Changes changes_;
  const std::chrono::milliseconds within_;
};

}  // namespace agentauth

#include "authz/internal/administrators.h"

#include <set>
#include <string>
#include <vector>

#include "authz/decision.h"
#include "policy/names.h"
#include "store/holders.h"

namespace agentauth::internal {
namespace {

bool gives_all(const Grant& grant, Timestamp now) {
  return grant.decides() == Effect::allow && !grant.resource && !grant.when && !grant.max_uses &&
         (!grant.not_before || *grant.not_before <= now) &&
         (!grant.expires_at || *grant.expires_at > now);
}

bool takes_some(const Grant& grant) {
  // What cannot be read forbids everything.
  return grant.decides() == Effect::deny &&
         (grant.permission == "*" || grant.permission.starts_with("agentauth:") ||
          !is_permission(grant.permission));
}

bool has_ended(const Membership& membership, Timestamp now) {
  return membership.expires_at && *membership.expires_at <= now;
}

class Search {
 public:
  Search(Transaction& tx, Timestamp now) : tx_(tx), now_(now) {}

  // Whether the subject is an administrator, or one is among its members.
  Result<bool> finds(const std::string& subject) {
    if (!seen_.insert(subject).second) return false;
    if (const auto agent = agent_of(subject)) return is_administrator(*agent);
    if (!policy::is_role_or_group(subject)) return false;
    const Role role = TRY(tx_.roles().find(subject));
    for (PageStart after;;) {
      const auto members = TRY(tx_.roles().list_members(role.id, after, page));
      for (const Membership& member : members)
        if (!has_ended(member, now_) && TRY(finds(member.member))) return true;
      if (static_cast<std::int64_t>(members.size()) < page) return false;
      after = {members.back().created_at, members.back().id.uuid};
    }
  }

 private:
  static constexpr std::int64_t page = 1000;

  Result<bool> is_administrator(AgentId id) {
    const auto agent = tx_.agents().find(id);
    if (!agent || agent->status != AgentStatus::active) return false;
    std::vector<std::string> level{std::string(policy::every_agent), subject_of(id)};
    std::set<std::string> seen;
    while (!level.empty()) {
      const std::string subject = std::move(level.back());
      level.pop_back();
      if (!seen.insert(subject).second) continue;
      if (TRY(is_denied(subject))) return false;
      for (Membership& above : TRY(tx_.roles().list_of_member(subject, {}, page)))
        if (!has_ended(above, now_)) level.push_back(std::move(above.of));
    }
    return true;
  }

  Result<bool> is_denied(const std::string& subject) {
    bool denied = false;
    TRY(tx_.grants().each_rule_of(
        subject, [&](const Grant& grant) { denied = denied || takes_some(grant); }));
    return denied;
  }

  Transaction& tx_;
  const Timestamp now_;
  std::set<std::string> seen_;
};

}  // namespace

Result<bool> has_administrator(Transaction& tx, Timestamp now) {
  Search search(tx, now);
  for (const std::string_view permission : {administrator_permission, std::string_view("*")})
    for (const Grant& grant : TRY(find_holders(tx.session(), std::string(permission))))
      if (gives_all(grant, now) && TRY(search.finds(grant.subject))) return true;
  return false;
}

}  // namespace agentauth::internal

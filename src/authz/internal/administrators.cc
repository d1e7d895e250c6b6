#include "authz/internal/administrators.h"

#include <set>
#include <string>
#include <vector>

#include "authz/authority.h"
#include "directory/news.h"
#include "policy/names.h"
#include "store/holders.h"

namespace agentauth::internal {
namespace {

class Search {
 public:
  Search(Directory& directory, Transaction& tx, News news, Timestamp now)
      : directory_(directory),
        tx_(tx),
        news_(std::move(news)),
        view_(directory, &news_),
        now_(now) {}

  Result<bool> is_found(AgentId id) {
    if (!agents_.insert(id).second) return false;
    const auto agent = TRY(directory_.read_agent(tx_, id));
    if (!agent) return false;
    TRY(news_.gather(tx_, view_, *agent));
    return is_administrator(view_, Actor(*agent), now_);
  }

  // Whether the subject is one, or one is among its members.
  Result<bool> is_found(const std::string& subject) {
    if (const auto agent = agent_of(subject)) return is_found(*agent);
    if (!policy::is_role_or_group(subject) || !principals_.insert(subject).second) return false;
    const Role role = TRY(tx_.roles().find(subject));
    for (PageStart after;;) {
      const auto members = TRY(tx_.roles().list_members(role.id, after, page));
      for (const Membership& member : members)
        if (TRY(is_found(member.member))) return true;
      if (static_cast<std::int64_t>(members.size()) < page) return false;
      after = {members.back().created_at, members.back().id.uuid};
    }
  }

 private:
  static constexpr std::int64_t page = 1000;

  Directory& directory_;
  Transaction& tx_;
  News news_;
  const Directory::View view_;
  const Timestamp now_;
  std::set<AgentId> agents_;
  std::set<std::string> principals_;
};

}  // namespace

Result<bool> has_administrator(Directory& directory, Transaction& tx, AgentId first,
                               Timestamp now) {
  Search search(directory, tx, TRY(News::read(directory, tx, TRY(tx.changes().revision()))), now);
  if (TRY(search.is_found(first))) return true;
  for (const std::string_view permission : {administrator_permission, std::string_view("*")})
    for (const Grant& grant : TRY(find_holders(tx.session(), std::string(permission))))
      if (grant.decides() == Effect::allow && TRY(search.is_found(grant.subject))) return true;
  return false;
}

}  // namespace agentauth::internal

#include "directory/news.h"

#include <algorithm>
#include <vector>

#include "policy/names.h"

namespace agentauth {

Result<News> News::read(Directory& directory, Transaction& tx, Revision latest) {
  News news(directory);
  Revision known = directory.revision();
  news.reads_everything_ = known > latest || latest - known > changes_max;
  while (known != latest && !news.reads_everything_) {
    const auto changes = TRY(tx.changes().after(known, changes_a_page));
    news.reads_everything_ = changes.empty();
    for (const Change& change : changes) {
      // Cut off, or left out by a restore: what was changed there nobody can tell.
      if (change.revision != ++known) news.reads_everything_ = true;
      news.note(change);
    }
  }
  return news;
}

void News::note(const Change& change) {
  if (change.family) return;
  switch (change.kind) {
    case ChangeKind::status:
    case ChangeKind::setting:
    case ChangeKind::signing_key:
      return;
    default:
      break;
  }
  if (change.name.empty()) {
    agents_.insert(change.agent_id);
  } else {
    (change.kind == ChangeKind::entity ? entities_ : principals_).insert(change.name);
  }
}

Result<void> News::gather(Transaction& tx, const Directory::View& view,
                          const Directory::Committed& agent) {
  if (are_none()) return {};
  TRY(read_properties(tx, subject_of(agent.record.id)));
  TRY(gather(tx, view, std::string(policy::every_agent)));
  return gather_above(tx, view, agent.policy.get());
}

Result<void> News::gather(Transaction& tx, const Directory::View& view, AgentId agent) {
  if (are_none()) return {};
  TRY(read_properties(tx, subject_of(agent)));
  TRY(gather(tx, view, std::string(policy::every_agent)));
  return gather_above(tx, view, view.find_policy(agent));
}

Result<void> News::gather(Transaction& tx, const Directory::View& view,
                          const std::string& principal) {
  if (are_none()) return {};
  TRY(read_policy(tx, principal));
  return gather_above(tx, view, view.find_policy(principal));
}

// Wherever memberships lead: what is not new may belong to something that is.
Result<void> News::gather_above(Transaction& tx, const Directory::View& view,
                                const SubjectPolicy* policy) {
  std::vector<const SubjectPolicy*> found;
  if (policy != nullptr) found.push_back(policy);
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const MembershipRule& membership : found[i]->memberships()) {
      TRY(read_policy(tx, membership.of));
      const SubjectPolicy* above = view.find_policy(membership);
      if (above != nullptr && std::find(found.begin(), found.end(), above) == found.end())
        found.push_back(above);
    }
  }
  return {};
}

Result<void> News::read_policy(Transaction& tx, const std::string& principal) {
  if (!reads_everything_ && !principals_.contains(principal)) return {};
  if (policies_.contains(principal)) return {};
  policies_[principal] = TRY(directory_->read_policy(tx, principal));
  return {};
}

Result<void> News::read_properties(Transaction& tx, const std::string& entity) {
  if (!reads_everything_ && !entities_.contains(entity)) return {};
  if (properties_.contains(entity)) return {};
  const auto name = policy::parse_entity(entity);
  const auto state =
      name ? TRY(tx.entities().find(std::string(name->type), std::string(name->id))) : std::nullopt;
  auto& place = properties_[entity];
  if (state)
    if (auto properties = policy::Properties::parse(state->properties))
      place.emplace(*std::move(properties));
  return {};
}

}  // namespace agentauth

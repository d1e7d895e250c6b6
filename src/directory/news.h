// What a transaction knows and the directory does not yet: what other nodes have committed, and
// what was changed before it in the same batch.
//
//   const Revision latest = TRY(tx.changes().lock());
//   News news = TRY(News::read(directory, tx, latest));
//   const Directory::View view(directory, &news);
//   TRY(news.gather(tx, view, agent));  // from here on `view` is right about that agent
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "directory/directory.h"
#include "policy/properties.h"

namespace agentauth {

class News {
 public:
  // REQUIRES: the transaction has locked the changes, and `latest` is the last of them. Views with
  // these news are made after that.
  static Result<News> read(Directory& directory, Transaction& tx, Revision latest);

  // Reads again whatever is new of what decisions about somebody look at: an agent's attributes,
  // the grants of every agent, and all roles and groups that its memberships lead to.
  Result<void> gather(Transaction& tx, const Directory::View& view,
                      const Directory::Committed& agent);
  // The same of an agent that there are no news of, and of a role or group.
  Result<void> gather(Transaction& tx, const Directory::View& view, AgentId agent);
  Result<void> gather(Transaction& tx, const Directory::View& view, const std::string& principal);

  // Whether there may be any of the agent itself, beside its status.
  bool is_about(AgentId agent) const { return reads_everything_ || agents_.contains(agent); }

  // What takes the place of the directory's, if something does: nullptr means that there is none.
  const std::unique_ptr<const SubjectPolicy>* find_policy(std::string_view principal) const {
    return find(policies_, principal);
  }
  const std::optional<policy::Properties>* find_properties(std::string_view entity) const {
    return find(properties_, entity);
  }

 private:
  // Further behind than this, looking for each thing is quicker than reading what has changed.
  static constexpr Revision changes_max = 20'000;
  static constexpr std::int64_t changes_a_page = 1000;

  explicit News(Directory& directory) : directory_(&directory) {}

  template <class T>
  static const T* find(const std::map<std::string, T, std::less<>>& map, std::string_view name) {
    const auto found = map.find(name);
    return found == map.end() ? nullptr : &found->second;
  }

  void note(const Change& change);
  bool are_none() const { return !reads_everything_ && principals_.empty() && entities_.empty(); }
  Result<void> read_policy(Transaction& tx, const std::string& principal);
  Result<void> read_properties(Transaction& tx, const std::string& entity);
  Result<void> gather_above(Transaction& tx, const Directory::View& view,
                            const SubjectPolicy* policy);

  Directory* directory_;
  bool reads_everything_ = false;  // the log does not say what has changed
  std::set<AgentId> agents_;
  std::set<std::string> principals_;
  std::set<std::string> entities_;
  // What was read of them.
  std::map<std::string, std::unique_ptr<const SubjectPolicy>, std::less<>> policies_;
  std::map<std::string, std::optional<policy::Properties>, std::less<>> properties_;
};

}  // namespace agentauth

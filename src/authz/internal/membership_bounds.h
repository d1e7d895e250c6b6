// Whether memberships that are only thought of would be over the bounds of RoleService, by what the
// directory knows.
//
// Costs a look at every role and group; once a role or group is to become a member and there are
// enough of them, one at every other principal and agent, as a page of a search does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "directory/directory.h"

namespace agentauth::internal {

class MembershipBounds {
 public:
  using Sources = std::map<std::string, SubjectPolicy::Source>;
  struct Added {
    std::string_view member;
    std::string_view of;
  };
  struct Refusal {
    std::size_t index;  // of what was added
    std::string rule;
  };

  // `changed` says what those are a member of about whom the view is not to be asked. What has
  // ended by `now` does not count. Lasts no longer than the view, `changed`, and the texts of what
  // is added.
  MembershipBounds(const Directory::View& view, const Sources& changed, Timestamp now);

  // The first that would be refused if they were added one after the other; once per object.
  // REQUIRES: none makes a cycle; each role or group, and what is to become a member of it, is
  // there; none was there and lasted.
  std::optional<Refusal> first_refused(std::span<const Added> added);

 private:
  using Node = std::uint32_t;
  using Nodes = std::vector<Node>;
  struct Place {
    RoleId role_id{};  // all zeros: no role or group, and nobody is below it
    Nodes above;
    Nodes below;  // roles and groups alone
  };
  struct Edge {
    Node member;
    Node of;
  };
  struct Key {
    std::string_view name;
    std::uint64_t hash;
    bool operator==(const Key& other) const { return name == other.name; }
  };
  struct Hash {
    std::size_t operator()(const Key& key) const { return key.hash; }
  };

  bool is_role(Node node) const { return places_[node].role_id != RoleId{}; }
  Node add_node(std::string_view name, RoleId role_id);
  Node node_of(std::string_view name);
  void read_memberships(Node node, std::span<const MembershipRule> memberships);
  std::optional<Node> find_role(const MembershipRule& membership) const;
  void connect(const Edge& edge);
  void disconnect(const Edge& edge);

  void find_doubtful(std::span<const Edge> added);
  void note_if_doubtful(const SubjectPolicy* policy);
  std::optional<std::string> rule_broken_by(const Edge& edge);
  std::int64_t levels(Node from, Nodes Place::*next);
  bool reaches_too_far(const Edge& edge);
  void mark_below(std::span<const Node> from);
  bool may_reach_too_far(std::span<const Node> direct);
  std::int64_t count_reached(std::span<const Node> from);
  std::int64_t size_of(Node role);
  void walk(std::span<const Node> from, Nodes Place::*next, std::int64_t most);

  const Directory::View& view_;
  const Timestamp now_;
  std::vector<Place> places_;
  std::size_t role_count_ = 0;
  std::unordered_map<Key, Node, Hash> nodes_;
  // What those are a member of who may be in too many once all is added: nobody else is.
  std::vector<Nodes> doubtful_;  // of the directory, as they are there
  std::size_t doubtful_enough_ = 0;
  Nodes doubtful_nodes_;             // roles, groups, and who is changed
  std::vector<bool> marked_;         // within what is looked at now
  std::vector<std::int64_t> sizes_;  // of what each leads to, itself too; 0: not known
  // Of the last walk, and of all of them.
  Nodes reached_;
  std::vector<std::uint32_t> seen_;
  std::uint32_t walk_count_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace agentauth::internal

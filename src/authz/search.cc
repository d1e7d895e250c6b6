#include "authz/search.h"

#include <algorithm>

#include "policy/names.h"

namespace agentauth {
namespace {

// The first names of a stretch, whatever order they come in. Holds twice as many at most.
class First {
 public:
  explicit First(const Stretch& stretch) : stretch_(stretch) {}

  void add(std::string_view name) {
    if (name <= stretch_.after || (is_full_ && name >= names_[stretch_.size - 1])) return;
    names_.emplace_back(name);
    if (names_.size() >= 2 * stretch_.size) cut();
  }
  std::vector<std::string> take() {
    cut();
    return std::move(names_);
  }

 private:
  void cut() {
    std::sort(names_.begin(), names_.end());
    names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
    is_full_ = names_.size() >= stretch_.size && stretch_.size > 0;
    if (is_full_) names_.resize(stretch_.size);
  }

  const Stretch stretch_;
  std::vector<std::string> names_;  // the first ones in order, once there are enough of them
  bool is_full_ = false;
};

// Adds the id of a name of that type.
class OfType {
 public:
  OfType(std::string_view type, First& first) : prefix_(std::string(type) + ":"), first_(first) {}
  void operator()(std::string_view name) const {
    if (name.starts_with(prefix_)) first_.add(name.substr(prefix_.size()));
  }

 private:
  const std::string prefix_;
  First& first_;
};

template <class Add>
void add_resources(const SubjectPolicy* policy, const Add& add) {
  if (policy == nullptr) return;
  for (const GrantRule& rule : policy->rules())
    if (rule.resource_kind == policy::ResourcePattern::Kind::exact) add(rule.resource);
}

}  // namespace

std::vector<std::string> known_subjects(const Directory::View& view, std::string_view type,
                                        const Stretch& stretch) {
  First first(stretch);
  if (type == policy::agent_type) {
    view.each_agent([&](const AgentRecord& agent) { first.add(agent.id.to_string()); });
  } else {
    const OfType add(type, first);
    view.each_principal([&](const SubjectPolicy& policy) { add(policy.name()); });
  }
  return first.take();
}

std::vector<std::string> known_resources(const Directory::View& view, std::string_view type,
                                         const Stretch& stretch) {
  First first(stretch);
  const OfType add(type, first);
  view.each_entity([&](std::string_view name) { add(name); });
  view.each_principal([&](const SubjectPolicy& policy) { add_resources(&policy, add); });
  view.each_agent([&](const AgentRecord& agent) { add_resources(agent.policy, add); });
  return first.take();
}

std::vector<std::string> known_actions(const Directory::View& view, const Stretch& stretch) {
  First first(stretch);
  view.names().each([&](std::string_view name) {
    if (is_concrete_permission(name)) first.add(name);
  });
  return first.take();
}

}  // namespace agentauth

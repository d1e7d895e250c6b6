// Policies in place of those that the directory holds: to decide as if something were changed.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "directory/subject_policy.h"

namespace agentauth {

class PolicyOverlay {
 public:
  // nullptr: nothing is granted to that one any more.
  void put(const std::string& name, std::unique_ptr<const SubjectPolicy> policy) {
    policies_[name] = std::move(policy);
  }
  // What takes the place of `known`, which the directory holds under that name.
  const SubjectPolicy* find(std::string_view name, const SubjectPolicy* known) const {
    const auto found = policies_.find(name);
    return found == policies_.end() ? known : found->second.get();
  }

 private:
  std::map<std::string, std::unique_ptr<const SubjectPolicy>, std::less<>> policies_;
};

}  // namespace agentauth

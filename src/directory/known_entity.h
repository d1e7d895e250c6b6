// What the directory knows of agents and other entities beside what they may do: for conditions,
// and for whoever is told who called.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "directory/subject_policy.h"
#include "model/agent.h"
#include "policy/properties.h"

namespace agentauth {

// An agent's name, owner and labels; one block of text, because there may be a million.
class AgentProfile {
 public:
  AgentProfile(std::string_view name, std::string_view owner,
               std::unique_ptr<const policy::Properties> labels)
      : text_(std::string(name).append(owner)),
        name_size_(name.size()),
        labels_(std::move(labels)) {
    text_.shrink_to_fit();
  }

  std::string_view name() const { return std::string_view(text_).substr(0, name_size_); }
  std::string_view owner() const { return std::string_view(text_).substr(name_size_); }
  // nullptr: none.
  const JsonValue* labels() const { return labels_ ? &labels_->value() : nullptr; }

 private:
  std::string text_;
  std::size_t name_size_;
  std::unique_ptr<const policy::Properties> labels_;
};

struct ProfileRecord {
  AgentId id{};
  const AgentProfile* profile = nullptr;  // the directory owns it

  bool matches(const AgentId& key) const { return id == key; }
  std::uint64_t hash() const { return id.uuid.hash(); }
};

// The stored attributes of one entity.
struct KnownEntity {
  std::string name;  // type:id
  policy::Properties properties;
};

struct EntityRecord {
  std::uint64_t hash_value = 0;
  const KnownEntity* entity = nullptr;  // the directory owns it

  bool matches(std::string_view key) const { return entity->name == key; }
  std::uint64_t hash() const { return hash_value; }
};

}  // namespace agentauth

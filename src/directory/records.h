// What the directory keeps of an agent and of a key: one cache line each.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/network.h"
#include "directory/milliseconds.h"
#include "directory/names.h"
#include "model/api_key.h"
#include "model/token_family.h"

namespace agentauth {

// More grants than fit into the agent's own cache line: a flat hash set.
class GrantSet {
 public:
  explicit GrantSet(std::span<const NameId> grants);
  bool contains(NameId id) const;
  std::span<const NameId> all() const { return grants_; }

 private:
  std::vector<NameId> grants_;
  std::vector<NameId> slots_;  // id + 1; 0 is empty
};

class SubjectPolicy;

struct AgentRecord {
  static constexpr std::size_t inline_max = 8;
  // The first grant_count of them; the others are no_name.
  using Inline = std::array<NameId, inline_max>;
  static constexpr Inline none = [] {
    Inline grants;
    grants.fill(no_name);
    return grants;
  }();
  // Services grant no more. Were there more all the same, the set would have all of them.
  static constexpr std::size_t grants_max = 0xFFFF;

  AgentId id{};
  std::uint16_t grant_count = 0;  // at most grants_max
  AgentStatus status = AgentStatus::suspended;
  std::uint32_t token_generation = 0;     // of the tokens that stand
  const SubjectPolicy* policy = nullptr;  // to decide by as well, if any; the directory owns it
  union {
    Inline grants = none;
    const GrantSet* many;  // when grant_count > inline_max; the directory owns it
  };

  bool matches(const AgentId& key) const { return id == key; }
  std::uint64_t hash() const { return id.uuid.hash(); }

  // Takes the place of all it held. Returns what `many` then is.
  std::unique_ptr<const GrantSet> take(std::span<const NameId> held_from_now);

  std::span<const NameId> held() const {
    if (grant_count > inline_max) return many->all();
    return {grants.data(), grant_count};
  }
  bool holds_any_of(const Requirement& requirement) const {
    return find_any_of(requirement) != no_name;
  }
  // Which of them it holds: the first one, which is the permission itself before any pattern.
  NameId find_any_of(const Requirement& requirement) const {
    for (std::size_t i = 0; i < requirement.count; ++i)
      if (holds(requirement.ids[i])) return requirement.ids[i];
    return no_name;
  }

 private:
  bool holds(NameId name) const {
    if (grant_count > inline_max) return many->contains(name);
    return contains(grants, name);
  }
  // All of them are compared together, without a branch for each.
  static bool contains(const Inline& names, NameId name) {
    using Four [[gnu::vector_size(4 * sizeof(NameId))]] = NameId;
    static_assert(sizeof(Inline) == 2 * sizeof(Four));
    Four first;
    Four second;
    std::memcpy(&first, names.data(), sizeof first);
    std::memcpy(&second, names.data() + 4, sizeof second);
    const auto same =
        std::bit_cast<std::array<std::uint64_t, 2>>((first == name) | (second == name));
    return (same[0] | same[1]) != 0;
  }
};
static_assert(sizeof(AgentRecord) == 64);

struct KeyRecord {
  Kid kid{};
  std::uint32_t generation = 0;
  KeyTagBytes tag{};
  AgentId agent_id{};
  std::int64_t expires_at_ms = never_ms;
  bool revoked = true;
  bool used = false;
  bool limited = false;  // there are KeyLimits: without them it may not be used

  bool operator==(const KeyRecord&) const = default;
  bool matches(std::string_view key) const {
    return std::memcmp(kid.data(), key.data(), kid.size()) == 0;
  }
  std::uint64_t hash() const { return hash_of(text_of(kid)); }
  // `kid` has key_kid_length random characters.
  static std::uint64_t hash_of(std::string_view kid) {
    std::uint64_t word;
    std::uint32_t rest;
    std::memcpy(&word, kid.data(), sizeof word);
    std::memcpy(&rest, kid.data() + sizeof word, sizeof rest);
    std::uint64_t mixed = (word ^ (std::uint64_t{rest} << 32)) * 0x9E3779B97F4A7C15ULL;
    return mixed ^ (mixed >> 29);
  }
  bool usable_at(Timestamp now) const {
    return !revoked && now.time_since_epoch().count() < expires_at_ms;
  }
};
static_assert(sizeof(KeyRecord) == 64);

// A family of tokens that was revoked: the others are not known here.
struct FamilyRecord {
  FamilyId id{};
  std::int64_t revoked_at_ms = 0;

  bool matches(const FamilyId& key) const { return id == key; }
  std::uint64_t hash() const { return id.uuid.hash(); }
};

// What few keys have beside their record. Never changes: a key's constraints are those it was made
// with.
class KeyLimits {
 public:
  struct Source {
    std::int64_t not_before_ms = always_ms;
    std::optional<std::vector<Network>> networks;
    std::optional<std::vector<NameId>> permissions;
  };
  explicit KeyLimits(Source source) : source_(std::move(source)) {}

  bool admits(Timestamp now, const IpAddress& from) const;
  bool holds_any_of(const Requirement& requirement) const;
  bool begins_after(Timestamp now) const {
    return now.time_since_epoch().count() < source_.not_before_ms;
  }
  // Whether the key is worth less than its agent, beside the time.
  bool narrows() const { return source_.permissions || source_.networks; }
  bool narrows_permissions() const { return source_.permissions.has_value(); }

 private:
  const Source source_;
};

struct KeyLimitsRecord {
  Kid kid{};
  const KeyLimits* limits = nullptr;  // the directory owns it

  bool matches(std::string_view key) const { return text_of(kid) == key; }
  std::uint64_t hash() const { return KeyRecord::hash_of(text_of(kid)); }
};

}  // namespace agentauth

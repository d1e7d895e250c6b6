// Which grants allow what is done: noted by every call that is let through, and written down from
// time to time. What nobody uses can be taken away.
#pragma once

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <vector>

#include "authz/decision.h"
#include "base/latest_uses.h"

namespace agentauth {

// A use of an hour is noted once; noting it again costs a look at four bytes. Those are bounded, so
// one that other uses have taken the place of is noted again, which changes nothing. Safe to use
// from any thread.
class GrantUses {
 public:
  GrantUses();

  // Of a grant with terms or to others than agents.
  void note_grant(const GrantId& grant, Timestamp now) { note({grant.uuid, no_name, now}); }
  // Of a plain permission. (One that is taken away and given again counts from the next hour on, if
  // it was used before in this one.)
  void note_permission(const AgentId& holder, NameId permission, Timestamp now) {
    note({holder.uuid, permission, now});
  }

  // Of whoever is about to be asked for: what a note will look at is on its way meanwhile.
  void expect(const AgentId& holder) const { __builtin_prefetch(&lines_[line_of(holder.uuid)]); }

  struct Use {
    Uuid id{};  // of the grant, or the holder of the permission
    NameId permission = no_name;
    Timestamp at{};

    bool operator==(const Use&) const = default;
  };
  // All that were noted, and forgets them.
  std::vector<Use> take() { return latest_.take(); }
  // What was taken and could not be written down.
  void put_back(const Use& use);

 private:
  struct OfGrants {
    static std::uint64_t hash(const Use& use) {
      return (use.id.hash() ^ ((use.permission + 1) * golden)) * golden;
    }
    static bool same(const Use& a, const Use& b) {
      return a.id == b.id && a.permission == b.permission;
    }
    static bool is_none(const Use& use) { return use.at == Timestamp{}; }
  };
  struct Freed {
    void operator()(void* memory) const { std::free(memory); }
  };
  static constexpr std::uint64_t golden = 0x9E3779B97F4A7C15ULL;
  // All of one agent's are in one line of the cache.
  using Line = std::array<std::uint32_t, 16>;
  static constexpr std::size_t line_bits = 17;
  static constexpr std::size_t lines = std::size_t{1} << line_bits;  // 8 MiB

  void note(const Use& use) {
    const std::uint32_t mark = mark_of(use);
    const auto noted = place_of(use);
    if (noted.load(std::memory_order_relaxed) == mark) return;
    noted.store(mark, std::memory_order_relaxed);
    put_back(use);
  }
  // Of a thing in its hour; of two that share a place, alike once in 2^31 times.
  static std::uint32_t mark_of(const Use& use) {
    const auto hour = static_cast<std::uint64_t>(use.at.time_since_epoch() / grant_use_unit);
    return static_cast<std::uint32_t>(OfGrants::hash(use) ^ (hour * golden)) | 1U;
  }
  static std::size_t line_of(const Uuid& id) { return (id.hash() * golden) >> (64 - line_bits); }
  std::atomic_ref<std::uint32_t> place_of(const Use& use) const {
    // Of other bits than the line and the mark are.
    const std::size_t in_line = (OfGrants::hash(use) >> 36) % std::tuple_size_v<Line>;
    return std::atomic_ref(lines_[line_of(use.id)][in_line]);
  }

  // By hash: what was noted last. From calloc: pages that were never written take no memory.
  std::unique_ptr<void, Freed> memory_;
  Line* lines_;  // in it
  LatestUses<Use, OfGrants> latest_;
};

// Of what `decision` lets be done. `about`: the agent whom it is about, if it is one.
inline void note_use(GrantUses& uses, const Decision& decision, const AgentId* about,
                     Timestamp now) {
  if (!decision.allowed()) return;
  if (decision.rule != nullptr) return uses.note_grant(decision.rule->id, now);
  if (decision.held != no_name && about != nullptr)
    uses.note_permission(*about, decision.held, now);
}

}  // namespace agentauth

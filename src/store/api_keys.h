// The table of API keys. The bcrypt hash leaves it by one door: find_hash.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/api_key.h"
#include "store/agents.h"
#include "store/session.h"

namespace agentauth {

// Whether somebody is to be told some time before a key ends.
enum class ExpiryNotice : std::uint8_t { due, none };

class ApiKeyRepository {
 public:
  explicit ApiKeyRepository(Session& session) : session_(session) {}

  struct NewKey {
    AgentId agent_id;
    std::string kid;
    std::string hash;
    KeyTagBytes tag;
    std::string name;
    std::optional<Timestamp> expires_at;
    KeyConstraints constraints{};
    ExpiryNotice notice = ExpiryNotice::due;
    std::optional<Timestamp> renewable_until{};
  };
  // Errors: conflict when the agent is gone or the kid taken.
  Result<ApiKey> insert(const NewKey& key);
  // Errors: not_found, also for a key of another agent.
  Result<ApiKey> find(AgentId agent, KeyId key);
  Result<std::vector<ApiKey>> list(AgentId agent, const PageStart& after, std::int64_t limit);
  // Neither revoked nor expired.
  Result<std::int64_t> count_usable(AgentId agent, Timestamp now);
  // Keeps the first time when it was revoked before.
  Result<ApiKey> revoke(AgentId agent, KeyId key, Timestamp now);

  // The key ends at `at`, unless it ends before, and no notice of it is due. Errors: not_found,
  // also when it has ended by `now`.
  Result<ApiKey> end_at(AgentId agent, KeyId key, Timestamp at, Timestamp now);
  // A new key is in its place. False when there was one already.
  Result<bool> mark_rotated(AgentId agent, KeyId key, Timestamp now);
  Result<bool> was_rotated(AgentId agent, KeyId key);
  // No key in its place ends later; nothing: it is renewed for ever. Errors: not_found.
  Result<std::optional<Timestamp>> find_renewable_until(AgentId agent, KeyId key);
  // Never later than it was before. Errors: not_found.
  Result<void> limit_renewal(AgentId agent, KeyId key, Timestamp until);
  // Errors: not_found.
  Result<ApiKey> find_by_kid(AgentId agent, std::string_view kid);

  // Keys that end after `now` and by `until` and of which no notice was given, soonest first.
  Result<bool> is_notice_due(Timestamp now, Timestamp until);
  // Gives it of at most `limit` of them. Of any number of callers one is told of each key.
  Result<std::vector<ApiKey>> give_notice(Timestamp now, Timestamp until, std::int64_t limit);
  // Keys of which it was given and that end by `until`; counts no further than `most`.
  Result<std::int64_t> count_ending(Timestamp now, Timestamp until, std::int64_t most);

  // The stored bcrypt hash. Errors: not_found.
  Result<std::string> find_hash(const std::string& kid);

  // Also of a key that was revoked; nothing: there is no such kid.
  Result<std::optional<KeyState>> find_state(std::string_view kid);
  // What the directory keeps of each key.
  Result<void> each_state(FunctionRef<void(const KeyState&)> visit);
  Result<void> each_state_of(AgentId agent, FunctionRef<void(const KeyState&)> visit);
  // In no order.
  Result<void> each_state_of(std::span<const AgentId> agents,
                             FunctionRef<void(const KeyState&)> visit);

 private:
  Session& session_;
};

}  // namespace agentauth

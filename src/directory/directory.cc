#include "directory/directory.h"

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "directory/internal/profile_of.h"
#include "directory/internal/tables.h"
#include "model/permission.h"

namespace agentauth {
namespace {

constexpr std::int64_t changes_a_round = 1000;
// Further behind than this, reading everything is quicker than reading agents one by one.
constexpr Revision changes_max = 20'000;
constexpr std::int64_t pruned_at_once = 1000;

AgentRecord to_record(const AgentRepository::State& state) {
  AgentRecord record;
  record.id = state.id;
  record.status = state.status;
  record.used = true;
  record.token_generation = static_cast<std::uint32_t>(state.token_generation);
  return record;
}

KeyRecord to_record(const KeyState& state) {
  KeyRecord record;
  if (state.kid.size() != record.kid.size()) return record;
  std::copy(state.kid.begin(), state.kid.end(), record.kid.begin());
  record.generation = static_cast<std::uint32_t>(state.generation);
  record.tag = state.tag;
  record.agent_id = state.agent_id;
  record.expires_at_ms = end_ms(state.expires_at);
  record.revoked = state.revoked;
  record.used = true;
  record.limited = state.constraints.any();
  return record;
}

// A revoked key never comes back, and its answer is that of an unknown one.
bool is_kept(const KeyRecord& record) { return record.used && !record.revoked; }

FamilyRecord to_record(FamilyId id, Timestamp revoked_at) {
  return {.id = id, .revoked_at_ms = revoked_at.time_since_epoch().count(), .used = true};
}

std::string_view kid_of(const KeyRecord& record) { return {record.kid.data(), record.kid.size()}; }

// No memory is an error like any other here: what is published stays, and is not fresh.
template <class F>
Result<void> without_exceptions(F work) {
  try {
    return work();
  } catch (const std::exception& exception) {
    return failure(Errc::internal, "Internal error", exception.what());
  }
}

}  // namespace

Directory::Directory(Database& database, std::chrono::milliseconds max_staleness)
    : database_(database),
      max_staleness_(max_staleness),
      tables_(new Tables),
      fresh_until_(std::chrono::steady_clock::time_point::min().time_since_epoch().count()) {}

Directory::~Directory() { delete tables_.load(); }

Directory::View::View(const Directory& directory, const News* news)
    : pin_(directory.epochs_),
      tables_(directory.tables_.load(std::memory_order_seq_cst)),
      names_(directory.names_),
      news_(news) {}

const AgentRecord* Directory::View::find_agent(const AgentId& id) const {
  return tables_->agents.find(id.uuid.hash(), id);
}

const KeyRecord* Directory::View::find_key(std::string_view kid) const {
  return tables_->keys.find(KeyRecord::hash_of(kid), kid);
}

bool Directory::View::is_revoked(FamilyId family) const {
  return tables_->revoked_families.find(family.uuid.hash(), family) != nullptr;
}

const KeyLimits* Directory::View::find_limits(const KeyRecord& key) const {
  const KeyLimitsRecord* record = tables_->limits.find(key.hash(), text_of(key.kid));
  return record == nullptr ? nullptr : record->limits;
}

bool Directory::View::admits(const KeyRecord& key, Timestamp now, const IpAddress& from) const {
  if (!key.usable_at(now)) return false;
  if (!key.limited) return true;
  const KeyLimits* limits = find_limits(key);
  return limits != nullptr && limits->admits(now, from);
}

Directory::Size Directory::size() const {
  const EpochDomain::Pin pin(epochs_);
  const Tables* tables = tables_.load(std::memory_order_seq_cst);
  return {tables->agents.size(), tables->keys.size(), tables->revoked_families.size()};
}

// What no service can have written grants nothing; the bounds of Requirement and GrantSet rest on
// the grammar.
void Directory::add_grant(std::string_view permission, std::vector<NameId>& grants) {
  if (is_permission(permission)) grants.push_back(names_.intern(permission));
}

void Directory::set_grants(AgentRecord& agent, std::span<const NameId> grants) {
  grants = grants.first(std::min(grants.size(), AgentRecord::grants_max));
  agent.grant_count = static_cast<std::uint16_t>(grants.size());
  if (grants.size() > AgentRecord::inline_max) {
    agent.many = new GrantSet(grants);
  } else {
    agent.grants = {};
    std::copy(grants.begin(), grants.end(), agent.grants.begin());
  }
}

Result<void> Directory::load() {
  {
    const std::lock_guard lock(writer_);
    TRY(without_exceptions([&] { return load_locked(); }));
  }
  return catch_up();
}

Result<void> Directory::load_locked() {
  // The revision first: what is read after it may be newer, and the log repeats it harmlessly.
  const Revision revision =
      TRY(database_.read([](Transaction& tx) { return tx.changes().revision(); }));
  auto tables = TRY(read_tables());
  if (read_signing_keys_) TRY(read_signing_keys_());
  std::unique_ptr<const Tables> old(tables_.exchange(tables.release(), std::memory_order_seq_cst));
  epochs_.retire(std::move(old));
  revision_.store(revision, std::memory_order_release);
  settings_revision_.store(revision, std::memory_order_release);
  agents_forgotten_ = 0;
  return {};
}

Result<std::unique_ptr<Directory::Tables>> Directory::read_tables() {
  auto tables = std::make_unique<Tables>();
  // Snapshots, because they may take minutes where a single read may not. Keys on a thread of their
  // own: at a million agents this is what a start waits for.
  Result<void> keys_read;
  std::jthread keys_thread([&] {
    keys_read = without_exceptions([&] {
      return database_.snapshot([&](Transaction& tx) {
        return tx.keys().each_state([&](const KeyState& state) {
          const KeyRecord record = to_record(state);
          if (!is_kept(record)) return;
          if (record.limited)
            tables->limits.put({record.kid, limits_of(state.constraints).release()}, kid_of(record),
                               nullptr);
          tables->keys.put(record, kid_of(record), nullptr);
        });
      });
    });
  });
  const auto agents_read = database_.snapshot([&](Transaction& tx) -> Result<void> {
    TRY(tx.agents().each_state([&](const AgentRepository::State& state) {
      const AgentRecord record = to_record(state);
      tables->agents.put(record, record.id, nullptr);
      tables->profiles.put({record.id, internal::profile_of(state).release()}, record.id, nullptr);
    }));
    AgentId current{};
    std::vector<NameId> grants;
    const auto store_grants = [&] {
      const AgentRecord* found = tables->agents.find(current.uuid.hash(), current);
      if (found == nullptr || grants.empty()) return;
      AgentRecord record = *found;
      set_grants(record, grants);
      tables->agents.put(record, record.id, nullptr);  // in its own place: needs no memory
    };
    TRY(tx.permissions().each([&](AgentId agent, std::string_view permission) {
      if (agent != current) {
        store_grants();
        grants.clear();
        current = agent;
      }
      add_grant(permission, grants);
    }));
    store_grants();
    TRY(read_policies(tx, *tables));
    return tx.token_families().each_revoked(
        families_since_, [&](FamilyId id, Timestamp revoked_at) {
          tables->revoked_families.put(to_record(id, revoked_at), id, nullptr);
        });
  });
  keys_thread.join();
  TRY(Result<void>(agents_read));
  TRY(Result<void>(keys_read));
  return tables;
}

Result<void> Directory::catch_up(Asked asked) {
  const std::lock_guard lock(writer_);
  bool behind = asked == Asked::after_commit;
  const auto asked_at = std::chrono::steady_clock::now();
  auto done = without_exceptions([&] { return follow(behind); });
  if (!done) {
    // A change is committed that we do not know: no decision until we do.
    if (behind)
      fresh_until_.store(std::chrono::steady_clock::time_point::min().time_since_epoch().count(),
                         std::memory_order_release);
    return done;
  }
  const auto until = asked_at + max_staleness_;
  fresh_until_.store(until.time_since_epoch().count(), std::memory_order_release);
  return {};
}

Result<bool> Directory::prune_log(Revision keep) {
  const Revision until = revision() - keep;
  const auto oldest = TRY(database_.read([](Transaction& tx) { return tx.changes().oldest(); }));
  // Only a whole batch is worth a write.
  if (!oldest || until - *oldest < pruned_at_once) return false;
  TRY(database_.write([&](Transaction& tx) { return tx.changes().prune(until, pruned_at_once); }));
  return until - *oldest >= 2 * pruned_at_once;
}

// Sets `behind` when there is a change that is not applied yet.
Result<void> Directory::follow(bool& behind) {
  for (;;) {
    const Revision known = revision_.load(std::memory_order_relaxed);
    const Revision latest =
        TRY(database_.read([](Transaction& tx) { return tx.changes().revision(); }));
    if (latest == known) return {};
    behind = true;
    const auto changes = TRY(database_.read(
        [&](Transaction& tx) { return tx.changes().after(known, changes_a_round); }));
    // Too far behind, or the log was cut off, or another database was put in place of ours.
    const bool follows = !changes.empty() && changes.front().revision == known + 1;
    if (!follows || latest - known > changes_max) {
      TRY(load_locked());
      continue;
    }
    TRY(apply(changes));
    revision_.store(changes.back().revision, std::memory_order_release);
  }
}

Result<void> Directory::apply(const std::vector<Change>& changes) {
  std::map<AgentId, bool> only_status;
  std::set<std::pair<ChangeKind, std::string>> names;
  bool signing_keys = false;
  for (const Change& change : changes) {
    if (change.family) {
      TRY(reload_family(*change.family));
      continue;
    }
    if (change.kind == ChangeKind::setting) {
      settings_revision_.store(change.revision, std::memory_order_release);
      continue;
    }
    if (change.kind == ChangeKind::signing_key) {
      signing_keys = true;
      continue;
    }
    if (!change.name.empty()) {
      names.emplace(change.kind, change.name);
      continue;
    }
    const bool status = change.kind == ChangeKind::status;
    const auto [entry, is_first] = only_status.emplace(change.agent_id, status);
    if (!is_first) entry->second = entry->second && status;
  }
  for (const auto& [kind, name] : names)
    TRY(kind == ChangeKind::entity ? reload_entity(name) : reload_principal(name));
  for (const auto& [id, status] : only_status) TRY(status ? reload_status(id) : reload_agent(id));
  if (signing_keys && read_signing_keys_) TRY(read_signing_keys_());
  return {};
}

// The kill switch changes many agents at once, and of each the status alone: one question for each,
// not three.
Result<void> Directory::reload_status(AgentId id) {
  const auto state =
      TRY(database_.read([&](Transaction& tx) { return tx.agents().find_state(id); }));
  Tables& tables = *tables_.load(std::memory_order_relaxed);
  const AgentRecord* known = tables.agents.find(id.uuid.hash(), id);
  if (!state || known == nullptr) return reload_agent(id);
  AgentRecord record = *known;  // its grants stay the table's
  record.status = state->status;
  tables.agents.put(record, id, &epochs_);
  return {};
}

Result<std::optional<Directory::Committed>> Directory::read_agent(Transaction& tx, AgentId id) {
  const auto state = TRY(tx.agents().find_state(id));
  if (!state) return std::nullopt;
  std::vector<NameId> grants;
  TRY(tx.permissions().each_of(
      id, [&](std::string_view permission) { add_grant(permission, grants); }));
  Committed agent{to_record(*state), nullptr, TRY(read_policy(tx, subject_of(id))),
                  internal::profile_of(*state)};
  agent.record.has_policy = agent.policy != nullptr;
  set_grants(agent.record, grants);
  agent.many.reset(many_grants(&agent.record));
  return agent;
}

Result<void> Directory::reload_agent(AgentId id) {
  std::optional<Committed> agent;
  std::vector<KeyState> keys;
  TRY(database_.read([&](Transaction& tx) -> Result<void> {
    keys.clear();
    agent = TRY(read_agent(tx, id));
    return tx.keys().each_state_of(id, [&](const KeyState& found) { keys.push_back(found); });
  }));
  if (!agent) {
    forget_agent(id);
    return {};
  }
  put_keys(keys);
  put_agent(*std::move(agent));
  return {};
}

// A family that was revoked never lives again.
Result<void> Directory::reload_family(FamilyId id) {
  const auto state =
      TRY(database_.read([&](Transaction& tx) { return tx.token_families().find(id); }));
  if (!state || !state->revoked_at) return {};
  Tables& tables = *tables_.load(std::memory_order_relaxed);
  tables.revoked_families.put(to_record(id, *state->revoked_at), id, &epochs_);
  return {};
}

void Directory::forget_families(Timestamp revoked_before) {
  const std::lock_guard lock(writer_);
  families_since_ = revoked_before;
  Tables& tables = *tables_.load(std::memory_order_relaxed);
  std::vector<FamilyRecord> old;
  tables.revoked_families.each([&](const FamilyRecord& family) {
    if (family.revoked_at_ms < revoked_before.time_since_epoch().count()) old.push_back(family);
  });
  tables.revoked_families.erase_all(
      old, [](const FamilyRecord& family) { return family.id; }, epochs_);
}

// Most changes of an agent leave most of its keys as they are.
void Directory::put_keys(std::vector<KeyState>& states) {
  Tables& tables = *tables_.load(std::memory_order_relaxed);
  std::vector<KeyRecord> keys;
  for (const KeyState& state : states) {
    const KeyRecord key = to_record(state);
    if (!key.used) continue;
    // Before the key itself: whoever finds the key finds them.
    if (key.limited && is_kept(key)) put_limits(state);
    keys.push_back(key);
  }
  const auto unchanged = [&](const KeyRecord& key) {
    const KeyRecord* known = tables.keys.find(key.hash(), kid_of(key));
    return is_kept(key) ? known != nullptr && *known == key : known == nullptr;
  };
  std::erase_if(keys, unchanged);
  const auto gone = std::partition(keys.begin(), keys.end(), is_kept);
  tables.keys.put_all({keys.begin(), gone}, kid_of, epochs_);
  tables.keys.erase_all({gone, keys.end()}, kid_of, epochs_);
  forget_limits({gone, keys.end()});
}

// What no service can have written lets nothing through.
std::unique_ptr<const KeyLimits> Directory::limits_of(const KeyConstraints& constraints) {
  KeyLimits::Source source;
  source.not_before_ms = begin_ms(constraints.not_before);
  if (constraints.allowed_cidrs) {
    auto& networks = source.networks.emplace();
    for (const std::string& text : *constraints.allowed_cidrs)
      if (const auto network = Network::parse_exact(text)) networks.push_back(*network);
  }
  if (constraints.permissions) {
    auto& permissions = source.permissions.emplace();
    for (const std::string& text : *constraints.permissions) add_grant(text, permissions);
  }
  return std::make_unique<const KeyLimits>(std::move(source));
}

void Directory::put_limits(const KeyState& state) {
  Tables& tables = *tables_.load(std::memory_order_relaxed);
  const KeyRecord key = to_record(state);
  if (tables.limits.find(key.hash(), kid_of(key)) != nullptr) return;  // they never change
  auto limits = limits_of(state.constraints);
  tables.limits.put({key.kid, limits.get()}, kid_of(key), &epochs_);
  (void)limits.release();  // published: the table's from here on
}

void Directory::forget_limits(std::span<const KeyRecord> keys) {
  Tables& tables = *tables_.load(std::memory_order_relaxed);
  for (const KeyRecord& key : keys) {
    const KeyLimitsRecord* record = tables.limits.find(key.hash(), kid_of(key));
    if (record == nullptr) continue;
    std::unique_ptr<const KeyLimits> limits(record->limits);
    tables.limits.erase(key.hash(), kid_of(key), &epochs_);
    epochs_.retire(std::move(limits));
  }
}

const GrantSet* Directory::many_grants(const AgentRecord* agent) {
  return agent != nullptr && agent->grant_count > AgentRecord::inline_max ? agent->many : nullptr;
}

void Directory::forget_agent(AgentId id) {
  Tables& tables = *tables_.load(std::memory_order_relaxed);
  const AgentRecord* before = tables.agents.find(id.uuid.hash(), id);
  if (before == nullptr) return;
  const GrantSet* const old_grants = many_grants(before);
  tables.agents.erase(id.uuid.hash(), id, &epochs_);
  epochs_.retire(std::unique_ptr<const GrantSet>(old_grants));
  tables.agent_policies.erase(id.uuid.hash(), id, epochs_);
  tables.profiles.erase(id.uuid.hash(), id, epochs_);
  const std::string entity = subject_of(id);
  tables.entities.erase(hash_of_name(entity), std::string_view(entity), epochs_);
  ++agents_forgotten_;
  if (agents_forgotten_ > 1000 + tables.agents.size() / 8) forget_keys_without_agent();
}

// Keys of an agent that is gone lead nowhere (their agent is not found) but take room; we do not
// know them by agent, so they are swept together once there are many.
void Directory::forget_keys_without_agent() {
  Tables& tables = *tables_.load(std::memory_order_relaxed);
  std::vector<KeyRecord> orphans;
  tables.keys.each([&](const KeyRecord& key) {
    if (tables.agents.find(key.agent_id.uuid.hash(), key.agent_id) == nullptr)
      orphans.push_back(key);
  });
  tables.keys.erase_all(orphans, kid_of, epochs_);
  forget_limits(orphans);
  agents_forgotten_ = 0;
}

}  // namespace agentauth

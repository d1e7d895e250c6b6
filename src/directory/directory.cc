#include "directory/directory.h"

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "directory/internal/draft.h"
#include "directory/internal/profile_of.h"
#include "model/permission.h"

namespace agentauth {
namespace {

// Further behind than this, reading everything is quicker than reading agents one by one.
constexpr std::size_t followed_max = 20'000;
constexpr std::int64_t pruned_at_once = 1000;
constexpr int loads_max = 3;

AgentRecord to_record(const AgentRepository::State& state) {
  AgentRecord record;
  record.id = state.id;
  record.status = state.status;
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
  return {.id = id, .revoked_at_ms = revoked_at.time_since_epoch().count()};
}

std::string_view kid_of(const KeyRecord& record) { return {record.kid.data(), record.kid.size()}; }

// No memory is an error like any other here: what is published stays, and is not fresh.
template <class F>
std::invoke_result_t<F&> without_exceptions(F work) {
  try {
    return work();
  } catch (const std::exception& exception) {
    return failure(Errc::internal, "Internal error", exception.what());
  }
}

}  // namespace

Directory::Directory(Database& database, std::chrono::milliseconds max_staleness,
                     const NamesMax& names_max)
    : database_(database),
      max_staleness_(max_staleness),
      names_(epochs_, names_max),
      tables_(new Tables),
      fresh_until_(std::chrono::steady_clock::time_point::min().time_since_epoch().count()) {}

Directory::~Directory() { Tables::destroy(tables_.load()); }

const KeyRecord* Directory::View::find_key(std::string_view kid) const {
  return tables_->keys.find(KeyRecord::hash_of(kid), kid);
}

bool Directory::View::is_revoked(FamilyId family) const {
  return tables_->revoked_families.find(family.uuid.hash(), family) != nullptr;
}

const KeyLimits* Directory::View::find_limits(const KeyRecord& key) const {
  return tables_->limits.find(key.hash(), text_of(key.kid));
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
// the grammar. Nor does what there is no room for: nothing keeps the directory from following.
void Directory::add_grant(AgentId holder, std::string_view permission,
                          std::vector<NameId>& grants) {
  if (!is_permission(permission)) return;
  if (const auto name = names_.intern_stored(permission)) return grants.push_back(*name);
  Grant grant;
  grant.subject = subject_of(holder);
  grant.permission = permission;
  note_unreadable(grant, "name");
}

Result<void> Directory::load() {
  {
    const std::lock_guard lock(writer_);
    TRY(without_exceptions([&] { return load_locked(); }));
  }
  return catch_up();
}

Result<void> Directory::load_locked() {
  for (int tries = 0; tries < loads_max; ++tries) {
    auto draft = std::make_unique<Draft>();
    if (!TRY(read_everything(*draft))) continue;
    if (read_signing_keys_) TRY(read_signing_keys_());
    publish(std::move(draft));
    return {};
  }
  return failure(Errc::unavailable, "The database is not available",
                 "it changes faster than all of it can be read");
}

// False: while it was read, more has changed than the log still says.
Result<bool> Directory::read_everything(Draft& draft) {
  // Keys on a thread of their own: at a million agents this is what a start waits for.
  Result<Revision> of_keys = 0;
  std::jthread keys_thread([&] { of_keys = without_exceptions([&] { return read_keys(draft); }); });
  Result<Revision> of_others = without_exceptions([&] { return read_others(draft); });
  keys_thread.join();
  const Revision others_at = TRY(std::move(of_others));
  const Revision keys_at = TRY(std::move(of_keys));
  const Revision first = std::min(others_at, keys_at);
  draft.settings_revision = first;
  draft.revision = first;
  if (others_at == keys_at) return true;
  // Two moments. What was changed between them is read again, to make it one.
  return database_.brief_snapshot(
      [&](Transaction& tx) { return read_changes(tx, first, changes_kept, draft); });
}

// Snapshots, because they may take minutes where a single read may not.
Result<Revision> Directory::read_keys(Draft& draft) {
  return database_.snapshot([&](Transaction& tx) -> Result<Revision> {
    const Revision revision = TRY(tx.changes().revision());
    TRY(tx.keys().each_state([&](const KeyState& state) { put_key(state, draft); }));
    return revision;
  });
}

Result<Revision> Directory::read_others(Draft& draft) {
  return database_.snapshot([&](Transaction& tx) -> Result<Revision> {
    const Revision revision = TRY(tx.changes().revision());
    TRY(read_agents(tx, draft));
    TRY(read_policies(tx, draft));
    TRY(read_entities(tx, draft));
    TRY(tx.token_families().each_revoked(families_since_, [&](FamilyId id, Timestamp revoked_at) {
      draft.put_family(to_record(id, revoked_at));
    }));
    return revision;
  });
}

Result<void> Directory::read_agents(Transaction& tx, Draft& draft) {
  TRY(tx.agents().each_state([&](const AgentRepository::State& state) {
    draft.put_agent({to_record(state), nullptr, nullptr, internal::profile_of(state)});
  }));
  AgentId current{};
  std::vector<NameId> grants;
  const auto put_grants = [&] {
    if (!grants.empty() && draft.holds(current)) draft.put_grants(current, grants);
  };
  TRY(tx.permissions().each([&](AgentId agent, std::string_view permission) {
    if (agent != current) {
      put_grants();
      grants.clear();
      current = agent;
    }
    add_grant(agent, permission, grants);
  }));
  put_grants();
  return {};
}

Result<void> Directory::catch_up(Asked asked) {
  const std::lock_guard lock(writer_);
  bool behind = asked == Asked::after_commit;
  const auto asked_at = std::chrono::steady_clock::now();
  auto done = without_exceptions([&] { return follow(asked, behind); });
  is_lost_.store(!done, std::memory_order_relaxed);
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

Result<void> Directory::catch_up_together() {
  if (is_lost())
    return failure(Errc::unavailable, "The database is not available", "the last poll failed");
  std::unique_lock lock(together_);
  // One that runs already may have read before what the caller asks for was committed.
  const std::uint64_t wanted = together_begun_count_ + 1;
  together_ended_.wait(lock, [&] {
    return together_ended_count_ >= wanted || together_ended_count_ == together_begun_count_;
  });
  if (together_ended_count_ >= wanted) return together_result_;
  ++together_begun_count_;
  lock.unlock();
  auto done = catch_up();
  lock.lock();
  together_ended_count_ = together_begun_count_;
  together_result_ = done;
  together_ended_.notify_all();
  return done;
}

Result<bool> Directory::prune_log(Revision keep) {
  const Revision until = revision() - keep;
  const auto oldest = TRY(database_.read([](Transaction& tx) { return tx.changes().oldest(); }));
  // Only a whole batch is worth a write.
  if (!oldest || until - *oldest < pruned_at_once) return false;
  TRY(database_.write([&](Transaction& tx) { return tx.changes().prune(until, pruned_at_once); }));
  return until - *oldest >= 2 * pruned_at_once;
}

// Sets `behind` when there is a change that is not applied yet. All that has been committed is
// seen in one snapshot and shown at once: nobody sees half of a transaction.
Result<void> Directory::follow(Asked asked, bool& behind) {
  const Revision known = revision_.load(std::memory_order_relaxed);
  if (asked == Asked::by_poll) {
    const auto latest =
        TRY(database_.read([](Transaction& tx) { return tx.changes().revision(); }));
    if (latest == known) return {};
  }
  behind = true;
  auto draft = std::make_unique<Draft>(*tables_.load(std::memory_order_relaxed));
  draft->agents_forgotten = agents_forgotten_;
  const bool follows = TRY(database_.brief_snapshot(
      [&](Transaction& tx) { return read_changes(tx, known, followed_max, *draft); }));
  // Too far behind, or the log was cut off, or another database was put in place of ours.
  if (!follows) return load_locked();
  if (draft->is_about_signing_keys && read_signing_keys_) TRY(read_signing_keys_());
  if (draft->revision != known) publish(std::move(draft));
  return {};
}

Result<bool> Directory::read_changes(Transaction& tx, Revision known, std::size_t changes_max,
                                     Draft& draft) {
  const auto changes = TRY(tx.changes().after(known, static_cast<std::int64_t>(changes_max) + 1));
  draft.revision = changes.empty() ? TRY(tx.changes().revision()) : changes.back().revision;
  const bool is_whole = draft.revision - known == static_cast<Revision>(changes.size());
  if (!is_whole || changes.size() > changes_max) return false;
  TRY(apply(tx, changes, draft));
  draft.sweep_keys();
  return true;
}

// Everything is prepared before: here nothing but memory can be lacking, and then nothing is shown.
void Directory::publish(std::unique_ptr<Draft> draft) {
  using internal::Publication;
  auto retired = draft->is_new ? std::make_unique<Publication>(Publication::Into::shown_tables)
                               : std::move(draft->publication);
  retired->reserve();
  const Tables* const before = tables_.exchange(draft->tables.release(), std::memory_order_seq_cst);
  if (draft->is_new) {
    retired->replaced(before, Tables::destroy);
  } else {
    retired->replaced(before);
  }
  retired->published();
  epochs_.retire(std::unique_ptr<const Publication>(std::move(retired)));
  agents_forgotten_ = draft->agents_forgotten;
  if (draft->settings_revision)
    settings_revision_.store(*draft->settings_revision, std::memory_order_release);
  revision_.store(draft->revision, std::memory_order_release);
}

Result<void> Directory::apply(Transaction& tx, const std::vector<Change>& changes, Draft& draft) {
  std::map<AgentId, bool> only_status;
  std::set<std::string> principals;
  std::set<std::string> entities;
  for (const Change& change : changes) {
    if (change.family) {
      // A family that was revoked never lives again.
      const auto state = TRY(tx.token_families().find(*change.family));
      if (state && state->revoked_at)
        draft.put_family(to_record(*change.family, *state->revoked_at));
    } else if (change.kind == ChangeKind::setting) {
      draft.settings_revision = change.revision;
    } else if (change.kind == ChangeKind::signing_key) {
      draft.is_about_signing_keys = true;
    } else if (!change.name.empty()) {
      (change.kind == ChangeKind::entity ? entities : principals).insert(change.name);
    } else {
      const bool status = change.kind == ChangeKind::status;
      const auto [entry, is_first] = only_status.emplace(change.agent_id, status);
      if (!is_first) entry->second = entry->second && status;
    }
  }
  std::vector<AgentId> statuses;
  std::vector<AgentId> agents;
  for (const auto& [id, status] : only_status) (status ? statuses : agents).push_back(id);
  TRY(reload_principals(tx, std::vector(principals.begin(), principals.end()), draft));
  TRY(reload_entities(tx, std::vector(entities.begin(), entities.end()), draft));
  TRY(reload_statuses(tx, statuses, draft));
  return reload_agents(tx, agents, draft);
}

// The kill switch changes many agents at once, and of each the status alone.
Result<void> Directory::reload_statuses(Transaction& tx, std::span<const AgentId> ids,
                                        Draft& draft) {
  std::set<AgentId> others(ids.begin(), ids.end());
  TRY(tx.agents().each_state_of(ids, [&](const AgentRepository::State& state) {
    if (!draft.holds(state.id)) return;
    draft.put_status(state.id, state.status);
    others.erase(state.id);
  }));
  return reload_agents(tx, std::vector(others.begin(), others.end()), draft);
}

Result<std::optional<Directory::Committed>> Directory::read_agent(Transaction& tx, AgentId id) {
  auto found = TRY(read_committed(tx, std::span(&id, 1)));
  if (found.empty()) return std::nullopt;
  return std::move(found.begin()->second);
}

Result<std::map<AgentId, Directory::Committed>> Directory::read_committed(
    Transaction& tx, std::span<const AgentId> ids) {
  std::map<AgentId, Committed> found;
  std::vector<std::string> subjects;
  TRY(tx.agents().each_state_of(ids, [&](const AgentRepository::State& state) {
    found[state.id] = {to_record(state), nullptr, nullptr, internal::profile_of(state)};
    subjects.push_back(subject_of(state.id));
  }));
  std::map<AgentId, std::vector<NameId>> grants;
  TRY(tx.permissions().each_of(ids, [&](AgentId id, std::string_view permission) {
    add_grant(id, permission, grants[id]);
  }));
  for (auto& [subject, policy] : TRY(read_policies_of(tx, subjects))) {
    Committed& agent = found.at(*agent_of(subject));
    agent.policy = std::move(policy);
    agent.record.policy = agent.policy.get();
  }
  for (const auto& [id, held] : grants)
    if (const auto agent = found.find(id); agent != found.end())
      agent->second.many = agent->second.record.take(held);
  return found;
}

Result<void> Directory::reload_agents(Transaction& tx, std::span<const AgentId> ids, Draft& draft) {
  auto found = TRY(read_committed(tx, ids));
  std::vector<AgentId> there;
  for (const AgentId& id : ids) {
    if (found.contains(id)) {
      there.push_back(id);
    } else {
      draft.forget_agent(id);
    }
  }
  std::vector<KeyState> keys;
  TRY(tx.keys().each_state_of(there, [&](const KeyState& state) { keys.push_back(state); }));
  for (const KeyState& key : keys) put_key(key, draft);
  for (auto& [id, agent] : found) draft.put_agent(std::move(agent));
  return {};
}

void Directory::forget_families(Timestamp revoked_before) {
  const std::lock_guard lock(writer_);
  families_since_ = revoked_before;
  auto draft = std::make_unique<Draft>(*tables_.load(std::memory_order_relaxed));
  std::vector<FamilyRecord> old;
  draft->tables->revoked_families.each([&](const FamilyRecord& family) {
    if (family.revoked_at_ms < revoked_before.time_since_epoch().count()) old.push_back(family);
  });
  if (old.empty()) return;
  for (const FamilyRecord& family : old) draft->forget_family(family);
  draft->agents_forgotten = agents_forgotten_;
  draft->revision = revision_.load(std::memory_order_relaxed);
  publish(std::move(draft));
}

// Most changes of an agent leave most of its keys as they are, and the limits of a key never
// change.
void Directory::put_key(const KeyState& state, Draft& draft) {
  const KeyRecord key = to_record(state);
  if (!key.used) return;
  const KeyRecord* const known = draft.tables->keys.find(key.hash(), kid_of(key));
  if (!is_kept(key)) {
    if (known != nullptr) draft.forget_key(key);
    return;
  }
  if (known != nullptr && *known == key) return;
  const bool has_limits = draft.tables->limits.find(key.hash(), kid_of(key)) != nullptr;
  draft.put_key(key, key.limited && !has_limits ? limits_of(state) : nullptr);
}

// What no service can have written lets nothing through.
std::unique_ptr<const KeyLimits> Directory::limits_of(const KeyState& state) {
  const KeyConstraints& constraints = state.constraints;
  KeyLimits::Source source;
  source.not_before_ms = begin_ms(constraints.not_before);
  if (constraints.allowed_cidrs) {
    auto& networks = source.networks.emplace();
    for (const std::string& text : *constraints.allowed_cidrs)
      if (const auto network = Network::parse_exact(text)) networks.push_back(*network);
  }
  if (constraints.permissions) {
    auto& permissions = source.permissions.emplace();
    for (const std::string& text : *constraints.permissions)
      add_grant(state.agent_id, text, permissions);
  }
  return std::make_unique<const KeyLimits>(std::move(source));
}

}  // namespace agentauth

// The in-memory replica that decisions read. Start here.
//
// It holds what a decision needs of every agent, key and grant, and follows the database's change
// log. Reading takes no lock: View pins an epoch and then follows pointers. On this node a write is
// in the directory before it is answered (Database::on_commit → catch_up); writes of other nodes,
// and of the command line, arrive by polling. When it has not heard from the database for
// max_staleness, or could not apply a change, is_fresh() is false and nobody may be told "allowed".
//
// A View sees one moment of the database, all of it: what was committed together is seen together,
// on every node. Whatever changed is read in one snapshot, written into copies (internal/tables.h)
// and shown with one store.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/epoch.h"
#include "base/result.h"
#include "directory/internal/tables.h"
#include "directory/known_entity.h"
#include "directory/names.h"
#include "directory/records.h"
#include "directory/subject_policy.h"
#include "model/change.h"
#include "store/database.h"

namespace agentauth {

class News;

class Directory {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  Directory(Database& database, std::chrono::milliseconds max_staleness,
            const NamesMax& names_max = {});
  ~Directory();

  // Called whenever signing keys were changed, and at each load. When it fails, the change is not
  // applied: it is tried again, and nobody is told "allowed" until it succeeds. Before load().
  void follow_signing_keys_by(std::function<Result<void>()> read) {
    read_signing_keys_ = std::move(read);
  }

  // Called on any thread for each grant that this version cannot read, whenever its subject is
  // read, with what of it: "action", "resource", "when", or "name": one of an action for which
  // there is no room (NamesMax), also where a key is narrowed to it. Before load().
  using ReportUnreadable = std::function<void(const Grant& grant, std::string_view part)>;
  void report_unreadable_by(ReportUnreadable report) { report_unreadable_ = std::move(report); }

  // Reads everything. Before the first decision, and again when the log no longer reaches back.
  // Errors: the database's.
  Result<void> load();
  // Applies what has been committed since. Safe to call from any thread that may use the database.
  // When the database does not answer, what is known stays good for max_staleness; when there is a
  // change that could not be read, or `after_commit` says there must be one, nothing is.
  enum class Asked : bool { by_poll, after_commit };
  Result<void> catch_up(Asked asked = Asked::by_poll);
  // The same for callers that come in any number: those that wait share one, which begins after
  // all of them have asked. Never more than one runs for them and one is to follow. While the
  // database does not answer they do not ask it: the poll does, and finds out. Errors: unavailable.
  Result<void> catch_up_together();

  // An agent as a transaction sees it. A change is decided by what it is committed on, which the
  // directory may not know yet: what another node has committed, or the same batch has changed.
  // In a write after the changes were locked: it is several reads, which there see one moment only
  // because nobody else changes anything.
  struct Committed {
    AgentRecord record;
    std::unique_ptr<const GrantSet> many;         // what the record points to, if it does
    std::unique_ptr<const SubjectPolicy> policy;  // the same
    std::unique_ptr<const AgentProfile> profile;
  };
  Result<std::optional<Committed>> read_agent(Transaction& tx, AgentId id);
  // What a subject was granted, and what it is a member of, as a transaction sees it; nullptr:
  // nothing.
  Result<std::unique_ptr<const SubjectPolicy>> read_policy(Transaction& tx,
                                                           const std::string& subject);

  // Forgets a small batch of changes that are older than the last `keep`, and says whether there is
  // more to forget. Every node may do so: one that is further behind than what is left reads
  // everything anew, as it would with that many changes to read anyway.
  static constexpr Revision changes_kept = 100'000;
  Result<bool> prune_log(Revision keep = changes_kept);

  // Forgets families that were revoked before that, now and at each load: none of their access
  // tokens lives any more. Until it is called, all that the database knows are kept.
  void forget_families(Timestamp revoked_before);

  bool is_fresh(SteadyTime now) const {
    return now.time_since_epoch().count() < fresh_until_.load(std::memory_order_acquire);
  }
  // The database did not answer the last time it was asked what has changed.
  bool is_lost() const { return is_lost_.load(std::memory_order_relaxed); }
  Revision revision() const { return revision_.load(std::memory_order_acquire); }
  // A number that is another one once a setting may have changed: who keeps one reads it again.
  Revision settings_revision() const { return settings_revision_.load(std::memory_order_acquire); }

  struct Size {
    std::size_t agents;
    std::size_t keys;
    std::size_t revoked_families;
  };
  Size size() const;

  Names& names() { return names_; }

 private:
  using Tables = internal::Tables;
  struct Draft;

 public:
  // What one thread may look at while it decides: everything as it was at one moment, whatever is
  // published meanwhile. Short-lived; stays on its thread; nests. With news it is what their
  // transaction sees, of those whom they were gathered about; they outlive it.
  class View {
   public:
    explicit View(const Directory& directory, const News* news = nullptr)
        : pin_(directory.epochs_),
          tables_(directory.tables_.load(std::memory_order_seq_cst)),
          names_(directory.names_),
          news_(news) {}

    const AgentRecord* find_agent(const AgentId& id) const {
      return tables_->agents.find(id.uuid.hash(), id);
    }
    // `kid` must have key_kid_length characters.
    const KeyRecord* find_key(std::string_view kid) const;
    // Whether that family of tokens was revoked not long ago, so that access tokens of it may be
    // about that have not expired.
    bool is_revoked(FamilyId family) const;
    // Of a key whose record says that it is limited.
    const KeyLimits* find_limits(const KeyRecord& key) const;
    // Whether the key may be used now and from there, whatever its agent may do.
    bool admits(const KeyRecord& key, Timestamp now, const IpAddress& from) const;
    // Of an agent; nullptr: none.
    const SubjectPolicy* find_policy(const AgentId& id) const;
    // Of a subject that is no agent; nullptr: nothing is granted to it.
    const SubjectPolicy* find_policy(std::string_view principal) const;
    // Of the role or group of a membership; nullptr: it is gone.
    const SubjectPolicy* find_policy(const MembershipRule& membership) const;
    // What every agent was granted.
    const SubjectPolicy* every_agents_policy() const {
      return news_ == nullptr ? tables_->every_agent : every_agents_newest_policy();
    }
    const AgentProfile* find_profile(const AgentId& id) const;
    // The stored attributes of `type:id`.
    const JsonValue* find_properties(std::string_view entity) const;
    // Every agent, and every other subject that something was granted to. Slow.
    void each_agent(FunctionRef<void(const AgentRecord&)> visit) const;
    void each_principal(FunctionRef<void(const SubjectPolicy&)> visit) const;
    // Every entity with stored attributes. Slow.
    void each_entity(FunctionRef<void(std::string_view name)> visit) const;
    const Names& names() const { return names_; }

   private:
    const SubjectPolicy* every_agents_newest_policy() const;
    const SubjectPolicy* find_principal(std::string_view name, std::uint64_t hash) const;

    EpochDomain::Pin pin_;
    const Tables* tables_;
    const Names& names_;
    const News* news_;  // nullptr: none
  };

 private:
  Result<void> load_locked();
  Result<bool> read_everything(Draft& draft);
  Result<Revision> read_keys(Draft& draft);
  Result<Revision> read_others(Draft& draft);
  Result<void> read_agents(Transaction& tx, Draft& draft);
  Result<void> read_policies(Transaction& tx, Draft& draft);
  static Result<void> read_entities(Transaction& tx, Draft& draft);

  Result<void> follow(Asked asked, bool& behind);
  // What has changed since `known`, as one transaction sees it. False: the log does not say.
  Result<bool> read_changes(Transaction& tx, Revision known, std::size_t changes_max, Draft& draft);
  Result<void> apply(Transaction& tx, const std::vector<Change>& changes, Draft& draft);
  // Each may be thousands, which are read with few statements.
  Result<void> reload_agents(Transaction& tx, std::span<const AgentId> ids, Draft& draft);
  Result<void> reload_statuses(Transaction& tx, std::span<const AgentId> ids, Draft& draft);
  Result<void> reload_principals(Transaction& tx, std::span<const std::string> names, Draft& draft);
  static Result<void> reload_entities(Transaction& tx, std::span<const std::string> names,
                                      Draft& draft);
  // Those that are there.
  Result<std::map<AgentId, Committed>> read_committed(Transaction& tx,
                                                      std::span<const AgentId> ids);
  // Of each subject; nullptr: nothing.
  using Policies = std::map<std::string, std::unique_ptr<const SubjectPolicy>>;
  Result<Policies> read_policies_of(Transaction& tx, std::span<const std::string> subjects);
  void publish(std::unique_ptr<Draft> draft);

  void add_rule(const Grant& grant, SubjectPolicy::Source& source);
  void note_unreadable(const Grant& grant, std::string_view part);
  void put_key(const KeyState& state, Draft& draft);
  std::unique_ptr<const KeyLimits> limits_of(const KeyState& state);
  void add_grant(AgentId holder, std::string_view permission, std::vector<NameId>& grants);

  Database& database_;
  const std::chrono::nanoseconds max_staleness_;
  std::function<Result<void>()> read_signing_keys_;
  ReportUnreadable report_unreadable_;
  mutable EpochDomain epochs_;
  Names names_;
  std::mutex writer_;  // one thread at a time changes the tables
  std::atomic<const Tables*> tables_{nullptr};
  std::atomic<Revision> revision_{0};
  std::atomic<Revision> settings_revision_{0};
  std::atomic<std::int64_t> fresh_until_;
  std::atomic<bool> is_lost_{false};  // the last catch_up() failed
  // Of those who catch up together: how many have begun and ended, and how the last one ended.
  std::mutex together_;
  std::condition_variable together_ended_;
  std::uint64_t together_begun_count_ = 0;
  std::uint64_t together_ended_count_ = 0;
  Result<void> together_result_;
  std::size_t agents_forgotten_ = 0;  // whose keys were not swept yet
  Timestamp families_since_{};        // of revoked families: older ones are of no interest
};

}  // namespace agentauth

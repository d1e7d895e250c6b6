// A setting that every node follows: kept in the database as JSON, put in force when it has
// changed.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "base/fields.h"
#include "store/database.h"

namespace agentauth {

template <class Set>
class FollowedSetting {
 public:
  struct Name {
    const char* key;   // in the table of settings
    const char* noun;  // what people call it: "The stored NOUN cannot be read"
  };
  FollowedSetting(Database& database, const Name& name) : database_(database), name_(name) {}

  // Nothing while nobody has put any. Errors: internal, when what is stored cannot be read.
  Result<std::optional<Set>> find(Transaction& tx) const {
    const auto stored = TRY(tx.settings().find(name_.key));
    if (!stored) return std::optional<Set>();
    auto set = decode<Set>({{}, {}, *stored});
    if (!set) return tl::unexpected(unreadable(set.error()));
    return std::optional<Set>(*std::move(set));
  }

  // All of it at once. REQUIRES: it was checked.
  Result<void> replace(Transaction& tx, const Set& set) const {
    std::string text;
    JsonWriter out(text);
    write_fields(set, out);
    TRY(tx.settings().replace(name_.key, text));
    TRY(tx.changes().append(ChangeKind::setting, AgentId{}));
    return {};
  }

  // Calls put_in_force(std::optional<Set>) with what the database holds, if `settings_revision` is
  // another one than the last time. Safe to call from any thread that may use the database. Errors:
  // the database's, when it is to be tried again; internal, once, when what is stored cannot be
  // read; those of put_in_force, once. Then all stays as it is.
  template <class PutInForce>
  Result<void> follow(Revision settings_revision, PutInForce put_in_force) {
    if (followed_.load(std::memory_order_acquire) == settings_revision) return {};
    const std::lock_guard lock(following_);
    if (followed_.load(std::memory_order_relaxed) == settings_revision) return {};
    auto set = database_.read([&](Transaction& tx) { return find(tx); });
    if (!set && set.error().code != Errc::internal) return tl::unexpected(set.error());
    followed_.store(settings_revision, std::memory_order_release);
    if (!set) return tl::unexpected(set.error());
    return put_in_force(*std::move(set));
  }

  // What the database holds is put in force once more at the next follow().
  void follow_again() { followed_.store(-1, std::memory_order_release); }

  // For the log: why it is as good as none.
  Error unreadable(const Error& why) const {
    Error error{Errc::internal, std::string("The stored ") + name_.noun + " cannot be read",
                why.message};
    for (const FieldError& field : why.fields)
      error.detail += "; " + field.field + ' ' + field.message;
    return error;
  }

 private:
  Database& database_;
  const Name name_;
  std::mutex following_;
  std::atomic<Revision> followed_{-1};
};

}  // namespace agentauth

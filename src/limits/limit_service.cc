#include "limits/limit_service.h"

namespace agentauth {
namespace {

constexpr const char* setting_name = "limits";

}  // namespace

Result<LimitSet> LimitService::read(Transaction& tx) const {
  const auto stored = TRY(tx.settings().find(setting_name));
  if (!stored) return default_limits(limiter_.routes());
  auto set = decode<LimitSet>({{}, {}, *stored});
  if (!set) return failure(Errc::internal, "The stored limits cannot be read", set.error().message);
  return *std::move(set);
}

Result<LimitSet> LimitService::find(Transaction& tx, const ShowLimits&) { return read(tx); }

Result<LimitSet> LimitService::replace(Transaction& tx, const LimitSet& set) {
  TRY(check_limits(set, limiter_.routes()));
  std::string text;
  JsonWriter out(text);
  write_fields(set, out);
  TRY(tx.settings().replace(setting_name, text));
  TRY(tx.changes().append(ChangeKind::setting, AgentId{}));
  return set;
}

Result<void> LimitService::follow(Revision settings_revision) {
  if (followed_.load(std::memory_order_acquire) == settings_revision) return {};
  const std::lock_guard lock(following_);
  if (followed_.load(std::memory_order_relaxed) == settings_revision) return {};
  const auto set = database_.read([&](Transaction& tx) { return read(tx); });
  if (!set && set.error().code != Errc::internal) return tl::unexpected(set.error());
  followed_.store(settings_revision, std::memory_order_release);
  if (!set) return tl::unexpected(set.error());
  if (enforced_ == Enforced::no) return {};
  const LimitSet known = without_what_never_counts(*set, limiter_.routes());
  TRY(check_limits(known, limiter_.routes()));
  limiter_.replace(known);
  return {};
}

}  // namespace agentauth

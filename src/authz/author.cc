#include "authz/author.h"

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "authz/internal/administrators.h"
#include "authz/permission_service.h"
#include "directory/news.h"

namespace agentauth {

struct Author::State {
  State(Directory& known, News unheard, const Caller& author, Timestamp at)
      : directory(known), news(std::move(unheard)), view(known, &news), caller(author), now(at) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Directory& directory;
  News news;
  const Directory::View view;
  const Caller caller;
  const Timestamp now;
  std::optional<Directory::Committed> committed;  // the author itself
  Actor actor;
  std::map<AgentId, std::optional<Directory::Committed>> others;
  bool is_administrator = false;
  bool may_have_taken = false;  // administration, from whomever
  std::set<std::string> changed;
  // Roles and groups that it was found to be allowed to pass on, and until when.
  std::map<std::string, std::int64_t> passable;
};

namespace {

bool denies_administration(const Grant& grant) {
  return grant.decides() == Effect::deny && reaches_administration(grant.permission);
}

constexpr std::string_view off_the_record = "the caller would go off the record";
constexpr std::string_view watches_caller =
    "puts the caller itself on record, which administrators alone end";

tl::unexpected<Error> denied(std::string_view detail, FieldError why) {
  Error error{Errc::permission_denied, "Permission denied", std::string(detail)};
  if (!why.message.empty()) error.fields.push_back(std::move(why));
  return tl::unexpected(std::move(error));
}

}  // namespace

Author::Author(std::unique_ptr<State> state) : state_(std::move(state)) {}
Author::Author(Author&& other) noexcept = default;
Author& Author::operator=(Author&& other) noexcept = default;
Author::~Author() = default;

Result<Author> Author::read(Directory& directory, Transaction& tx, const Caller& caller,
                            Timestamp now) {
  const Revision latest = TRY(tx.changes().lock());
  auto state =
      std::make_unique<State>(directory, TRY(News::read(directory, tx, latest)), caller, now);
  state->committed = TRY(directory.read_agent(tx, caller.agent_id));
  if (state->committed) TRY(state->news.gather(tx, state->view, *state->committed));
  state->actor = TRY(
      acting_as(state->view, state->committed ? Actor(*state->committed) : Actor(), caller, now));
  state->is_administrator = agentauth::is_administrator(state->view, state->actor, now);
  return Author(std::move(state));
}

const AgentId& Author::id() const { return state_->caller.agent_id; }
const Actor& Author::actor() const { return state_->actor; }
const Directory::View& Author::view() const { return state_->view; }
Timestamp Author::now() const { return state_->now; }

bool Author::may_read(std::string_view permission) const {
  const auto may = [&](std::string_view action) {
    Question question = question_of(view(), action, now());
    question.circumstances.address = &state_->caller.address;
    const Decision decision = decide(view(), actor(), question);
    return decision.allowed() && !decision.is_to_be_spent();
  };
  return may(permission) || may("agentauth:policy:read");
}

Result<Actor> Author::find(Transaction& tx, AgentId id) {
  if (id == this->id()) return Actor(*state_->committed);
  if (!state_->news.is_about(id)) {
    TRY(state_->news.gather(tx, state_->view, id));
    return Actor(state_->view.find_agent(id));
  }
  auto known = state_->others.find(id);
  if (known == state_->others.end())
    known = state_->others.emplace(id, TRY(state_->directory.read_agent(tx, id))).first;
  if (!known->second) return Actor();
  TRY(state_->news.gather(tx, state_->view, *known->second));
  return Actor(*known->second);
}

// A narrowed key is less than its agent, and gives up nothing in its name.
bool Author::is_about_itself(const Grant& grant) const {
  const KeyLimits* limits = state_->actor.limits;
  return grant.subject == subject_of(id()) && (limits == nullptr || !limits->narrows_permissions());
}

// What an administrator does to administration may take it from the last one.
void Author::note(bool concerns_administration) {
  state_->may_have_taken =
      state_->may_have_taken || (concerns_administration && state_->is_administrator);
}

Result<void> Author::require_held(const Grant& grant) const {
  if (state_->is_administrator) return {};
  // Views the grant's own text.
  const auto resource = policy::parse_resource_pattern(
      grant.resource ? std::string_view(*grant.resource) : std::string_view());
  if (resource &&
      may_grant(view(), actor(), {grant.permission, *resource, grant.expires_at}, now()))
    return {};
  return denied("the caller does not hold what it would grant",
                {grant.permission, "is more than the caller may give or take"});
}

Result<void> Author::require_grant(const Grant& grant) {
  const bool denies = denies_administration(grant);
  note(denies);
  if (denies && !is_about_itself(grant)) TRY(require_administrator(grant));
  return require_held(grant);
}

bool Author::is_watched_by(const Grant& grant) const {
  return grant.decides() == Effect::audit && lies_ahead(grant.expires_at, now()) &&
         is_within(view(), actor(), grant.subject, now());
}

Result<void> Author::require_revocation(const Grant& grant) {
  const bool allows = grant.decides() == Effect::allow;
  const bool reaches = reaches_administration(grant.permission);
  note(allows && reaches);
  if (allows && (!reaches || is_about_itself(grant))) return {};
  auto may = denies_administration(grant) ? require_administrator(grant) : require_held(grant);
  if (may && !state_->is_administrator && is_watched_by(grant))
    may = denied(off_the_record, {grant.permission, std::string(watches_caller)});
  if (!may && !may_read("agentauth:grants:read")) may.error().fields.clear();
  return may;
}

Result<void> Author::require_administrator(const Grant& grant) const {
  if (state_->is_administrator) return {};
  return denied("the caller is no administrator",
                {grant.permission, "is for administrators alone to deny, or to deny no more"});
}

Result<void> Author::look_at(Transaction& tx, const std::string& principal) {
  return state_->news.gather(tx, view(), principal);
}

Result<void> Author::require_membership(Transaction& tx, const std::string& principal,
                                        const std::optional<Timestamp>& until) {
  const auto known = state_->passable.find(principal);
  const bool is_first = known == state_->passable.end();
  if (!is_first && end_ms(until) <= known->second) return {};
  TRY(look_at(tx, principal));
  std::optional<KeptFrom> kept_from;
  const auto passes = [&](const std::optional<Timestamp>& end) {
    kept_from = kept_from_passing_on(view(), actor(), {principal, end}, now());
    if (!kept_from) state_->passable[principal] = end_ms(end);
    return !kept_from;
  };
  // For ever answers for whatever other ends are asked about.
  if ((is_first && until && passes(std::nullopt)) || passes(until)) {
    note(concerns_administration(view(), principal, now()));
    return {};
  }
  FieldError why;
  const std::string_view permission = kept_from->what.permission;
  if (!permission.empty() && may_read("agentauth:roles:read")) {
    why = {principal,
           "holds or denies " + std::string(permission) + ", which the caller may not pass on"};
    if (const auto end = held_until(view(), actor(), *kept_from, now()))
      why.message += " for longer than until " + format_rfc3339(*end);
  }
  return denied("the caller does not hold what the role or group holds", std::move(why));
}

Result<void> Author::require_departure(Transaction& tx, const std::string& member,
                                       const std::string& principal) {
  TRY(require_membership(tx, principal));
  if (state_->is_administrator || !is_within(view(), actor(), member, now()) ||
      !puts_on_record(view(), principal, now()))
    return {};
  FieldError why;
  if (may_read("agentauth:roles:read")) why = {principal, std::string(watches_caller)};
  return denied(off_the_record, std::move(why));
}

Result<void> Author::note_change(Transaction& tx, const std::string& subject) {
  if (!state_->changed.insert(subject).second) return {};
  return agentauth::note_change(tx, subject);
}

Result<void> Author::note_changes(Transaction& tx, std::span<const std::string> subjects,
                                  std::span<const std::string> entities) {
  std::vector<Change> changes;
  for (const std::string& subject : subjects)
    if (state_->changed.insert(subject).second) changes.push_back(change_of(subject));
  for (const std::string& entity : entities)
    changes.push_back({.kind = ChangeKind::entity, .agent_id = {}, .name = entity});
  return tx.changes().append_all(changes);
}

Result<void> Author::require_administrator_left(Transaction& tx) {
  if (!state_->may_have_taken) return {};
  if (TRY(internal::has_administrator(state_->directory, tx, id(), now()))) return {};
  return failure(Errc::conflict, "No active administrator would be left");
}

}  // namespace agentauth

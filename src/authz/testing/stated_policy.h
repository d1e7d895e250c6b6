// Policies and questions in words, for tests; tests/cases/decisions.h tells how.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "authz/decision.h"
#include "authz/permission_service.h"
#include "directory/testing/replica.h"
#include "policy/properties.h"

namespace agentauth::testing {

// Takes words off the front of a line.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  bool empty() {
    skip_blanks();
    return rest_.empty();
  }
  std::string next() {
    skip_blanks();
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    if (end == 0) throw std::runtime_error("a word is missing");
    const std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return word;
  }
  // Whether that word comes next; then it is taken.
  bool skip(std::string_view word) {
    skip_blanks();
    if (!rest_.starts_with(word) || (rest_.size() > word.size() && rest_[word.size()] != ' '))
      return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  // Up to the next ` with `, or all that is left.
  std::string text(std::string_view end = {}) {
    skip_blanks();
    const std::size_t at = end.empty() ? rest_.size() : std::min(rest_.find(end), rest_.size());
    const std::string taken(rest_.substr(0, at));
    rest_.remove_prefix(at);
    return taken;
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size())); }
  std::string_view rest_;
};

inline Timestamp at_second(const std::string& text) {
  return Timestamp{std::chrono::seconds{std::stoll(text)}};
}

inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (const std::string line(text.substr(0, end)); !Words(line).empty()) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

class StatedPolicy {
 public:
  explicit StatedPolicy(Replica& replica) : replica_(replica) {}

  void state(std::string_view policy) {
    for (const std::string& line : lines_of(policy)) state_line(line);
  }

  // The reason, and what grants that decide nothing would have come to.
  std::string answer(std::string_view question) { return answer(replica_.directory(), question); }
  // By what that directory knows.
  std::string answer(Directory& directory, std::string_view question) {
    Asked asked = read(question);
    narrow(directory.names(), asked);
    const Directory::View view(directory);
    asked.question.requirement = view.names().find_requirement(asked.action);
    const Decision decision = decide(view, subject(view, asked), asked.question);
    std::string answer(to_string(decision.reason));
    for (std::size_t i = 0; i < decision.audited.rules().size(); ++i)
      answer.append(" + audited as ").append(to_string(decision.as_allow));
    return answer;
  }

  // agent:NAME becomes agent:UUID, and roles and groups are made.
  std::string principal(const std::string& name) {
    if (name.starts_with("agent:") && name != policy::every_agent) return subject_of(agent(name));
    if (policy::is_role_or_group(name)) role(name);
    return name;
  }
  AgentId agent(const std::string& name) {
    const auto known = agents_.find(name);
    if (known != agents_.end()) return known->second;
    return agents_[name] = replica_.add_agent(name.substr(6));
  }
  void erase_role(const std::string& name) {
    write([&](Transaction& tx) -> Result<void> {
      TRY(tx.roles().erase(name));
      return note_change(tx, name);
    });
  }
  // The grant that was stated last.
  GrantId last_grant() const { return last_; }
  void erase_grant(GrantId id) {
    write([&](Transaction& tx) -> Result<void> {
      const Grant grant = TRY(tx.grants().find(id));
      TRY(tx.grants().erase(id));
      return note_change(tx, grant.subject);
    });
  }
  void end_membership(const std::string& member, const std::string& of) {
    const std::string name = principal(member);
    const RoleId id = role(of);
    write([&](Transaction& tx) -> Result<void> {
      TRY(tx.roles().erase_member(name, id));
      return note_change(tx, name);
    });
  }
  void forget_entity(const std::string& type, const std::string& id) {
    write([&](Transaction& tx) -> Result<void> {
      TRY(tx.entities().erase(type, id));
      TRY(tx.changes().append_name(ChangeKind::entity, type + ':' + id));
      return {};
    });
  }

 private:
  struct Asked {
    std::string name;
    std::string action;
    std::string resource;
    std::map<std::string, policy::Properties> said;
    std::unique_ptr<KeyLimits> limits;
    Question question;  // looks at the others
  };

  template <class F>
  void write(F work) {
    value_of(replica_.database().write(work));
  }

  RoleId role(const std::string& name) {
    RoleId id{};
    write([&](Transaction& tx) -> Result<void> {
      const auto made = TRY(tx.roles().insert(name, ""));
      id = TRY(tx.roles().find(name)).id;
      return made ? note_change(tx, name) : Result<void>();
    });
    return id;
  }

  void state_line(const std::string& line) {
    Words words(line);
    const std::string verb = words.next();
    Effect effect = Effect::allow;
    if (parse(verb, effect)) return state_grant(effect, words);
    const std::string subject = words.next();
    if (verb == "member") {
      state_membership(subject, words);
    } else if (verb == "know") {
      state_entity(subject, words.text());
    } else if (verb == "suspend") {
      replica_.suspend(agent(subject));
    } else if (verb == "narrow") {
      while (!words.empty()) narrowed_[subject].push_back(words.next());
    } else if (verb == "spend") {
      const std::string name = principal(subject);
      const std::string action = words.next();
      write([&](Transaction& tx) -> Result<void> {
        for (const Grant& grant : TRY(tx.grants().find_all(name, action)))
          if (grant.max_uses) spent_.push_back(grant.id);
        std::sort(spent_.begin(), spent_.end());
        return {};
      });
    } else {
      throw std::runtime_error("no such verb: " + verb);
    }
  }

  void state_grant(Effect effect, Words& words) {
    GrantSubject subject{principal(words.next())};
    const std::string action = words.next();
    Terms terms;
    if (effect != Effect::allow) terms.effect = effect;
    if (words.skip("on")) terms.resource = words.next();
    if (words.skip("from")) terms.not_before = at_second(words.next());
    if (words.skip("until")) terms.expires_at = at_second(words.next());
    if (words.skip("uses")) terms.max_uses = std::stoll(words.next());
    if (words.skip("when")) terms.when = words.text();
    if (!words.empty()) throw std::runtime_error("what is " + words.text() + "?");
    subject.agent_id = agent_of(subject.name);
    if (policy::is_role_or_group(subject.name)) subject.role_id = role(subject.name);
    write([&](Transaction& tx) -> Result<void> {
      last_ = TRY(tx.grants().insert(subject, action, terms)).id;
      return note_change(tx, subject.name);
    });
  }

  void state_membership(const std::string& subject, Words& words) {
    const std::string member = principal(subject);
    if (!words.skip("of")) throw std::runtime_error("a member of what?");
    const RoleId of = role(words.next());
    std::optional<Timestamp> until;
    if (words.skip("until")) until = at_second(words.next());
    write([&](Transaction& tx) -> Result<void> {
      TRY(tx.roles().put_member(member, agent_of(member), of, until));
      return note_change(tx, member);
    });
  }

  void state_entity(const std::string& stated, const std::string& properties) {
    const std::string name = stated.starts_with("agent:") ? principal(stated) : stated;
    const auto entity = policy::parse_entity(name);
    write([&](Transaction& tx) -> Result<void> {
      TRY(tx.entities().put(std::string(entity->type), std::string(entity->id), properties, {}));
      TRY(tx.changes().append_name(ChangeKind::entity, name));
      return {};
    });
  }

  Asked read(std::string_view text) {
    Asked asked;
    Words words(text);
    asked.name = words.next();
    asked.action = words.next();
    if (words.skip("on")) asked.resource = words.next();
    asked.question.now = at_second(words.skip("at") ? words.next() : "100");
    while (words.skip("with")) {
      const std::string what = words.next();
      asked.said.emplace(what, value_of(policy::Properties::parse(words.text(" with "))));
    }
    if (!words.empty()) throw std::runtime_error("what is " + words.text() + "?");
    return asked;
  }

  void narrow(Names& names, Asked& asked) const {
    const auto narrowed = narrowed_.find(asked.name);
    if (narrowed == narrowed_.end()) return;
    KeyLimits::Source source;
    auto& permissions = source.permissions.emplace();
    for (const std::string& name : narrowed->second) permissions.push_back(names.intern(name));
    asked.limits = std::make_unique<KeyLimits>(std::move(source));
  }

  static const JsonValue* said(const Asked& asked, const std::string& what) {
    const auto found = asked.said.find(what);
    return found == asked.said.end() ? nullptr : &found->second.value();
  }

  // Completes the question, which looks at what `asked` holds.
  Subject subject(const Directory::View& view, Asked& asked) {
    Question& question = asked.question;
    question.action = asked.action;
    question.resource = asked.resource;
    question.subject_properties = said(asked, "subject");
    question.action_properties = said(asked, "action");
    question.resource_properties = said(asked, "resource");
    question.context = said(asked, "context");
    question.spent = spent_;
    if (!asked.name.starts_with("agent:")) return Subject(asked.name);
    if (asked.name == "agent:nobody") return Actor();
    Actor actor(view.find_agent(agents_.at(asked.name)));
    actor.limits = asked.limits.get();
    return actor;
  }

  Replica& replica_;
  std::map<std::string, AgentId> agents_;
  std::map<std::string, std::vector<std::string>> narrowed_;
  std::vector<GrantId> spent_;
  GrantId last_{};
};

}  // namespace agentauth::testing

#include "authz/decision.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "authz/authority.h"
#include "authz/permission_service.h"
#include "directory/testing/replica.h"

namespace agentauth {
namespace {

// The decision table: what an agent holds, what is asked, what is answered.
struct Case {
  std::initializer_list<std::string> held;
  std::string_view asked;
  bool allowed;
};

const Case table[] = {
    // exact
    {{}, "read_weather", false},
    {{"read_weather"}, "read_weather", true},
    {{"read_weather"}, "read_stock", false},
    {{"read_weather"}, "read_weathe", false},
    {{"read_weather"}, "read_weather2", false},
    {{"read_weather"}, "READ_WEATHER", false},
    {{"read_weather", "read_stock"}, "read_stock", true},
    // segments
    {{"a"}, "a:b", false},
    {{"a:b"}, "a", false},
    {{"a:b"}, "a:b:c", false},
    {{"a:b:c"}, "a:b:c", true},
    // patterns
    {{"a:*"}, "a:b", true},
    {{"a:*"}, "a:b:c", true},
    {{"a:*"}, "a", false},
    {{"a:*"}, "ab:c", false},
    {{"a:*"}, "b:a", false},
    {{"a:b:*"}, "a:b", false},
    {{"a:b:*"}, "a:b:c:d", true},
    {{"a:b:*"}, "a:c", false},
    {{"*"}, "a", true},
    {{"*"}, "a:b:c:d:e:f:g:h", true},
    {{"x", "y", "a:*"}, "a:b", true},
    // asking for a pattern is asking for all it covers
    {{"a:b"}, "a:*", false},
    {{"a:b:*"}, "a:*", false},
    {{"a:*"}, "a:*", true},
    {{"a:*"}, "a:b:*", true},
    {{"*"}, "*", true},
    {{"a:*"}, "*", false},
    // the administrator is not everything
    {{"agentauth:*"}, "agentauth:agents:read", true},
    {{"agentauth:*"}, "read_weather", false},
};

class DecisionTest : public testing::Test {
 protected:
  Decision ask(AgentId id, std::string_view permission) {
    const Directory::View view(replica.directory());
    return decide(view, actor(view, id), question_of(view, permission, now));
  }
  bool grants(AgentId id, std::string_view permission) {
    const Directory::View view(replica.directory());
    return may_grant(view, actor(view, id), {permission}, now);
  }
  bool covers_agent(AgentId id, AgentId other) {
    const Directory::View view(replica.directory());
    return covers(view, actor(view, id), actor(view, other), now);
  }
  bool manages(AgentId id, AgentId other) {
    const Directory::View view(replica.directory());
    return may_manage(view, actor(view, id), actor(view, other), now);
  }
  static Actor actor(const Directory::View& view, AgentId id) { return Actor(view.find_agent(id)); }

  Replica replica;
  Timestamp now{};
};

TEST_F(DecisionTest, FollowsTheTable) {
  for (const Case& row : table) {
    const AgentId agent = replica.add_agent_with(row.held);
    const Decision decision = ask(agent, row.asked);
    std::string held;
    for (const std::string& permission : row.held) held += permission + " ";
    EXPECT_EQ(decision.allowed(), row.allowed) << "held: " << held << "asked: " << row.asked;
    EXPECT_EQ(decision.reason, row.allowed ? Reason::granted : Reason::not_granted);
  }
}

TEST_F(DecisionTest, ARequirementMadeBeforeTheGrantDecidesTheSame) {
  for (const Case& row : table) {
    const Requirement early = replica.directory().names().requirement(row.asked);
    const AgentId agent = replica.add_agent_with(row.held);
    const Directory::View view(replica.directory());
    Question question;
    question.requirement = early;
    EXPECT_EQ(decide(view, actor(view, agent), question).allowed(), row.allowed) << row.asked;
  }
}

TEST_F(DecisionTest, AnUnknownAgentMayDoNothing) {
  EXPECT_EQ(ask(AgentId{}, "read_weather").reason, Reason::agent_unknown);
  EXPECT_FALSE(grants(AgentId{}, "read_weather"));
}

TEST_F(DecisionTest, ASuspendedAgentMayDoNothingWhateverItHolds) {
  const AgentId agent = replica.add_agent_with({"*", "read_weather", "agentauth:*"});
  replica.suspend(agent);
  EXPECT_EQ(ask(agent, "read_weather").reason, Reason::agent_suspended);
  EXPECT_FALSE(grants(agent, "read_weather"));
  EXPECT_FALSE(covers_agent(agent, replica.add_agent_with({"read_weather"})));
  EXPECT_FALSE(covers_agent(agent, replica.add_agent())) << "who holds nothing";
  EXPECT_FALSE(covers_agent(agent, agent));
}

TEST_F(DecisionTest, AnEmptyRequirementIsNeverMet) {
  const AgentId agent = replica.add_agent_with({"*"});
  const Directory::View view(replica.directory());
  EXPECT_FALSE(decide(view, actor(view, agent), Question{}).allowed());
}

TEST_F(DecisionTest, TheReasonHasAName) {
  EXPECT_EQ(to_string(Reason::granted), "granted");
  EXPECT_EQ(to_string(Reason::not_granted), "not_granted");
  EXPECT_EQ(to_string(Reason::agent_suspended), "agent_suspended");
  EXPECT_EQ(to_string(Reason::agent_unknown), "agent_unknown");
}

TEST_F(DecisionTest, ACallerActsWhileItsAgentItsKeyAndItsTokensGenerationStand) {
  const AgentId agent = replica.add_agent();
  const Kid kid = *parse_kid("AAAAAAAAAAA1");
  const ApiKey key = replica.add_key(agent, "AAAAAAAAAAA1");
  replica.add_key(replica.add_agent(), "AAAAAAAAAAA2");
  const auto acts = [&](const Caller& caller) {
    const Directory::View view(replica.directory());
    return find_acting(view, caller, Timestamp{}).has_value();
  };
  EXPECT_TRUE(acts({agent, 0, {}, kid}));
  EXPECT_FALSE(acts({agent, 0, {}, *parse_kid("AAAAAAAAAAA2")})) << "another agent's key";
  EXPECT_FALSE(acts({agent, 0, {}, *parse_kid("AAAAAAAAAAA3")})) << "a key that does not exist";
  EXPECT_FALSE(acts({agent, 1, {}, kid})) << "a generation that has not begun";
  EXPECT_FALSE(acts({AgentId{}, 0, {}, kid}));
  replica.revoke_tokens(agent);
  EXPECT_FALSE(acts({agent, 0, {}, kid}));
  EXPECT_TRUE(acts({agent, 1, {}, kid}));
  replica.suspend(agent);
  EXPECT_FALSE(acts({agent, 1, {}, kid}));
  replica.set_status(agent, AgentStatus::active);
  EXPECT_TRUE(acts({agent, 1, {}, kid}));
  replica.revoke_key(agent, key.key_id);
  EXPECT_FALSE(acts({agent, 1, {}, kid}));
}

TEST_F(DecisionTest, ACallerOfARevokedFamilyDoesNotAct) {
  const AgentId agent = replica.add_agent();
  replica.add_key(agent, "AAAAAAAAAAA1");
  const FamilyId family = *FamilyId::parse("7e0c5a52-6c2f-4b53-8f0e-1f4b7a9d3c11");
  const auto acts = [&](FamilyId id) {
    const Directory::View view(replica.directory());
    return find_acting(view, {agent, 0, id, *parse_kid("AAAAAAAAAAA1")}, Timestamp{}).has_value();
  };
  EXPECT_TRUE(acts(family));
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    TRY(tx.token_families().revoke({family, agent, 0, Timestamp{}}, Timestamp{}));
    TRY(tx.changes().append_family(agent, family));
    return {};
  }));
  EXPECT_FALSE(acts(family));
  EXPECT_TRUE(acts({})) << "of no family";
}

TEST_F(DecisionTest, AnAgentMayGrantWhatItHoldsAndNothingWider) {
  const AgentId agent = replica.add_agent_with({"read_weather", "a:b:*"});
  EXPECT_TRUE(grants(agent, "read_weather"));
  EXPECT_TRUE(grants(agent, "a:b:c"));
  EXPECT_TRUE(grants(agent, "a:b:*"));
  EXPECT_TRUE(grants(agent, "a:b:c:*"));
  EXPECT_FALSE(grants(agent, "a:b"));
  EXPECT_FALSE(grants(agent, "a:*"));
  EXPECT_FALSE(grants(agent, "*"));
  EXPECT_FALSE(grants(agent, "read_stock"));
}

TEST_F(DecisionTest, OnlyWhoHoldsAsMuchManagesWhoAdministers) {
  const AgentId helper = replica.add_agent_with({"agentauth:agents:write"});
  const AgentId administrator = replica.add_agent_with({"agentauth:*"});
  const AgentId everything = replica.add_agent_with({"*"});
  EXPECT_TRUE(manages(helper, replica.add_agent_with({"read_weather", "a:*"})));
  EXPECT_TRUE(manages(helper, replica.add_agent_with({"agentauth:agents:write"})));
  EXPECT_TRUE(manages(helper, helper));
  EXPECT_FALSE(manages(helper, replica.add_agent_with({"agentauth:agents:read"})));
  EXPECT_FALSE(manages(helper, administrator));
  EXPECT_FALSE(manages(helper, everything));
  EXPECT_FALSE(manages(AgentId{}, helper));
  for (const AgentId other : {helper, everything}) EXPECT_TRUE(manages(administrator, other));
  EXPECT_TRUE(manages(everything, administrator));
  replica.suspend(administrator);
  EXPECT_FALSE(manages(administrator, helper));
  EXPECT_FALSE(manages(administrator, administrator));
}

TEST_F(DecisionTest, AnAdministratorMayGrantAnything) {
  const AgentId administrator = replica.add_agent_with({"agentauth:*"});
  for (const char* permission : {"read_weather", "a:*", "*", "agentauth:*"})
    EXPECT_TRUE(grants(administrator, permission)) << permission;
  for (const char* nearly : {"agentauth:permissions:write", "agentauth:permissions:*"})
    EXPECT_FALSE(grants(replica.add_agent_with({nearly}), "agentauth:*")) << nearly;
  EXPECT_TRUE(grants(replica.add_agent_with({"*"}), "agentauth:*"));
}

TEST_F(DecisionTest, AnAgentCoversWhoHoldsNoMoreThanItself) {
  const AgentId agent = replica.add_agent_with({"a:*", "read_weather"});
  EXPECT_TRUE(covers_agent(agent, agent));
  EXPECT_TRUE(covers_agent(agent, replica.add_agent()));
  EXPECT_TRUE(covers_agent(agent, replica.add_agent_with({"a:b", "read_weather"})));
  EXPECT_TRUE(covers_agent(agent, replica.add_agent_with({"a:b:*"})));
  EXPECT_FALSE(covers_agent(agent, replica.add_agent_with({"a:b", "read_stock"})));
  EXPECT_FALSE(covers_agent(agent, replica.add_agent_with({"*"})));
  EXPECT_FALSE(covers_agent(agent, replica.add_agent_with({"agentauth:*"})));
  EXPECT_FALSE(covers_agent(agent, AgentId{}));
  EXPECT_FALSE(covers_agent(AgentId{}, agent));
  EXPECT_TRUE(covers_agent(replica.add_agent_with({"agentauth:*"}), agent));
}

// A key of the other opens nothing by it that the actor's own does not.
TEST_F(DecisionTest, WhatEveryAgentHoldsWhoeverItIsKeepsNobodyFromCoveringAnother) {
  const AgentId agent = replica.add_agent_with({"a"});
  const AgentId other = replica.add_agent_with({"a"});
  const auto state = [&](const std::string& subject, const char* permission, const Terms& terms) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
      TRY(tx.grants().insert({subject, agent_of(subject)}, permission, terms));
      return note_change(tx, subject);
    }));
  };
  Terms small, once, later, mine, deny;
  small.when = "context.amount < 500";
  once.max_uses = 1;
  later.not_before = now + Seconds{60};
  later.expires_at = now + Seconds{120};
  mine.when = "subject.properties.level > 2";
  deny.effect = Effect::deny;
  deny.resource = "city:bern";
  for (const Terms& terms : {small, once, later})
    for (const char* permission : {"pay", "agentauth:audit:read"})
      state("agent:*", permission, terms);
  EXPECT_TRUE(covers_agent(agent, other));
  EXPECT_TRUE(manages(agent, other));
  state("agent:*", "see", mine);
  EXPECT_FALSE(covers_agent(agent, other)) << "the other may be somebody else's subject";
  EXPECT_TRUE(manages(agent, other));
  const AgentId denied = replica.add_agent_with({"a"});
  state(subject_of(denied), "agentauth:audit:read", deny);
  EXPECT_FALSE(covers_agent(denied, other));
  EXPECT_FALSE(manages(denied, other)) << "it is denied what the other is not";
}

TEST_F(DecisionTest, CoveringLooksAtEveryGrantOfALongList) {
  const AgentId agent = replica.add_agent_with({"a:*"});
  const AgentId other = replica.add_agent();
  for (int i = 0; i < 20; ++i) replica.grant(other, "a:" + std::to_string(i));
  EXPECT_TRUE(covers_agent(agent, other));
  replica.grant(other, "b");
  EXPECT_FALSE(covers_agent(agent, other));
}

// The same rule, slowly: segment by segment, without numbers, sets or an index.
std::vector<std::string> segments_of(std::string_view text) {
  std::vector<std::string> segments(1);
  for (const char c : text) {
    if (c == ':') {
      segments.emplace_back();
    } else {
      segments.back() += c;
    }
  }
  return segments;
}

bool obviously_covers(std::string_view held, std::string_view asked) {
  const auto pattern = segments_of(held);
  const auto wanted = segments_of(asked);
  if (pattern.back() != "*") return pattern == wanted;
  if (wanted.size() < pattern.size()) return false;
  return std::equal(pattern.begin(), pattern.end() - 1, wanted.begin());
}

rc::Gen<std::string> permission() {
  return rc::gen::map(
      rc::gen::pair(
          rc::gen::resize(8, rc::gen::container<std::vector<char>>(rc::gen::element('a', 'b'))),
          rc::gen::arbitrary<bool>()),
      [](const std::pair<std::vector<char>, bool>& drawn) {
        std::string text;
        for (const char c : drawn.first) {
          if (text.size() >= 13) break;  // seven segments at most before the last
          text += c;
          text += ':';
        }
        return text + (drawn.second ? "*" : "a");
      });
}

RC_GTEST_PROP(DecisionProperty, DecidesAsTheObviousRuleDoes, ()) {
  EpochDomain domain;
  const EpochDomain::Pin pin(domain);
  Names names(domain);
  const auto drawn = *rc::gen::container<std::set<std::string>>(permission());
  const std::string asked = *permission();

  std::vector<NameId> grants;
  for (const std::string& held : drawn) grants.push_back(names.intern(held));
  AgentRecord agent;
  agent.status = AgentStatus::active;
  agent.grant_count = static_cast<std::uint16_t>(grants.size());
  std::unique_ptr<GrantSet> many;
  if (grants.size() > AgentRecord::inline_max) {
    many = std::make_unique<GrantSet>(grants);
    agent.many = many.get();
  } else {
    std::copy(grants.begin(), grants.end(), agent.grants.begin());
  }

  const bool expected = std::any_of(drawn.begin(), drawn.end(), [&](const std::string& held) {
    return obviously_covers(held, asked);
  });
  RC_CLASSIFY(expected, "allowed");
  RC_ASSERT(agent.holds_any_of(names.find_requirement(asked)) == expected);
  RC_ASSERT(agent.holds_any_of(names.requirement(asked)) == expected);
}

// Only another version, or a hand in the database, can have written such a thing.
TEST_F(DecisionTest, ADenyThatCannotBeReadForbidsEverythingAndAnAllowNothing) {
  const AgentId agent = replica.add_agent_with({"read", "agentauth:*"});
  const auto put = [&](const std::string& subject, const std::string& effect) {
    replica.execute(
        "INSERT INTO grants (subject, agent_id, permission, effect) "
        "VALUES ($1, $2, 'read & write', $3)",
        {subject, agent_of(subject), effect});
    value_of(replica.directory().load());
  };
  put(subject_of(agent), "allow");
  EXPECT_EQ(ask(agent, "read").reason, Reason::granted);
  EXPECT_EQ(ask(agent, "write").reason, Reason::not_granted);
  EXPECT_TRUE(grants(agent, "anything"));
  put(subject_of(agent), "deny");
  for (const char* permission : {"read", "write", "agentauth:agents:read"})
    EXPECT_EQ(ask(agent, permission).reason, Reason::denied) << permission;
  EXPECT_FALSE(grants(agent, "anything"));
  const AgentId other = replica.add_agent_with({"read"});
  EXPECT_EQ(ask(other, "read").reason, Reason::granted);
  put("agent:*", "deny");
  EXPECT_EQ(ask(other, "read").reason, Reason::denied);
}

// So many rows past the service as fit: each goes through the whole of a long list.
class CostlyDecisionTest : public DecisionTest {
 protected:
  CostlyDecisionTest() {
    list.type = JsonValue::Type::object;
    JsonValue numbers;
    numbers.type = JsonValue::Type::array;
    JsonValue number;
    number.type = JsonValue::Type::integer;
    numbers.items.assign(15'000, number);
    list.members.push_back({"list", std::move(numbers)});
  }

  void add(Effect effect, int count) {
    Terms terms;
    terms.effect = effect;
    terms.when = "1 in context.list";
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
      for (int i = 0; i < count; ++i)
        TRY(tx.grants().insert({subject_of(agent), agent}, "read", terms));
      TRY(tx.changes().append(ChangeKind::permission, agent));
      return {};
    }));
  }
  Reason reason() {
    const Directory::View view(replica.directory());
    Question question = question_of(view, "read", now);
    question.context = &list;
    return decide(view, actor(view, agent), question).reason;
  }

  JsonValue list;
  const AgentId agent = replica.add_agent_with({"read"});
};

// A deny might be among what was not looked at.
TEST_F(CostlyDecisionTest, WhatTakesTooManyStepsToLookAtIsDenied) {
  add(Effect::deny, 30);
  EXPECT_EQ(reason(), Reason::granted);
  add(Effect::deny, 10);
  EXPECT_EQ(reason(), Reason::too_costly);
  EXPECT_EQ(to_string(reason()), "too_costly");
}

TEST_F(CostlyDecisionTest, WhatWouldAllowAndWhatDecidesNothingCostAsMuch) {
  add(Effect::allow, 20);
  add(Effect::audit, 10);
  EXPECT_EQ(reason(), Reason::granted);
  add(Effect::audit, 10);
  EXPECT_EQ(reason(), Reason::too_costly);
}

TEST_F(CostlyDecisionTest, ADenyThatWasFoundDeniesWhateverIsLeft) {
  Terms terms;
  terms.effect = Effect::deny;
  replica.revoke(agent, "read");
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    TRY(tx.grants().insert({subject_of(agent), agent}, "read", terms));
    return {};
  }));
  add(Effect::allow, 200);
  EXPECT_NE(reason(), Reason::granted);
}

// Also of rules without conditions there are no more looked at.
TEST(StepsLeftTest, AreNoneOnceThereAreTooFew) {
  StepsLeft steps(10);
  EXPECT_TRUE(steps.spend(10));
  EXPECT_FALSE(steps.is_exhausted());
  EXPECT_FALSE(steps.spend(1));
  EXPECT_TRUE(steps.is_exhausted());
  EXPECT_FALSE(steps.spend(0));
}

TEST(StepsLeftTest, EndTheSearchForRules) {
  SubjectPolicy::Source source;
  source.name = "role:r";
  for (int i = 0; i < 100; ++i) source.rules.push_back(GrantRule::of(Grant{}, 7));
  const SubjectPolicy policy(std::move(source));
  Requirement requirement;
  requirement.ids[0] = 7;
  requirement.count = 1;
  const auto found_with = [&](std::uint64_t most) {
    StepsLeft steps(most);
    int found = 0;
    policy.each_match(requirement, "city:berlin", steps, [&](const GrantRule&) { ++found; });
    return std::pair(found, steps.is_exhausted());
  };
  EXPECT_EQ(found_with(1000), std::pair(100, false));
  EXPECT_EQ(found_with(50), std::pair(49, true)) << "the place is one";
}

}  // namespace
}  // namespace agentauth

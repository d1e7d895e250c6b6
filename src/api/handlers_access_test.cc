// AuthZEN, as a caller of the API meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::string_literals;

constexpr std::string_view evaluation = "/access/v1/evaluation";
constexpr std::string_view evaluations = "/access/v1/evaluations";

class AccessApiTest : public ApiFixture {
 protected:
  AccessApiTest() {
    Terms active;
    active.when = R"(resource.properties.status == "active")";
    Terms soft;
    soft.when = "has(action.properties.soft) && action.properties.soft";
    grant("user:alice", "read");
    grant("user:alice", "write", active);
    grant("user:alice", "delete", soft);
    put_entity("record", "1", R"({"status":"active"})");
    put_entity("record", "2", R"({"status":"archived"})");
  }

  GrantId grant(const std::string& subject, const std::string& action, const Terms& terms = {}) {
    return value_of(replica.database().write([&](Transaction& tx) -> Result<GrantId> {
      const GrantId id = TRY(tx.grants().insert({subject, agent_of(subject)}, action, terms)).id;
      TRY(note_change(tx, subject));
      return id;
    }));
  }
  // Makes the role, if there is none, and that one a member of it.
  void add_role(const std::string& role, const std::string& member) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
      TRY(tx.roles().insert(role, ""));
      const RoleId id = TRY(tx.roles().find(role)).id;
      TRY(tx.roles().put_member(member, agent_of(member), id, {}));
      TRY(note_change(tx, role));
      return note_change(tx, member);
    }));
  }
  void put_entity(const std::string& type, const std::string& id, const std::string& properties) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
      TRY(tx.entities().put(type, id, properties, clock.now()));
      TRY(tx.changes().append_name(ChangeKind::entity, type + ":" + id));
      return {};
    }));
  }
  static std::string question(const std::string& subject, const std::string& action,
                              const std::string& resource = R"({"type":"record","id":"1"})") {
    return R"({"subject":)" + subject + R"(,"action":)" + action + R"(,"resource":)" + resource +
           "}";
  }
  static std::string agent(const std::string& id) {
    return R"({"type":"agent","id":")" + id + "\"}";
  }
  Answer ask(std::string_view path, const std::string& body, const std::string& token) {
    return post(std::string(path), body, token);
  }
  // "true granted", "false not_granted", or the status and its detail.
  static std::string told(const Answer& answer) {
    const auto json = parse_json(answer.body);
    if (answer.status != 200) return std::to_string(answer.status) + " " + answer.text("detail");
    return one(*json);
  }
  static std::string one(const JsonValue& json) {
    const JsonValue& context = *json.find("context");
    const std::string decision = json.find("decision")->boolean ? "true " : "false ";
    if (const JsonValue* error = context.find("error"))
      return decision + std::to_string(error->find("status")->integer) + " " +
             std::string(error->find("message")->text);
    return decision + std::string(context.find("reason")->text);
  }
  static std::string all(const Answer& answer) {
    const auto json = parse_json(answer.body);
    if (answer.status != 200 || json->find("evaluations") == nullptr) return told(answer);
    std::string text;
    for (const JsonValue& item : json->find("evaluations")->items)
      text += (text.empty() ? "" : "; ") + one(item);
    return text;
  }

  const std::string alice = R"({"type":"user","id":"alice"})";
  const std::string read = R"({"name":"read"})";
  std::string gate = token_with({"agentauth:access:evaluate"});
  std::string trusted = token_with({"agentauth:access:evaluate", "agentauth:access:assert"});
};

TEST_F(AccessApiTest, ADecisionSaysWhatItRestsOn) {
  const Answer answer = ask(evaluation, question(alice, read), gate);
  EXPECT_EQ(told(answer), "true granted");
  EXPECT_EQ(answer.pool, http::Pool::none);
  const auto json = parse_json(answer.body);
  EXPECT_EQ(json->find("context")->find("grants")->items.size(), 1U);
  EXPECT_EQ(json->find("context")->find("revision")->integer, replica.revision());
  EXPECT_EQ(answer.header("X-AgentAuth-Revision"), "");
}

TEST_F(AccessApiTest, WhatIsNotGrantedIsFalseAndNoError) {
  const std::string bob = R"({"type":"user","id":"bob"})";
  EXPECT_EQ(told(ask(evaluation, question(bob, read), gate)), "false not_granted");
  for (const char* action : {"*", "re*", "read:*", "not a permission", "agentauth:*"})
    EXPECT_EQ(
        told(ask(evaluation, question(alice, R"({"name":")" + std::string(action) + "\"}"), gate)),
        "false not_granted")
        << action;
  EXPECT_EQ(told(ask(evaluation, question(agent(AgentId{}.to_string()), read), gate)),
            "false agent_unknown");
}

TEST_F(AccessApiTest, StoredAttributesDecideAndWhatIsSentOnlyFromWhoMayAssert) {
  const std::string archived = R"({"type":"record","id":"2","properties":{"status":"active"}})";
  const std::string unknown = R"({"type":"record","id":"3","properties":{"status":"active"}})";
  const std::string write = R"({"name":"write"})";
  const std::string soft = R"({"name":"delete","properties":{"soft":true}})";
  EXPECT_EQ(told(ask(evaluation, question(alice, write), gate)), "true granted");
  EXPECT_EQ(told(ask(evaluation, question(alice, write, archived), trusted)), "false not_granted");
  EXPECT_EQ(told(ask(evaluation, question(alice, write, unknown), trusted)), "true granted");
  EXPECT_EQ(told(ask(evaluation, question(alice, write, unknown), gate)), "false not_granted");
  EXPECT_EQ(told(ask(evaluation, question(alice, soft), trusted)), "true granted");
  EXPECT_EQ(told(ask(evaluation, question(alice, soft), gate)), "false not_granted");
}

TEST_F(AccessApiTest, EachMistakeIsNamed) {
  const std::string resource = R"({"type":"record","id":"1"})";
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"{}", "subject is required"},
      {question("1", read), "subject must be an object"},
      {question(R"({"id":"a"})", read), "subject.type is required"},
      {question(R"({"type":"user"})", read), "subject.id is required"},
      {question(R"({"type":"user","id":1})", read), "subject.id must be a text"},
      {question(R"({"type":"user","id":""})", read), "subject.id must not be empty"},
      {question(alice, "{}"), "action.name is required"},
      {question(alice, R"({"name":true})"), "action.name must be a text"},
      {question(alice, read, R"({"type":"record"})"), "resource.id is required"},
      {question(alice, read, R"({"type":"a b","id":"1"})"),
       "resource.type must be 1 to 64 characters of A-Z a-z 0-9 _ . -"},
      {question(R"({"type":"user","id":"a","properties":[]})", read),
       "subject.properties must be an object"},
      {R"({"subject":)" + alice + R"(,"action":)" + read + "}", "resource is required"},
      {R"({"context":1,)" + question(alice, read).substr(1), "context must be an object"},
  };
  for (const auto& [body, message] : mistakes)
    EXPECT_EQ(told(ask(evaluation, body, gate)), "400 " + message) << body;
  EXPECT_EQ(told(ask(evaluation, R"({"more":[1],)" + question(alice, read).substr(1), gate)),
            "true granted");
}

TEST_F(AccessApiTest, ManyAreAnsweredInOrderAndABadOneIsItsOwnError) {
  const std::string defaults = R"({"subject":)" + alice + R"(,"action":)" + read + ",";
  const std::string items =
      R"("evaluations":[{"resource":{"type":"record","id":"1"}},)"
      R"({"resource":{"type":"record","id":"1"},"action":{"name":"fly"}},{"resource":{"id":"1"}},)"
      R"(7,{"resource":{"type":"record","id":"2"}}])";
  const auto with = [&](const std::string& semantic) {
    return defaults + items + R"(,"options":{"evaluations_semantic":")" + semantic + "\"}}";
  };
  const std::string whole =
      "true granted; false not_granted; false 400 resource.type is required; "
      "false 400 An evaluation must be an object; true granted";
  EXPECT_EQ(all(ask(evaluations, defaults + items + "}", gate)), whole);
  EXPECT_EQ(all(ask(evaluations, with("execute_all"), gate)), whole);
  EXPECT_EQ(all(ask(evaluations, with("deny_on_first_deny"), gate)),
            "true granted; false not_granted");
  EXPECT_EQ(all(ask(evaluations, with("permit_on_first_permit"), gate)), "true granted");
  EXPECT_EQ(all(ask(evaluations, with("EXECUTE_ALL"), gate)),
            "400 options.evaluations_semantic must be execute_all, deny_on_first_deny or "
            "permit_on_first_permit");
  const std::string resource = R"("resource":{"type":"record","id":"1"}})";
  EXPECT_EQ(all(ask(evaluations, defaults + resource, gate)), "true granted");
  EXPECT_EQ(all(ask(evaluations, defaults + R"("evaluations":[],)" + resource, gate)),
            "true granted");
  EXPECT_EQ(all(ask(evaluations, defaults + R"("evaluations":{}})", gate)),
            "400 evaluations must be an array");
  std::string many = defaults + R"("evaluations":[{})";
  for (int i = 0; i < 1000; ++i) many += ",{}";
  EXPECT_EQ(all(ask(evaluations, many + "]}", gate)),
            "400 evaluations must have at most 1000 items");
}

TEST_F(AccessApiTest, AnAgentIsCalledByItsIdOrByANameThatNoOtherHas) {
  const AgentId weather = replica.add_agent("WeatherBot");
  replica.grant(weather, "read");
  replica.add_agent("Twin");
  replica.add_agent("Twin");
  const Answer by_id = ask(evaluation, question(agent(weather.to_string()), read), gate);
  EXPECT_EQ(told(by_id), "true granted");
  EXPECT_EQ(by_id.pool, http::Pool::none);
  const Answer by_name = ask(evaluation, question(agent("WeatherBot"), read), gate);
  EXPECT_EQ(told(by_name), "true granted");
  EXPECT_EQ(by_name.pool, http::Pool::worker);
  EXPECT_EQ(told(ask(evaluation, question(agent("Twin"), read), gate)), "false agent_ambiguous");
  EXPECT_EQ(told(ask(evaluation, question(agent("Nobody"), read), gate)), "false agent_unknown");
}

TEST_F(AccessApiTest, WhoMayNotEvaluateAsksAboutItselfAlone) {
  const AgentId self = replica.add_agent("Selfish");
  replica.grant(self, "read");
  replica.add_agent("Other");
  const std::string token = token_of(self);
  EXPECT_EQ(told(ask(evaluation, question(agent(self.to_string()), read), token)), "true granted");
  EXPECT_EQ(told(ask(evaluation, question(agent("Selfish"), read), token)), "true granted");
  for (const std::string& other :
       {alice, agent("Other"), agent("Nobody"), agent(AgentId{}.to_string())}) {
    EXPECT_EQ(told(ask(evaluation, question(other, read), token)), "403 Permission denied");
    EXPECT_EQ(told(ask(evaluations, R"({"evaluations":[)" + question(other, read) + "]}", token)),
              "403 Permission denied");
  }
}

TEST_F(AccessApiTest, WhatMayBeUsedSoOftenIsCountedOncePerRequestIdOfAnEnforcer) {
  Terms twice;
  twice.max_uses = 2;
  const GrantId id = grant("user:alice", "pay", twice);
  const auto used = [&] {
    return value_of(
        replica.database().read([&](Transaction& tx) { return tx.grants().count_uses(id); }));
  };
  const auto pay = [&](const std::string& request_id) {
    return told(call({.method = http::Method::post,
                      .target = std::string(evaluation),
                      .body = question(alice, R"({"name":"pay"})"),
                      .headers = {{"X-Request-ID", request_id}},
                      .token = gate}));
  };
  EXPECT_EQ(pay("one"), "true granted");
  EXPECT_EQ(pay("one"), "true granted");
  EXPECT_EQ(used(), 1);
  EXPECT_EQ(pay("two"), "true granted");
  EXPECT_EQ(pay("three"), "false uses_spent");
  EXPECT_EQ(pay("two"), "true granted");
  EXPECT_EQ(used(), 2);
  const auto explained = [&](const std::string& action) {
    return ask("/access/v1/explain", question(alice, action), gate).body;
  };
  EXPECT_THAT(explained(R"({"name":"pay"})"), HasSubstr("it was used 2 times already"));
  Terms once;
  once.max_uses = 1;
  grant("user:alice", "order", once);
  const std::string order = R"({"name":"order"})";
  EXPECT_EQ(told(ask(evaluation, question(alice, order), gate)), "true granted");
  EXPECT_THAT(explained(order), HasSubstr("it was used already, and may be used once"));
}

TEST_F(AccessApiTest, TheSameQuestionInOneBatchIsOneUse) {
  Terms twice;
  twice.max_uses = 2;
  grant("user:alice", "pay", twice);
  const std::string item = question(alice, R"({"name":"pay"})");
  const auto pay_thrice = [&](const std::string& request_id) {
    return all(call({.method = http::Method::post,
                     .target = std::string(evaluations),
                     .body = R"({"evaluations":[)" + item + "," + item + "," + item + "]}",
                     .headers = {{"X-Request-ID", request_id}},
                     .token = gate}));
  };
  EXPECT_EQ(pay_thrice("one"), "true granted; true granted; true granted");
  EXPECT_EQ(pay_thrice("one"), "true granted; true granted; true granted");
  EXPECT_EQ(pay_thrice("two"), "true granted; true granted; true granted");
  EXPECT_EQ(pay_thrice("three"), "false uses_spent; false uses_spent; false uses_spent");
}

// What was sent is still there after the database was asked in between.
TEST_F(AccessApiTest, InOneRequestEachItemIsCounted) {
  Terms terms;
  terms.max_uses = 3;
  terms.when = R"(context.reason == "rent")";
  grant("user:alice", "pay", terms);
  std::string body = R"({"subject":)" + alice + R"(,"action":{"name":"pay"},)" +
                     R"("context":{"reason":"rent"},"evaluations":[)";
  for (int i = 0; i < 4; ++i)
    body += std::string(i == 0 ? "" : ",") + R"({"resource":{"type":"bill","id":")" +
            std::to_string(i) + "\"}}";
  EXPECT_EQ(all(ask(evaluations, body + "]}", trusted)),
            "true granted; true granted; true granted; false uses_spent");
}

TEST_F(AccessApiTest, AQuestionAboutOneselfUsesNothingUp) {
  const AgentId self = replica.add_agent();
  Terms once;
  once.max_uses = 1;
  grant(subject_of(self), "pay", once);
  const std::string body = question(agent(self.to_string()), R"({"name":"pay"})");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(told(ask(evaluation, body, token_of(self))), "true granted");
  EXPECT_EQ(told(ask(evaluation, body, gate)), "true granted");
  EXPECT_EQ(told(ask(evaluation, body, gate)), "false uses_spent");
  EXPECT_EQ(told(ask(evaluation, body, token_of(self))), "false uses_spent");
}

// The check of one permission says what an evaluation does, and never uses anything up.
TEST_F(AccessApiTest, TheCheckOfAPermissionKnowsWhatIsUsedUpAndUsesNothing) {
  const AgentId self = replica.add_agent();
  Terms once;
  once.max_uses = 1;
  const GrantId id = grant(subject_of(self), "pay", once);
  const std::string path = "/agents/" + self.to_string() + "/permissions/pay";
  const std::string reader = token_with({"agentauth:permissions:read"});
  for (int i = 0; i < 2; ++i)
    for (const std::string& token : {reader, token_of(self)})
      EXPECT_EQ(get(path, token).text("reason"), "granted");
  EXPECT_EQ(value_of(replica.database().read(
                [&](Transaction& tx) { return tx.grants().count_uses(id); })),
            0);
  EXPECT_EQ(told(ask(evaluation, question(agent(self.to_string()), R"({"name":"pay"})"), gate)),
            "true granted");
  for (const std::string& token : {reader, token_of(self)}) {
    const Answer answer = get(path, token);
    EXPECT_EQ(answer.text("reason"), "uses_spent");
    EXPECT_NE(answer.body.find("\"decision\":false"), std::string::npos) << answer.body;
  }
  // Another one that allows it, also counted, still does.
  Terms twice;
  twice.max_uses = 2;
  grant(subject_of(self), "pay", twice);
  EXPECT_EQ(get(path, reader).text("reason"), "granted");
}

// Whatever there is to find, and nothing else, is what an evaluation says is so.
TEST_F(AccessApiTest, SearchesSayWhatEvaluationsSay) {
  Terms once;
  once.max_uses = 1;
  grant("user:bob", "read", once);
  Terms first_only;
  first_only.resource = "record:1";
  grant("user:carol", "read", first_only);
  Terms deny;
  deny.effect = Effect::deny;
  deny.resource = "record:2";
  grant("user:alice", "read", deny);
  const auto subject = [](std::string id) { return R"({"type":"user","id":")" + id + "\"}"; };
  const auto record = [](std::string id) { return R"({"type":"record","id":")" + id + "\"}"; };
  const auto search = [&](const std::string& what, const std::string& body) {
    const Answer answer = ask("/access/v1/search/" + what, body, gate);
    std::set<std::string> found;
    const auto json = parse_json(answer.body);
    for (const JsonValue& item : json->find("results")->items)
      found.emplace((what == "action" ? item.find("name") : item.find("id"))->text);
    return found;
  };
  EXPECT_TRUE(search("subject", question(subject("x"), read, record("1"))).contains("bob"));
  EXPECT_EQ(told(ask(evaluation, question(subject("bob"), read, record("1")), gate)),
            "true granted");
  for (const char* id : {"alice", "bob", "carol", "nobody"}) {
    for (const char* number : {"1", "2"}) {
      const bool is_so = told(ask(evaluation, question(subject(id), read, record(number)), gate))
                             .starts_with("true");
      const std::string body = question(subject(id), read, record(number));
      EXPECT_EQ(search("subject", body).contains(id), is_so) << id << number;
      EXPECT_EQ(search("resource", body).contains(number), is_so) << id << number;
      EXPECT_EQ(search("action", body).contains("read"), is_so) << id << number;
    }
  }
}

TEST_F(AccessApiTest, TheDecisionPointIsWhereTheRequestWentOrWhereItIsConfigured) {
  const std::string path = "/.well-known/authzen-configuration";
  EXPECT_EQ(get(path).text("policy_decision_point"), "http://localhost");
  EXPECT_EQ(get(path).text("search_subject_endpoint"), "http://localhost/access/v1/search/subject");
  settings.base_url = "https://auth.example.com";
  EXPECT_EQ(get(path).text("access_evaluation_endpoint"),
            "https://auth.example.com/access/v1/evaluation");
}

TEST_F(AccessApiTest, TheDecisionPointIsWhereATrustedProxyWasAskedIfThatIsOneHost) {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const auto ask = [&](Headers headers) {
    return call({.target = "/.well-known/authzen-configuration",
                 .headers = std::move(headers),
                 .from = "192.0.2.1"});
  };
  const std::string name = "X-Forwarded-Host";
  EXPECT_EQ(ask({{name, "a, b"}}).text("policy_decision_point"), "http://localhost") << "untrusted";
  settings.trusted_proxies.push_back(*Network::parse("192.0.2.1"));
  EXPECT_EQ(ask({}).text("policy_decision_point"), "http://localhost");
  for (const std::string host : {"auth.example.com", "auth.example.com:8443", "[2001:db8::1]:443"})
    EXPECT_EQ(ask({{name, host}, {"X-Forwarded-Proto", "https"}}).text("policy_decision_point"),
              "https://" + host);
  for (const std::string host : {"a, b", "a\"b", "a/b", "u@a", "a:b", "a b", ""})
    EXPECT_EQ(ask({{name, host}}).code(), "malformed_request") << host;
  EXPECT_EQ(ask({{name, "a"}, {"x-forwarded-host", "a"}}).code(), "malformed_request");
  EXPECT_EQ(ask({{name, "a"}, {name, "b"}}).status, 400);
}

// Enforcement points pass on what their clients choose.
TEST_F(AccessApiTest, AnotherQuestionIsAnotherUseWhateverIdItComesUnder) {
  Terms twice;
  twice.max_uses = 2;
  const GrantId id = grant("user:alice", "pay", twice);
  const auto pay = [&](const std::string& bill, const std::string& context,
                       const std::string& token) {
    return told(call(
        {.method = http::Method::post,
         .target = std::string(evaluation),
         .body = R"({"context":)" + context + "," +
                 question(alice, R"({"name":"pay"})", R"({"type":"bill","id":")" + bill + "\"}")
                     .substr(1),
         .headers = {{"X-Request-ID", "chosen"}},
         .token = token}));
  };
  EXPECT_EQ(pay("1", "{}", trusted), "true granted");
  EXPECT_EQ(pay("1", "{}", trusted), "true granted") << "the same question again";
  EXPECT_EQ(pay("1", R"({"amount":2})", trusted), "true granted");
  EXPECT_EQ(pay("2", "{}", trusted), "false uses_spent");
  EXPECT_EQ(value_of(replica.database().read(
                [&](Transaction& tx) { return tx.grants().count_uses(id); })),
            2);
  // What does not count makes no other question.
  EXPECT_EQ(pay("1", R"({"amount":3})", gate), "false uses_spent");
}

TEST_F(AccessApiTest, WhatDoesNotCountMakesNoOtherQuestion) {
  Terms once;
  once.max_uses = 1;
  grant("user:alice", "pay", once);
  for (const char* context : {R"({"a":1})", R"({"a":2})"})
    EXPECT_EQ(told(call({.method = http::Method::post,
                         .target = std::string(evaluation),
                         .body = R"({"context":)" + std::string(context) + "," +
                                 question(alice, R"({"name":"pay"})").substr(1),
                         .headers = {{"X-Request-ID", "one"}},
                         .token = gate})),
              "true granted");
}

// However many were given and used one after the other.
TEST_F(AccessApiTest, AQuestionFindsTheGrantThatIsLeftAmongManyThatAreUsedUp) {
  for (int i = 0; i < 80; ++i) {
    Terms terms;
    terms.max_uses = 1;
    terms.expires_at = clock.now() + Seconds{1000 + i};
    const GrantId id = grant("user:bob", "pay", terms);
    value_of(replica.database().write_apart(
        [&](Transaction& tx) { return tx.grants().spend(id, "use", clock.now()); }));
  }
  const std::string bob = R"({"type":"user","id":"bob"})";
  const std::string pay = R"({"name":"pay"})";
  const std::string search = "/access/v1/search/subject";
  const std::string change = R"({"change":{},"evaluations":[)" + question(bob, pay) + "]}";
  const Answer none = ask(search, question(bob, pay), gate);
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.body.find("bob"), std::string::npos);
  EXPECT_THAT(ask("/access/v1/simulate", change, gate).body, HasSubstr("uses_spent"));
  Terms more;
  more.max_uses = 1;
  grant("user:bob", "pay", more);
  EXPECT_THAT(ask(search, question(bob, pay), gate).body, HasSubstr("bob"));
  EXPECT_THAT(ask("/access/v1/explain", question(bob, pay), gate).body,
              HasSubstr(R"("reason":"granted")"));
  EXPECT_EQ(told(ask(evaluation, question(bob, pay), gate)), "true granted");
}

TEST_F(AccessApiTest, AConditionMaySayFromWhereWhatIsAssertedCounts) {
  const AgentId enforcer = replica.add_agent_with({"agentauth:access:evaluate"});
  Terms near;
  near.when = R"(inNetwork(context.address, "192.0.2.0/24") && context.method == "POST")";
  grant(subject_of(enforcer), "agentauth:access:assert", near);
  const std::string asked = question(alice, R"({"name":"delete","properties":{"soft":true}})");
  EXPECT_EQ(told(ask(evaluation, asked, token_of(enforcer))), "true granted");
  EXPECT_EQ(told(call({.method = http::Method::post,
                       .target = std::string(evaluation),
                       .body = asked,
                       .token = token_of(enforcer),
                       .from = "198.51.100.1"})),
            "false not_granted");
}

// Whoever matches a grant that decides nothing at will must not hide what it is denied.
TEST_F(AccessApiTest, AQuestionAboutOneselfLeavesNothingOnRecord) {
  const AgentId self = replica.add_agent("Selfish");
  Terms marking;
  marking.effect = Effect::audit;
  grant("agent:*", "look", marking);
  const std::string look = R"({"name":"look"})";
  for (const std::string& name : {self.to_string(), std::string("Selfish")})
    EXPECT_EQ(ask(evaluation, question(agent(name), look), token_of(self)).status, 200);
  EXPECT_EQ(ask(evaluation, question(agent(self.to_string()), look), gate).status, 200);
  // The match, and the denial.
  const auto events = audit_events(2);
  ASSERT_EQ(events.size(), 2U);
  for (const AuditEvent& event : events) EXPECT_NE(event.agent_id, self);
}

// On a core, and on a worker, where something is to be counted.
TEST_F(AccessApiTest, WhatAnAuditGrantMatchesIsOnRecordWithWhomAndWhatItWasAbout) {
  const AgentId enforcer = replica.add_agent_with({"agentauth:access:evaluate"});
  const AgentId weather = replica.add_agent("WeatherBot");
  Terms marking;
  marking.effect = Effect::audit;
  marking.resource = "record:*";
  grant("user:alice", "*", marking);
  grant("user:alice", "pay", marking);
  grant(subject_of(weather), "pay", marking);
  Terms counted;
  counted.max_uses = 5;
  grant("user:alice", "pay", counted);
  grant(subject_of(weather), "pay", counted);
  const std::string pay = R"({"name":"pay"})";
  const std::string token = token_of(enforcer);
  EXPECT_EQ(told(ask(evaluation, question(alice, read), token)), "true granted");
  EXPECT_EQ(told(ask(evaluation, question(alice, pay), token)), "true granted");
  EXPECT_EQ(told(ask(evaluation, question(agent("WeatherBot"), pay), token)), "true granted");
  ask(evaluations,
      R"({"evaluations":[)" + question(alice, read, R"({"type":"record","id":"2"})") + "]}", token);
  const auto events = audit_events(4);
  ASSERT_EQ(events.size(), 4U);
  for (const AuditEvent& event : events) {
    EXPECT_EQ(event.reason, AuditReason::audit_grant);
    EXPECT_EQ(event.outcome, AuditOutcome::success);
    EXPECT_EQ(event.agent_id, enforcer);
    EXPECT_EQ(event.target_type, AuditTargetType::resource);
  }
  const auto row = [](const AuditEvent& event) {
    return std::string(event.on_behalf_of.view()) + " " + std::string(event.detail.view()) + " " +
           std::string(event.target_id.view());
  };
  EXPECT_EQ(row(events[0]), "user:alice read record:1");
  EXPECT_EQ(row(events[1]), "user:alice pay record:1");
  EXPECT_EQ(row(events[2]), subject_of(weather) + " pay record:1");
  EXPECT_EQ(row(events[3]), "user:alice read record:2");
  EXPECT_EQ(events[0].target_agent_id, std::nullopt);
  EXPECT_EQ(events[2].target_agent_id, weather);
}

// Our own routes are about nothing in particular.
TEST_F(AccessApiTest, WhatAnAuditGrantMatchesOfACallIsOnRecordWithTheGrant) {
  const AgentId enforcer = replica.add_agent_with({"agentauth:access:evaluate"});
  Terms marking;
  marking.effect = Effect::audit;
  const GrantId marks = grant(subject_of(enforcer), "agentauth:*", marking);
  EXPECT_EQ(told(ask(evaluation, question(alice, read), token_of(enforcer))), "true granted");
  const auto events = audit_events(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].on_behalf_of.view(), "");
  EXPECT_EQ(events[0].target_type, AuditTargetType::permission);
  EXPECT_EQ(events[0].target_id.view(), "agentauth:access:evaluate");
  EXPECT_EQ(events[0].target_agent_id, enforcer);
  EXPECT_EQ(events[0].detail.view(), marks.to_string());
}

// It is admitted on the core and answered by a worker.
TEST_F(AccessApiTest, ACallThatGoesOnToAWorkerIsOnRecordOnce) {
  const AgentId enforcer = replica.add_agent_with({"agentauth:access:evaluate"});
  Terms marking;
  marking.effect = Effect::audit;
  grant(subject_of(enforcer), "agentauth:access:evaluate", marking);
  Terms counted;
  counted.max_uses = 5;
  grant("user:alice", "pay", counted);
  const std::string pay = question(alice, R"({"name":"pay"})");
  EXPECT_EQ(told(ask(evaluation, pay, token_of(enforcer))), "true granted");
  EXPECT_EQ(told(ask(evaluation, question(alice, read), token_of(enforcer))), "true granted");
  const auto events = audit_events(2);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(to_string(events[0].reason), "audit_grant");
  EXPECT_EQ(to_string(events[1].reason), "audit_grant");
  EXPECT_NE(events[0].request_id.view(), events[1].request_id.view());
}

TEST_F(AccessApiTest, ADeniedEvaluationIsOnRecordWithWhomItWasAbout) {
  const AgentId enforcer = replica.add_agent_with({"agentauth:access:evaluate"});
  const AgentId weather = replica.add_agent("WeatherBot");
  const std::string token = token_of(enforcer);
  const std::string write = R"({"name":"write"})";
  ask(evaluation, question(alice, read), token);
  ask(evaluation, question(agent(weather.to_string()), write), token);
  ask(evaluations,
      R"({"evaluations":[)" + question(alice, read) + "," +
          question(R"({"type":"user","id":"bob"})", read, R"({"type":"record","id":"2"})") + "," +
          question(agent("Nobody"), write) + ",7]}",
      token);
  const auto events = audit_events(3);
  ASSERT_EQ(events.size(), 3U);
  for (const AuditEvent& event : events) {
    EXPECT_EQ(event.action, AuditAction::request);
    EXPECT_EQ(event.outcome, AuditOutcome::denied);
    EXPECT_EQ(event.agent_id, enforcer);
    EXPECT_EQ(event.target_type, AuditTargetType::resource);
  }
  EXPECT_EQ(events[0].on_behalf_of.view(), subject_of(weather));
  EXPECT_EQ(events[0].target_agent_id, weather);
  EXPECT_EQ(events[0].target_id.view(), "record:1");
  EXPECT_EQ(events[0].detail.view(), "write");
  EXPECT_EQ(to_string(events[0].reason), "not_granted");
  EXPECT_EQ(events[1].on_behalf_of.view(), "user:bob");
  EXPECT_EQ(events[1].target_id.view(), "record:2");
  EXPECT_EQ(events[1].target_agent_id, std::nullopt);
  EXPECT_EQ(events[2].on_behalf_of.view(), "agent:Nobody");
  EXPECT_EQ(to_string(events[2].reason), "agent_unknown");
}

TEST_F(AccessApiTest, WhatIsNoEnforcementLeavesNothingOnRecord) {
  const AgentId self = replica.add_agent("Selfish");
  const std::string fly = R"({"name":"fly"})";
  for (const std::string& name : {self.to_string(), std::string("Selfish")})
    EXPECT_EQ(told(ask(evaluation, question(agent(name), fly), token_of(self))),
              "false not_granted");
  ask("/access/v1/explain", question(alice, fly), gate);
  ask("/access/v1/simulate", R"({"evaluations":[)" + question(alice, fly) + "]}", gate);
  ask("/access/v1/search/action",
      R"({"subject":)" + alice + R"(,"resource":{"type":"record","id":"1"}})", gate);
  ask(evaluation, question(alice, fly), gate);
  const auto events = audit_events(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].on_behalf_of.view(), "user:alice");
}

// The one that asks answers for principals that are no agents; an agent is denied in its own.
TEST_F(AccessApiTest, ABatchOfDenialsIsOnRecordWithinABudget) {
  const AgentId weather = replica.add_agent("WeatherBot");
  std::string items;
  for (int i = 0; i < 1000; ++i)
    items += (i == 0 ? "" : ",") + question(alice, R"({"name":"fly"})");
  for (int i = 0; i < 3; ++i) ask(evaluations, R"({"evaluations":[)" + items + "]}", gate);
  const auto dropped = [&](audit::Dropped why) {
    return recorder.state().dropped[static_cast<std::size_t>(why)];
  };
  EXPECT_EQ(dropped(audit::Dropped::flood), 2000U);
  const std::size_t kept = 1000 - dropped(audit::Dropped::queue_full);
  EXPECT_EQ(audit_events(kept).size(), kept);
  ask(evaluation, question(agent(weather.to_string()), R"({"name":"fly"})"), gate);
  EXPECT_EQ(audit_events(kept + 1).back().target_agent_id, weather)
      << "others have budgets of their own";
}

TEST_F(AccessApiTest, DecisionsAreCountedByEntryAndReason) {
  ask(evaluation, question(alice, read), gate);
  ask(evaluations,
      R"({"evaluations":[)" + question(alice, read) + "," + question(alice, R"({"name":"fly"})") +
          "," + question(agent("Nobody"), read) + ",7]}",
      gate);
  ask(evaluation, question(alice, read), token_with({}));
  const std::string text = get("/metrics").body;
  const auto counts = [&](std::string_view labels, int count) {
    EXPECT_THAT(text, HasSubstr("agentauth_decisions_total{" + std::string(labels) + "} " +
                                std::to_string(count) + "\n"));
  };
  counts(R"(entry="evaluation",decision="allow",reason="granted")", 2);
  counts(R"(entry="evaluation",decision="deny",reason="not_granted")", 1);
  counts(R"(entry="evaluation",decision="deny",reason="agent_unknown")", 1);
  counts(R"(entry="evaluation",decision="deny",reason="malformed")", 1);
  counts(R"(entry="route",decision="allow",reason="granted")", 2);
  counts(R"(entry="route",decision="deny",reason="not_granted")", 1);
}

TEST_F(AccessApiTest, AnExplanationShowsValuesToWhoMayReadThem) {
  Terms own;
  own.when = "resource.properties.status == subject.id";
  grant("agent:*", "edit", own);
  const AgentId self = replica.add_agent();
  const AgentId reader = replica.add_agent_with({"agentauth:entities:read"});
  const auto explained = [&](AgentId about, const std::string& token) {
    return ask("/access/v1/explain",
               question(agent(about.to_string()), R"({"name":"edit"})",
                        R"({"type":"record","id":"2"})"),
               token)
        .body;
  };
  const std::string condition = R"(resource.properties.status == subject.id is false)";
  EXPECT_THAT(explained(self, token_of(self)), HasSubstr(condition));
  EXPECT_EQ(explained(self, token_of(self)).find("archived"), std::string::npos);
  EXPECT_THAT(explained(self, gate), HasSubstr("archived"));
  EXPECT_THAT(explained(reader, token_of(reader)), HasSubstr("archived"));
}

// Joining a role would tell what it holds, and a condition what is stored.
TEST_F(AccessApiTest, WhoMayNotEvaluateSimulatesItsOwnGrantsAlone) {
  const AgentId self = replica.add_agent_with({"read"});
  const std::string subject = subject_of(self);
  const GrantId own = grant(subject, "look");
  const GrantId foreign = grant("user:alice", "look");
  const auto simulated = [&](const std::string& change, const std::string& asked) {
    return ask("/access/v1/simulate",
               R"({"change":)" + change + R"(,"evaluations":[)" + asked + "]}", token_of(self));
  };
  const auto about_self = [&](const std::string& action) {
    return question(agent(self.to_string()), R"({"name":")" + action + "\"}");
  };
  const std::string denied = R"({"decision":false,"reason":"not_granted"})";
  const std::string granted = R"({"decision":true,"reason":"granted"})";
  EXPECT_THAT(
      simulated(R"({"grants":{"remove":[")" + own.to_string() + R"("]}})", about_self("look")).body,
      HasSubstr(R"("before":)" + granted + R"(,"after":)" + denied));
  EXPECT_THAT(simulated(R"({"grants":{"add":[{"subject":")" + subject +
                            R"(","action":"fly","resource":"record:*"}]}})",
                        about_self("fly"))
                  .body,
              HasSubstr(R"("before":)" + denied + R"(,"after":)" + granted));
  const auto leaving = [&](const std::string& role) {
    return simulated(
        R"({"members":{"remove":[{"member":")" + subject + R"(","of":")" + role + R"("}]}})",
        about_self("fly"));
  };
  add_role("role:mine", subject);
  add_role("role:theirs", "user:alice");
  EXPECT_EQ(leaving("role:mine").status, 200);
  EXPECT_EQ(leaving("role:theirs").status, 422);
  EXPECT_THAT(leaving("role:theirs").body, HasSubstr(" is no member of role:theirs"));
  EXPECT_THAT(leaving("role:none").body, HasSubstr(" is no member of role:none"))
      << "no word of which roles there are";
  EXPECT_EQ(simulated("{}", question(alice, read)).status, 403) << "about somebody else";
  for (const std::string& change :
       {R"({"members":{"add":[{"member":")" + subject + R"(","of":"role:any"}]}})",
        R"({"members":{"remove":[{"member":"user:alice","of":"role:any"}]}})"s,
        R"({"grants":{"add":[{"subject":"agent:*","action":"fly"}]}})"s,
        R"({"grants":{"add":[{"subject":")" + subject +
            R"(","action":"fly","when":"resource.properties.status == \"active\""}]}})"})
    EXPECT_EQ(simulated(change, about_self("fly")).status, 403) << change;
  const Answer hidden =
      simulated(R"({"grants":{"remove":[")" + foreign.to_string() + R"("]}})", about_self("look"));
  EXPECT_EQ(hidden.status, 422);
  EXPECT_THAT(hidden.body, HasSubstr("there is no grant"));
}

// A node that knows less than the one before it would end the search too soon.
TEST_F(AccessApiTest, APageWaitsForWhatThePageBeforeKnew) {
  const auto search = [&](const std::string& page) {
    return ask("/access/v1/search/subject",
               R"({"subject":{"type":"user"},"action":{"name":"read"},)"
               R"("resource":{"type":"record","id":"1"},"page":)" +
                   page + "}",
               gate);
  };
  grant("user:bob", "read");
  const std::string query =
      "searchSubjects\n"
      R"({"type":"user"})"
      "\n"
      R"({"name":"read"})"
      "\n"
      R"({"type":"record","id":"1"})"
      "\n";
  const auto token = [&](Revision revision) {
    return R"({"token":")" + cursors.conceal(std::to_string(revision) + "/alice", query, random) +
           "\"}";
  };
  const Revision seen = replica.revision();
  EXPECT_THAT(search(token(seen)).body, HasSubstr("bob"));
  value_of(replica.database().migrate([&](Transaction& tx) -> Result<void> {
    TRY(tx.grants().insert({"user:carol", {}}, "read", {}));
    return note_change(tx, "user:carol");
  }));
  EXPECT_EQ(search(token(seen)).body.find("carol"), std::string::npos) << "not heard of yet";
  EXPECT_THAT(search(token(seen + 1)).body, HasSubstr("carol"));
  const Answer ahead = search(token(seen + 2));
  EXPECT_EQ(ahead.status, 422);
  EXPECT_THAT(ahead.body, HasSubstr(R"("field":"page.token","message":"is later than)"));
  EXPECT_EQ(search(R"({"limit":1000})").status, 200);
  EXPECT_EQ(search(R"({"limit":1001})").status, 400);
}

TEST_F(AccessApiTest, ASimulatedChangeIsRefusedForWhatARealOneIs) {
  add_role("role:b", "user:alice");
  add_role("role:a", "role:b");
  const auto simulated = [&](const std::string& change, const std::string& items) {
    const Answer answer =
        ask("/access/v1/simulate", R"({"change":)" + change + R"(,"evaluations":[)" + items + "]}",
            gate);
    return std::to_string(answer.status) + " " + answer.body;
  };
  const auto joining = [&](const std::string& members) {
    return simulated(R"({"members":)" + members + "}", question(alice, read));
  };
  const std::string cycle = R"({"member":"role:a","of":"role:b"})";
  for (const std::string& itself : {cycle, R"({"member":"role:b","of":"role:b"})"s})
    EXPECT_THAT(joining(R"({"add":[)" + itself + "]}"),
                AllOf(HasSubstr("422 "), HasSubstr(R"("field":"change.members.add[0]")"),
                      HasSubstr("already: a cycle")));
  EXPECT_THAT(joining(R"({"remove":[{"member":"role:b","of":"role:a"}],"add":[)" + cycle + "]}"),
              HasSubstr("200 "))
      << "two roles may change places";
  EXPECT_THAT(
      joining(R"({"add":[{"member":"user:c","of":"role:a"}],)"
              R"("remove":[{"member":"user:alice","of":"role:a"}]})"),
      AllOf(HasSubstr("422 "), HasSubstr(R"("field":"change.members.remove[0]",)"
                                         R"("message":"user:alice is no member of role:a")")));
  EXPECT_THAT(joining(R"({"add":[{"member":"agent:*","of":"role:a"}]})"),
              AllOf(HasSubstr("422 "), HasSubstr(R"("field":"change.members.add[0]")")));
  const std::string ended =
      R"({"grants":{"add":[{"subject":"user:a","action":"b"},)"
      R"({"subject":"user:a","action":"b","expires_at":"2001-01-01T00:00:00Z"}]}})";
  EXPECT_THAT(simulated(ended, question(alice, read)),
              AllOf(HasSubstr("422 "), HasSubstr(R"("field":"change.grants.add[1].expires_at",)"
                                                 R"("message":"must lie ahead")")));
  EXPECT_THAT(simulated("{}", ""),
              AllOf(HasSubstr("400 "), HasSubstr("evaluations must have at least one item")));
  EXPECT_THAT(ask("/access/v1/simulate", R"({"change":{}})", gate).body,
              HasSubstr("evaluations is required"));
}

TEST_F(AccessApiTest, AMistakeInASimulatedChangeIsNamedWithItsPlace) {
  const auto simulated = [&](const std::string& change) {
    const Answer answer =
        ask("/access/v1/simulate",
            R"({"change":)" + change + R"(,"evaluations":[)" + question(alice, read) + "]}", gate);
    return std::to_string(answer.status) + " " + answer.body;
  };
  EXPECT_THAT(simulated("{}"), HasSubstr("200 "));
  for (const char* change :
       {R"({"grant":{}})", R"({"grants":{"added":[]}})", R"({"members":{"delete":[]}})"})
    EXPECT_THAT(simulated(change), HasSubstr("400 ")) << change;
  EXPECT_THAT(simulated(R"({"grants":{"added":[]}})"), HasSubstr("change.grants.added"));
  const std::string good = R"({"subject":"user:a","action":"b"})";
  EXPECT_THAT(simulated(R"({"grants":{"add":[)" + good +
                        R"(,{"subject":"user:a","action":"b","when":"1 +"}]}})"),
              HasSubstr(R"("field":"change.grants.add[1].when")"));
  EXPECT_THAT(simulated(R"({"grants":{"add":[{"subject":"user:a","action":"b","until":1}]}})"),
              HasSubstr("change.grants.add[0]: Unknown field: until"));
  EXPECT_THAT(simulated(R"({"members":{"add":[{"member":"user:a"}]}})"),
              HasSubstr(R"("field":"change.members.add[0].of")"));
  EXPECT_THAT(simulated(R"({"grants":{"remove":["0b6f4f5e-8a2f-4c58-9f0e-1d2c3b4a5968"]}})"),
              HasSubstr(R"("field":"change.grants.remove[0]")"));
  EXPECT_THAT(simulated(R"({"members":{"add":[{"member":"user:a","of":"role:none"}]}})"),
              HasSubstr(R"("field":"change.members.add[0]","message":"There is no role:none")"));
  EXPECT_THAT(
      simulated(R"({"grants":{"add":[{"subject":"user:a","action":"b","resource":"c:d*e"}]}})"),
      HasSubstr(R"("field":"change.grants.add[0].resource")"));
  EXPECT_THAT(simulated(R"({"grants":{"remove":["x"]}})"), HasSubstr("change.grants.remove[0]"));
}

}  // namespace
}  // namespace agentauth::api

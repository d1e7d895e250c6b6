// Evaluations of AuthZEN, as a caller of the API meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/access_fixture.h"

namespace agentauth::api {
namespace {

using ::testing::HasSubstr;

class AccessApiTest : public AccessFixture {};

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

}  // namespace
}  // namespace agentauth::api

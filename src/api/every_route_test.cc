// What holds for every operation of the table, tested by reading the table.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::Method;

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  if (const std::size_t at = text.find(what); at != std::string::npos)
    text.replace(at, what.size(), with);
  return text;
}

class EveryRouteTest : public ApiFixture {
 protected:
  EveryRouteTest() {
    replica.grant(target, "read_weather");
    key_id = replica.add_key(target, "AAAAAAAAAAA1").key_id.to_string();
    add_gateway_routes();
    add_policies();
  }

  void add_gateway_routes() {
    value_of(replica.database().write([&](Transaction& tx) {
      return gateway_routes.replace(tx, {{{{"*"}, "*", "/**", "read_weather", {}}}});
    }));
    value_of(gateway_routes.follow(replica.directory().settings_revision()));
  }

  // What the calls about roles, groups, grants and attributes find.
  void add_policies() {
    grant_id = value_of(replica.database().write([&](Transaction& tx) -> Result<GrantId> {
                 for (const char* principal : {"role:reader", "group:reader"}) {
                   const auto role = TRY(tx.roles().insert(principal, ""));
                   TRY(tx.grants().insert({principal, {}, role->id}, "read_weather", {}));
                   TRY(tx.changes().append_name(ChangeKind::principal, principal));
                 }
                 TRY(tx.entities().put("record", "1", "{}", clock.now()));
                 TRY(tx.changes().append_name(ChangeKind::entity, "record:1"));
                 return TRY(tx.grants().insert({"user:alice"}, "read_weather", {})).id;
               })).to_string();
  }

  // A call of that operation that would succeed if the caller may make it.
  Call good_call(const Operation& operation, const std::string& id) const {
    Call call{.method = operation.method, .target = std::string(operation.path)};
    call.target = replaced(call.target, "{id}", id);
    call.target = replaced(call.target, "{permission}", "read_weather");
    call.target = replaced(call.target, "{key_id}", key_id);
    call.target = replaced(call.target, "/docs/{file}", "/docs/init.js");
    call.target = replaced(call.target, "/explorer/{file}", "/explorer/main.js");
    call.target = replaced(call.target, "{email}", "target@example.com");
    if (operation.name == "registerAgent")
      call.body = R"({"agent_name":"Bot","owner_email":"ops@example.com"})";
    if (operation.name == "logIn") call.body = R"({"api_key":"wrong"})";
    if (operation.name == "refreshTokens") call.body = R"({"refresh_token":"wrong"})";
    if (operation.name == "updateAgent") call.body = R"({"agent_name":"Renamed"})";
    if (operation.name == "grantPermission") call.body = R"({"permission":"read_stock"})";
    if (operation.name == "replaceLimits") call.body = R"({"limits":[]})";
    if (operation.name == "replaceGatewayRoutes") call.body = R"({"routes":[]})";
    if (is_for_gateways(operation)) ask_as_gateway(call);
    if (operation.name == "createKey") call.body = R"({"name":"laptop"})";
    add_policy_names(operation, call);
    return call;
  }
  static void add_policy_names(const Operation& operation, Call& call) {
    static const std::string question =
        R"({"subject":{"type":"user","id":"alice"},"action":{"name":"read_weather"},)"
        R"("resource":{"type":"city","id":"berlin"}})";
    call.target = replaced(call.target, "{name}", "reader");
    call.target = replaced(call.target, "{member}", "user:alice");
    call.target = replaced(call.target, "{type}", "record");
    const std::string_view name = operation.name;
    if (name == "grantToRole" || name == "grantToGroup")
      call.body = R"({"permission":"read_stock"})";
    if (name == "giveRole") call.body = R"({"role":"reader"})";
    if (name == "createRole" || name == "createGroup") call.body = R"({"name":"writer"})";
    if (name == "putRole" || name == "putGroup") call.body = R"({"about":"Reads"})";
    if (name == "putAgentRole" || name == "putRoleMember" || name == "putGroupMember")
      call.body = R"({"expires_at":"2099-01-01T00:00:00Z"})";
    if (name == "addRoleMember" || name == "addGroupMember")
      call.body = R"({"member":"user:alice"})";
    if (name == "putGrant") call.body = R"({"subject":"user:bob","action":"read_stock"})";
    if (name == "simulateAccess") {
      call.body = R"({"change":{},"evaluations":[]})";
      call.body.insert(call.body.size() - 2, question);
    } else if (operation.path.starts_with("/access/v1/")) {
      call.body = question;
    }
    if (name == "applyPolicy")
      call.body = R"({"entities":[{"type":"record","id":"1","properties":{"a":1}}]})";
    if (name == "putEntity") call.body = R"({"properties":{"status":"active"}})";
  }
  Call good_call(const Operation& operation) const {
    if (operation.path.starts_with("/grants/")) return good_call(operation, grant_id);
    if (operation.path.starts_with("/entities/")) return good_call(operation, "1");
    return good_call(operation, target.to_string());
  }
  static bool is_operation(Method method, std::string_view path) {
    const auto table = operations();
    return std::any_of(table.begin(), table.end(), [&](const Operation& operation) {
      return operation.method == method && operation.path == path;
    });
  }
  static bool is_about_an_agent(const Operation& operation) {
    return operation.path.starts_with("/agents/{id}");
  }
  Answer as(Call request, const std::string& token) {
    request.token = token;
    return call(request);
  }
  // A question that every gateway asks in its own way, about a path that needs a permission.
  static void ask_as_gateway(Call& call) {
    if (call.method == Method::any) call.method = Method::get;
    call.target = replaced(call.target, "*", "x");
    for (const char* name : {"X-Original-Method", "X-Forwarded-Method"})
      call.headers.emplace_back(name, "GET");
    for (const char* name : {"X-Original-URI", "X-Forwarded-Uri"})
      call.headers.emplace_back(name, "/x");
  }
  static bool is_for_gateways(const Operation& operation) {
    return operation.access == Access::gateway;
  }
  static bool needs_agent(const Operation& operation) {
    return operation.access != Access::anonymous && operation.access != Access::registrant;
  }
  // Their good calls here carry a credential that is none.
  static bool hands_out_tokens(const Operation& operation) {
    return operation.name == "logIn" || operation.name == "refreshTokens";
  }
  static bool needs_permission(const Operation& operation) {
    return operation.access == Access::permission ||
           operation.access == Access::permission_or_self ||
           operation.access == Access::permission_or_about_self;
  }

  AgentId target = replica.add_agent("Target", "target@example.com");
  std::string key_id;
  std::string grant_id;
  std::string administrator = token_with({"agentauth:*", "read_weather", "read_stock"});
};

TEST_F(EveryRouteTest, WhoMaySucceedsAsTheTableSays) {
  // What deletes comes late, and what ends the caller's own key or token last.
  std::vector<const Operation*> order;
  for (const Operation& operation : operations()) order.push_back(&operation);
  std::stable_sort(order.begin(), order.end(), [](const Operation* a, const Operation* b) {
    const auto rank = [](const Operation* operation) {
      return operation->name == "logOut"         ? 4
             : operation->name == "rotateOwnKey" ? 3
             : operation->name == "deleteAgent" || operation->name == "deleteRole" ||
                     operation->name == "deleteGroup"
                 ? 2
             : operation->method == Method::delete_ ? 1
                                                    : 0;
    };
    return rank(a) < rank(b);
  });
  for (const Operation* operation : order) {
    const Answer answer = as(good_call(*operation), administrator);
    const int expected = hands_out_tokens(*operation) ? 401 : operation->status;
    const bool was_so_already =
        operation->status_already != 0 && answer.status == operation->status_already;
    EXPECT_TRUE(answer.status == expected || was_so_already)
        << operation->name << ": " << answer.status << " " << answer.body;
    const bool inline_ = operation->runs == Runs::inline_ ||
                         operation->runs == Runs::worker_if_needed || hands_out_tokens(*operation);
    EXPECT_EQ(answer.pool == http::Pool::none, inline_) << operation->name;
    EXPECT_EQ(answer.count("X-Request-ID"), 1U) << operation->name;
  }
}

TEST_F(EveryRouteTest, AnonymousIsUnauthenticatedAndNothingChanges) {
  const auto before = everything();
  for (const Operation& operation : operations()) {
    if (!needs_agent(operation)) continue;
    const Answer answer = call(good_call(operation));
    EXPECT_EQ(answer.status, 401) << operation.name;
    EXPECT_EQ(answer.code(), "unauthenticated") << operation.name;
    EXPECT_EQ(answer.header("WWW-Authenticate"), R"(Bearer realm="agentauth")") << operation.name;
    EXPECT_EQ(answer.pool, http::Pool::none) << operation.name << " costs nothing";
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(EveryRouteTest, CredentialsThatDoNotWorkAreAllTheSame401) {
  const AgentId erased = replica.add_agent_with({"agentauth:*"});
  const AgentId suspended = replica.add_agent_with({"agentauth:*"});
  const std::string tokens_that_fail[] = {"x",
                                          "a.b.c",
                                          token_of(erased),
                                          token_of(suspended),
                                          token_of(AgentId{}),
                                          administrator + "x"};
  replica.erase(erased);
  replica.suspend(suspended);
  const auto before = everything();
  for (const Operation& operation : operations()) {
    if (!needs_agent(operation)) continue;
    for (const std::string& token : tokens_that_fail) {
      const Answer answer = as(good_call(operation), token);
      EXPECT_EQ(answer.status, 401) << operation.name;
      EXPECT_EQ(answer.text("detail"), "The access token is not valid") << operation.name;
      EXPECT_EQ(answer.header("WWW-Authenticate"),
                R"(Bearer realm="agentauth", error="invalid_token")");
    }
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(EveryRouteTest, WithoutItsPermissionItIsDeniedAndNothingChanges) {
  std::set<std::string> required;
  for (const Operation& operation : operations())
    if (!operation.permission.empty()) required.emplace(operation.permission);
  for (const Operation& operation : operations()) {
    if (!needs_permission(operation)) continue;
    // Every permission of the table but the one that is needed.
    const AgentId other = replica.add_agent();
    for (const std::string& permission : required)
      if (permission != operation.permission) replica.grant(other, permission);
    const auto before = everything();
    const Answer answer = as(good_call(operation), token_of(other));
    EXPECT_EQ(answer.status, 403) << operation.name << ": " << answer.body;
    EXPECT_EQ(answer.text("detail"), "Permission denied") << operation.name;
    EXPECT_EQ(answer.header("WWW-Authenticate"),
              R"(Bearer realm="agentauth", error="insufficient_scope", scope=")" +
                  std::string(operation.permission) + '"');
    EXPECT_EQ(everything(), before) << operation.name;
  }
}

TEST_F(EveryRouteTest, AnAgentMayAskAboutItselfWhereTheTableSaysSoAndNowhereElse) {
  for (const Operation& operation : operations()) {
    if (!is_about_an_agent(operation)) continue;
    const AgentId self = replica.add_agent_with({"read_weather"});
    const Answer answer = as(good_call(operation, self.to_string()), token_of(self));
    if (operation.access == Access::permission_or_self) {
      EXPECT_NE(answer.status, 403) << operation.name << ": " << answer.body;
    } else {
      EXPECT_EQ(answer.status, 403) << operation.name << ": " << answer.body;
    }
  }
}

TEST_F(EveryRouteTest, AnUnknownFieldIsRefusedAndNothingChanges) {
  const auto before = everything();
  for (const Operation& operation : operations()) {
    if (is_for_gateways(operation)) continue;  // query and body are the original request's
    Call body = good_call(operation);
    body.body = body.body.empty() ? R"({"unknown":1})"
                                  : body.body.substr(0, body.body.size() - 1) + R"(,"unknown":1})";
    Call query = good_call(operation);
    query.target += "?unknown=1";
    std::vector<Call> refused = {query};
    if (operation.binding.takes_authzen) {
      EXPECT_EQ(as(body, administrator).status, operation.status) << operation.name;
    } else {
      refused.push_back(body);
    }
    for (const Call& request : refused) {
      const Answer answer = as(request, administrator);
      EXPECT_EQ(answer.status, 400) << operation.name << ": " << answer.body;
      EXPECT_EQ(answer.code(), "malformed_request") << operation.name;
      EXPECT_NE(answer.text("detail").find("unknown"), std::string::npos) << operation.name;
    }
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(EveryRouteTest, AnEmptyObjectIsNoInput) {
  for (const Operation& operation : operations()) {
    if (operation.method != Method::get) continue;
    Call request = good_call(operation);
    request.body = "{}";
    EXPECT_EQ(as(request, administrator).status, 200) << operation.name;
  }
}

TEST_F(EveryRouteTest, ABodyThatIsNotReadMustBeJsonAllTheSame) {
  for (const Operation& operation : operations()) {
    if (operation.method != Method::get || is_for_gateways(operation)) continue;
    for (const char* body : {"x", "[]", "{\"a\":1,\"a\":1}", "{}{}"}) {
      Call request = good_call(operation);
      request.body = body;
      EXPECT_EQ(as(request, administrator).status, 400) << operation.name << " " << body;
    }
  }
}

TEST_F(EveryRouteTest, WhatTakesNoBodyTakesNoneOfAnyType) {
  for (const Operation& operation : operations()) {
    if (takes_body(operation) || is_for_gateways(operation)) continue;
    Call request = good_call(operation);
    request.body = "text";
    request.headers = {{"Content-Type", "text/plain"}};
    const Answer answer = as(request, administrator);
    EXPECT_EQ(answer.status, 400) << operation.name;
    EXPECT_EQ(answer.text("detail"), "This operation takes no body") << operation.name;
  }
}

// CVE-2025-61928: who is meant comes from the path or the credential, never from the body.
TEST_F(EveryRouteTest, AnIdInTheBodyIsAnUnknownField) {
  for (const Operation& operation : operations()) {
    if (operation.path.find("{id}") == std::string_view::npos) continue;
    for (const char* name : {"id", "agent_id", "status", "key_id", "created_at"}) {
      Call request = good_call(operation);
      request.body = "{\"" + std::string(name) + "\":\"" + target.to_string() + "\"}";
      EXPECT_EQ(as(request, administrator).status, 400) << operation.name << " " << name;
    }
  }
}

TEST_F(EveryRouteTest, AMalformedIdDoesNotExist) {
  const auto before = everything();
  const std::string id = target.to_string();
  for (const Operation& operation : operations()) {
    if (!is_about_an_agent(operation)) continue;
    for (const std::string& wrong :
         {std::string("x"), std::string("0"), std::string("null"), id + "0", id.substr(1),
          "%7B" + id + "%7D", id + "%20", std::string("..%2F..%2Fetc"), std::string("%F0%9F"),
          std::string("00000000-0000-4000-8000-000000000000")}) {
      const Answer answer = as(good_call(operation, wrong), administrator);
      EXPECT_EQ(answer.status, 404) << operation.name << " " << wrong << ": " << answer.body;
    }
    EXPECT_EQ(as(good_call(operation, "%zz"), administrator).status, 400) << operation.name;
    EXPECT_EQ(as(good_call(operation, "a%00b"), administrator).status, 400) << operation.name;
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(EveryRouteTest, AMalformedKeyIdDoesNotExist) {
  const std::string path = "/agents/" + target.to_string() + "/keys/";
  for (const char* wrong : {"x", "AAAAAAAAAAA1", "00000000-0000-4000-8000-000000000000"})
    EXPECT_EQ(as({.method = Method::delete_, .target = path + wrong}, administrator).status, 404);
}

TEST_F(EveryRouteTest, ABodyThatIsNotJsonIsRefused) {
  const auto before = everything();
  for (const Operation& operation : operations()) {
    if (operation.binding.request == nullptr || operation.method == Method::get) continue;
    if (is_for_gateways(operation)) continue;
    for (const char* body :
         {"{", "[]", "null", "\"x\"", "{}{}", "{\"a\":1,\"a\":1}", "\xEF\xBB\xBF{}", "{\"a\":NaN}",
          "{'a':1}", "{\"a\":1,}", "{\"\xFF\":1}"}) {
      Call request = good_call(operation);
      request.body = body;
      EXPECT_EQ(as(request, administrator).status, 400) << operation.name << " " << body;
    }
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(EveryRouteTest, WhenTheDatabaseHasNotBeenHeardOfNobodyIsToldAllowed) {
  for (const Operation& operation : operations()) {
    if (operation.access == Access::anonymous) continue;
    Call request = good_call(operation);
    request.later = std::chrono::hours{2};
    const Answer answer = as(request, administrator);
    if (is_for_gateways(operation)) {
      EXPECT_EQ(answer.header("X-AgentAuth-Reason"), "unavailable");
    }
    if (operation.only_verdicts) {
      EXPECT_EQ(answer.status, 403) << operation.name;
      continue;
    }
    EXPECT_EQ(answer.status, 503) << operation.name;
    EXPECT_EQ(answer.code(), "unavailable");
    EXPECT_EQ(answer.count("Retry-After"), 1U);
  }
}

TEST_F(EveryRouteTest, HeadIsServedWhereGetIs) {
  for (const Operation& operation : operations()) {
    if (operation.method != Method::get) continue;
    Call request = good_call(operation);
    request.method = Method::head;
    EXPECT_EQ(as(request, administrator).status, 200) << operation.name;
  }
}

TEST_F(EveryRouteTest, AnotherSpellingOfThePathIsAnotherPath) {
  for (const Operation& operation : operations()) {
    if (operation.path.ends_with("*")) continue;  // the rest is the original request's path
    Call request = good_call(operation);
    const std::string path = request.target;
    // Names that others give may hold anything.
    const bool ends_with_any_name =
        operation.path.ends_with("{member}") || operation.path.starts_with("/entities/");
    for (const std::string& other :
         {path + "/", "/" + path, "/." + path, path + ";a=b", path + "%2F"}) {
      if (ends_with_any_name && !other.ends_with(path) && !other.ends_with('/')) continue;
      request.target = other;
      const Answer answer = as(request, administrator);
      EXPECT_TRUE(answer.status == 404 || answer.status == 405 || answer.status == 422)
          << other << ": " << answer.status;
    }
  }
}

// A helper that may suspend agents or take permissions away must not lock an administrator out.
TEST_F(EveryRouteTest, NobodyChangesAnAdministratorWithoutBeingOne) {
  const std::string helper = token_with({"agentauth:agents:write", "agentauth:keys:write",
                                         "agentauth:permissions:write", "read_stock"});
  for (const Operation& operation : operations()) {
    if (!needs_permission(operation) || operation.method == Method::get) continue;
    if (!is_about_an_agent(operation)) continue;
    const AgentId chief = replica.add_agent_with({"agentauth:*", "read_weather"});
    const Call call = good_call(operation, chief.to_string());
    EXPECT_EQ(as(call, helper).status, 403) << operation.name;
    EXPECT_NE(as(call, administrator).status, 403) << operation.name;
  }
}

TEST_F(EveryRouteTest, AnotherMethodIsToldWhichAreAllowed) {
  for (const Operation& operation : operations()) {
    if (is_for_gateways(operation)) continue;
    Call request = good_call(operation);
    for (const Method method : {Method::options, Method::put, Method::other}) {
      if (is_operation(method, operation.path)) continue;
      request.method = method;
      const Answer answer = as(request, administrator);
      EXPECT_EQ(answer.status, 405) << operation.name;
      EXPECT_NE(answer.header("Allow").find(http::to_string(operation.method)), std::string::npos);
    }
  }
}

// RFC 6750 3: what is not missing is not asked for.
TEST_F(EveryRouteTest, WhoHoldsThePermissionIsNotSentAfterIt) {
  for (const Operation& operation : operations()) {
    if (!needs_permission(operation) || operation.method == Method::get) continue;
    if (!is_about_an_agent(operation)) continue;
    const AgentId chief = replica.add_agent_with({"agentauth:*"});
    const std::string helper = token_with({std::string(operation.permission)});
    const Answer answer = as(good_call(operation, chief.to_string()), helper);
    EXPECT_EQ(answer.status, 403) << operation.name;
    EXPECT_EQ(answer.header("WWW-Authenticate"),
              R"(Bearer realm="agentauth", error="insufficient_scope")")
        << operation.name;
  }
}

// What a gateway may resolve is nothing's name here: "." could be a permission's.
TEST_F(EveryRouteTest, ADotSegmentIsNoSuchPath) {
  for (const char* dots : {".", ".."}) {
    const std::string path = "/agents/" + target.to_string() + "/permissions/" + dots;
    EXPECT_EQ(get(path, administrator).status, 404) << dots;
  }
}

TEST_F(EveryRouteTest, AllowNamesEachMethodOnce) {
  const Answer answer = as({.method = Method::options, .target = "/agents/me"}, administrator);
  const std::string allowed = answer.header("Allow");
  EXPECT_EQ(allowed.find("GET"), allowed.rfind("GET")) << allowed;
}

}  // namespace
}  // namespace agentauth::api

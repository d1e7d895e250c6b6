#include "app/casbin_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agentauth::app {
namespace {

using testing::HasSubstr;

constexpr const char* rbac = R"(
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act, eft

[role_definition]
g = _, _   # one kind of role

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
)";

std::string model_with(const std::string& before, const std::string& after) {
  std::string model = rbac;
  return model.replace(model.find(before), before.size(), after);
}

std::string refusal(const std::string& model, const std::string& policy = "p, a, b, c\n") {
  const auto refused = convert_casbin(model, policy);
  return refused ? "converted: " + *refused : refused.error().message;
}

TEST(CasbinImportTest, UsersRolesAndNestedRolesKeepTheirMeaning) {
  const auto document = convert_casbin(rbac,
                                       "# who may do what to the ledger\n"
                                       "p, clerk, ledger, read\n"
                                       "p, chief, ledger, write, allow\n"
                                       "p, dora, \"vault, east\", open, deny\n"
                                       "\n"
                                       "g, dora, clerk\n"
                                       "g, chief, clerk\r\n"
                                       "g, emil, chief\n"
                                       "g, emil, chief\n");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(*document, R"({
  "roles": [
    {
      "name": "chief",
      "permissions": [
        {"permission":"write","resource":"object:ledger"}
      ],
      "members": [
        "user:emil"
      ]
    },
    {
      "name": "clerk",
      "permissions": [
        {"permission":"read","resource":"object:ledger"}
      ],
      "members": [
        "user:dora",
        "role:chief"
      ]
    }
  ],
  "grants": [
    {"subject":"user:dora","action":"open","resource":"object:vault, east","effect":"deny"}
  ]
})");
}

TEST(CasbinImportTest, AModelWithoutRolesHasGrantsAlone) {
  const auto document = convert_casbin(
      "[request_definition]\nr=sub,obj,act\n[policy_definition]\np=sub,obj,act\n"
      "[policy_effect]\ne=some(where(p.eft==allow))\n"
      "[matchers]\nm=r.sub==p.sub&&p.obj==r.obj&&r.act==p.act\n",
      "p,a,b,c");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_THAT(*document, HasSubstr(R"({"subject":"user:a","action":"c","resource":"object:b"})"));
  EXPECT_THAT(*document, testing::Not(HasSubstr("roles")));
}

TEST(CasbinImportTest, OtherModelsAreRefusedByName) {
  EXPECT_THAT(refusal(model_with("r = sub, obj, act", "r = sub, dom, obj, act")),
              HasSubstr("sub,dom,obj,act"));
  EXPECT_THAT(refusal(model_with("g = _, _ ", "g = _, _, _")), HasSubstr("domains"));
  EXPECT_THAT(refusal(model_with("g = _, _ ", "g = _, _\ng2 = _, _ ")),
              HasSubstr("role_definition.g2"));
  EXPECT_THAT(refusal(model_with("r.obj == p.obj", "keyMatch(r.obj, p.obj)")),
              HasSubstr("matcher"));
  EXPECT_THAT(refusal(model_with("r.act == p.act", "r.act == p.act || r.sub == \"root\"")),
              HasSubstr("matcher"));
  EXPECT_THAT(refusal(model_with(" && r.act == p.act", "")), HasSubstr("matcher"));
  EXPECT_THAT(refusal(model_with("g(r.sub, p.sub)", "r.sub == p.sub")), HasSubstr("go together"));
  EXPECT_THAT(refusal(model_with("some(where (p.eft == allow)) && ", "")),
              HasSubstr("policy effect"));
  EXPECT_THAT(refusal("nonsense"), HasSubstr("line 1"));
}

TEST(CasbinImportTest, AValueMayGoOnOnTheNextLine) {
  const std::string whole = refusal(rbac);
  ASSERT_THAT(whole, HasSubstr("converted: "));
  for (const char* matcher :
       {"m = g(r.sub, p.sub) && r.obj == p.obj && \\\n  r.act == p.act",
        "m = g(r.sub, p.sub) \\ \r\n&& r.obj == p.obj \\\n&& r.act == p.act",
        "m = \\\ng(r.sub, p.sub) && # so \\\nr.obj == p.obj && r.act == p.act # that is all",
        "# no value \\\nm = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"})
    EXPECT_EQ(
        refusal(model_with("m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act", matcher)),
        whole)
        << matcher;
  EXPECT_EQ(refusal(model_with("r = sub, obj, act", "r = sub, \\\nobj, act, dom")),
            refusal(model_with("r = sub, obj, act", "r = sub, obj, act, dom")));
}

TEST(CasbinImportTest, AValueThatGoesOnWithNothingIsRefused) {
  const std::string last = "r.act == p.act\n";
  for (const char* end : {"r.act == p.act \\", "r.act == p.act \\\n", "r.act == p.act \\\n\n",
                          "r.act == p.act \\\n# m\n", "r.act == p.act \\\n[matchers]\n"})
    EXPECT_EQ(refusal(model_with(last, end)),
              "the model's line 15 ends with a backslash, and nothing follows it")
        << end;
}

TEST(CasbinImportTest, ALineThatWouldMeanSomethingElseIsRefusedByItsNumber) {
  for (const auto& [line, why] : std::vector<std::pair<std::string, std::string>>{
           {"p, a, b", "must be p, sub, obj, act, eft"},
           {"p, a, b, c, maybe", "allow or deny"},
           {"p, a, data*, c", "ends with *"},
           {"p, a, *, c", "ends with *"},
           {"p, a, b, read all", "the action"},
           {"p, a, b, *", "the action"},
           {"p, a, , c", "empty field"},
           {"g, a", "g, user, role"},
           {"g, a, a", "its own member"},
           {"g, a, no such name", "role's name"},
           {"g2, a, b", "not a kind"},
           {"p, \"a, b, c", "quote"},
           {"p, \"a\"b, b, c", "text follows a closed quote"},
           {"p", "must be p, sub, obj, act, eft"},
           {"p, a, b, c, allow, more", "must be p, sub, obj, act, eft"},
           {"g, a, b, c", "g, user, role"},
           {"a line of text", "\"a line of text\" is not a kind"},
           {std::string(100'000, 'x'), std::string(60, 'x') + "...\" is not a kind"},
           {"p, " + std::string(300, 'a') + ", b, c", "aaa...\" cannot be a subject"},
           {"p, a, " + std::string(300, 'b') + ", c", "bbb...\" cannot be the id of a resource"},
           {"p, a, b, " + std::string(300, 'c'), "ccc...\" must be"},
           {"g, a, " + std::string(65, 'd'), "ddd...\" cannot be a role's name"},
           {"g, " + std::string(300, 'e') + ", b", "eee...\" cannot be a subject"},
           {"p, a, b, c" + std::string(1, '\0') + "d", "the action"},
       }) {
    const std::string told = refusal(rbac, "p, a, b, c\n" + line + "\n");
    EXPECT_THAT(told, HasSubstr("line 2: ")) << line;
    EXPECT_THAT(told, HasSubstr(why)) << line;
  }
}

TEST(CasbinImportTest, ACycleIsRefusedByTheLineThatClosesIt) {
  const std::string nested =
      "p, a, data, read\n"
      "g, alice, a\n"
      "g, a, b\n"
      "g, b, c\n"
      "g, a, c\n"
      "g, x, c\n";
  EXPECT_THAT(refusal(rbac, nested), HasSubstr("converted: "));
  EXPECT_EQ(refusal(rbac, nested + "g, c, a\ng, bob, c\ng, c, b\n"),
            "line 7: \"a\" is a member of \"c\" already: a cycle");
  EXPECT_EQ(refusal(rbac, "g, b, a\n\n# and back\ng, a, b\ng, a, b\n"),
            "line 4: \"b\" is a member of \"a\" already: a cycle");
}

TEST(CasbinImportTest, ADenyThatHadNoEffectIsNotGivenOne) {
  EXPECT_THAT(refusal(model_with(" && !some(where (p.eft == deny))", ""), "p, a, b, c, deny"),
              HasSubstr("no effect"));
}

}  // namespace
}  // namespace agentauth::app

// Searches of AuthZEN, as a caller of the API meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "api/testing/access_fixture.h"

namespace agentauth::api {
namespace {

using ::testing::HasSubstr;

class AccessSearchTest : public AccessFixture {};

// Whatever there is to find, and nothing else, is what an evaluation says is so.
TEST_F(AccessSearchTest, SearchesSayWhatEvaluationsSay) {
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

// A node that knows less than the one before it would end the search too soon.
TEST_F(AccessSearchTest, APageWaitsForWhatThePageBeforeKnew) {
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

}  // namespace
}  // namespace agentauth::api

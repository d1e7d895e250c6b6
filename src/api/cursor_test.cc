#include "api/cursor.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

const PageStart start{Timestamp{std::chrono::milliseconds{1'700'000'000'123}},
                      *Uuid::parse("0b51b2a3-8f0e-4a4e-9d0a-5c1f6f0a7e11")};

CursorCodec codec(std::uint8_t key = 7) { return CursorCodec(MasterKey(Bytes(32, key))); }

TEST(CursorTest, OpensWhereItWasSealed) {
  const auto opened = codec().open(codec().seal(start, "query"), "query");
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->created_at, start.created_at);
  EXPECT_EQ(opened->id, start.id);
}

TEST(CursorTest, FitsNoOtherQueryAndNoOtherDeployment) {
  const std::string cursor = codec().seal(start, "query");
  for (const char* other : {"", "quer", "query ", "query\n", "Query"})
    EXPECT_EQ(codec().open(cursor, other).error().code, Errc::malformed_request) << other;
  EXPECT_FALSE(codec(8).open(cursor, "query"));
}

// CVE-2026-33503 to 33505.
TEST(CursorTest, EachChangedBitIsNoticed) {
  const Bytes sealed = *base64url_decode(codec().seal(start, "query"));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << bit % 8));
    EXPECT_FALSE(codec().open(base64url_encode(changed), "query")) << bit;
  }
}

TEST(CursorTest, WhatIsNotACursorIsRefused) {
  const std::string cursor = codec().seal(start, "query");
  for (const std::string& wrong :
       {std::string(), std::string("x"), cursor + "A", cursor + "=", cursor.substr(1),
        std::string(cursor.size(), 'A'), std::string(512, 'A'), cursor + cursor})
    EXPECT_FALSE(codec().open(wrong, "query")) << wrong;
}

RC_GTEST_PROP(Cursor, NoiseIsNotACursor, (Bytes noise)) {
  RC_ASSERT(!codec().open(base64url_encode(noise), "query"));
}

struct Sealed {
  PageStart start;
  std::string query = *rc::gen::arbitrary<std::string>();
  std::string cursor;

  Sealed() {
    start.created_at = Timestamp{std::chrono::milliseconds{
        *rc::gen::inRange<std::int64_t>(-62'000'000'000'000, 253'000'000'000'000)}};
    for (std::uint8_t& byte : start.id.bytes) byte = *rc::gen::arbitrary<std::uint8_t>();
    cursor = codec().seal(start, query);
  }
};

RC_GTEST_PROP(Cursor, OpensWhereItWasSealedWhateverTheQuery, ()) {
  const Sealed sealed;
  const auto opened = codec().open(sealed.cursor, sealed.query);
  RC_ASSERT(opened.has_value());
  RC_ASSERT(opened->created_at == sealed.start.created_at);
  RC_ASSERT(opened->id == sealed.start.id);
}

RC_GTEST_PROP(Cursor, OpensForNoOtherQuery, ()) {
  const Sealed sealed;
  std::string other = sealed.query;
  const auto at = *rc::gen::inRange<std::size_t>(0, other.size() + 1);
  if (at < other.size() && *rc::gen::arbitrary<bool>()) {
    other[at] = static_cast<char>(other[at] ^ *rc::gen::inRange(1, 256));
  } else {
    other.insert(at, 1, *rc::gen::arbitrary<char>());
  }
  RC_ASSERT(!codec().open(sealed.cursor, other));
}

RC_GTEST_PROP(Cursor, NoticesAnyByteThatIsChanged, ()) {
  const Sealed sealed;
  std::string changed = sealed.cursor;
  const auto at = *rc::gen::inRange<std::size_t>(0, changed.size());
  changed[at] = static_cast<char>(changed[at] ^ *rc::gen::inRange(1, 256));
  RC_ASSERT(!codec().open(changed, sealed.query));
}

TEST(CursorTest, ANameIsHiddenAndFitsItsOwnQueryOnly) {
  const CursorCodec codec{MasterKey(Bytes(32, 1))};
  SystemRandom random;
  const std::string cursor = codec.conceal("alice", "query", random);
  EXPECT_EQ(*codec.reveal(cursor, "query"), "alice");
  EXPECT_EQ(cursor.find(base64url_encode(as_bytes("alice"))), cursor.npos);
  EXPECT_FALSE(codec.reveal(cursor, "other"));
  EXPECT_FALSE(CursorCodec{MasterKey(Bytes(32, 2))}.reveal(cursor, "query"));
  EXPECT_FALSE(codec.reveal(codec.seal({}, "query"), "query"));
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string changed = cursor;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(codec.reveal(changed, "query")) << i;
  }
}

class ListTest : public ApiFixture {
 protected:
  std::string next_of(const Answer& answer) { return answer.text("next_cursor"); }
  std::vector<std::string> ids_of(const Answer& answer, std::string_view name) {
    std::vector<std::string> ids;
    const auto json = parse_json(answer.body);
    if (!json) return {"not JSON"};
    for (const JsonValue& item : json->find("items")->items)
      ids.emplace_back(item.find(name)->text);
    return ids;
  }
  std::string administrator = token_with({"agentauth:*"});
};

TEST_F(ListTest, PagesHoldEveryItemOnceAndTheLastHasNoCursor) {
  for (int i = 0; i < 9; ++i) replica.add_agent("Bot" + std::to_string(i));
  std::vector<std::string> seen;
  std::string target = "/agents?limit=3";
  for (int page = 0; page < 10; ++page) {
    const Answer answer = get(target, administrator);
    ASSERT_EQ(answer.status, 200) << answer.body;
    for (std::string& id : ids_of(answer, "agent_id")) seen.push_back(std::move(id));
    if (next_of(answer).empty()) break;
    target = "/agents?limit=3&cursor=" + next_of(answer);
  }
  EXPECT_EQ(seen.size(), 10U);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
}

TEST_F(ListTest, APageThatIsJustFullHasNoNext) {
  replica.add_agent();
  EXPECT_TRUE(next_of(get("/agents?limit=2", administrator)).empty());
  EXPECT_FALSE(next_of(get("/agents?limit=1", administrator)).empty());
}

TEST_F(ListTest, ACursorServesItsOwnListOnly) {
  const AgentId first = replica.add_agent_with({"a", "b", "c"});
  const AgentId second = replica.add_agent_with({"a", "b", "c"});
  const std::string path = "/agents/" + first.to_string() + "/permissions";
  const std::string cursor = next_of(get(path + "?limit=1", administrator));
  ASSERT_FALSE(cursor.empty());
  EXPECT_EQ(get(path + "?cursor=" + cursor, administrator).status, 200);
  EXPECT_EQ(get(path + "?limit=2&cursor=" + cursor, administrator).status, 200);
  for (const std::string& other :
       {"/agents/" + second.to_string() + "/permissions?cursor=" + cursor,
        "/agents/" + first.to_string() + "/keys?cursor=" + cursor, "/agents?cursor=" + cursor,
        path + "?cursor=" + cursor.substr(1), path + "?cursor=AAAA", path + "?cursor=%2F"}) {
    const Answer answer = get(other, administrator);
    EXPECT_EQ(answer.status, 400) << other;
    EXPECT_EQ(answer.code(), "malformed_request");
  }
}

TEST_F(ListTest, ACursorOfOneFilterDoesNotServeAnother) {
  replica.add_agent("A");
  replica.add_agent("A");
  const std::string cursor = next_of(get("/agents?name=A&limit=1", administrator));
  ASSERT_FALSE(cursor.empty());
  EXPECT_EQ(get("/agents?name=A&cursor=" + cursor, administrator).status, 200);
  for (const char* filter : {"", "name=B&", "owner=A&", "name=A&status=active&"})
    EXPECT_EQ(get("/agents?" + std::string(filter) + "cursor=" + cursor, administrator).status, 400)
        << filter;
}

TEST_F(ListTest, TheLimitIsFromOneToAThousand) {
  for (const char* good : {"1", "100", "1000"})
    EXPECT_EQ(get("/agents?limit=" + std::string(good), administrator).status, 200) << good;
  for (const char* bad : {"0", "1001", "-1", "x", "", "1x", "1.5", "99999999999999999999"})
    EXPECT_EQ(get("/agents?limit=" + std::string(bad), administrator).status, 422) << bad;
  EXPECT_EQ(get("/agents?limit=1&limit=2", administrator).status, 400);
}

}  // namespace
}  // namespace agentauth::api

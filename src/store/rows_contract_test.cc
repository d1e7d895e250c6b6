// Statements for many rows: rows.h.
#include "store/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/testing/contract.h"

namespace agentauth {
namespace {

using testing::Backend;
using ::testing::ElementsAre;
using testing::must;
using testing::TestDatabase;

struct Thing {
  std::int64_t id = 0;
  std::optional<std::string> word = {};
  KeyId uid = {};
  Bytes data = {};
  bool operator==(const Thing&) const = default;
};

using InsertThings = RowsSql<"INSERT INTO things (id, word, uid, data) VALUES ", 4>;
using PutThings = RowsSql<"INSERT INTO things (id, word) VALUES ", 2,
                          " ON CONFLICT (id) DO UPDATE SET word = excluded.word">;
using DeleteThings = RowsSql<"DELETE FROM things WHERE id >= $1 AND id IN (", 1, ")", 1>;
using FindThings = RowsSql<"SELECT id FROM things WHERE uid IN (", 1, ")">;

class RowsContract : public ::testing::TestWithParam<Backend> {
 protected:
  RowsContract() {
    const ColumnTypes& types = driver_->column_types();
    must(session_->run_script("CREATE TABLE things (id BIGINT PRIMARY KEY, word TEXT, uid " +
                              std::string(types.uuid) + ", data " + std::string(types.bytes) +
                              ");"));
  }

  // Texts of all lengths, some of them absent; no two alike.
  static std::vector<Thing> things(std::int64_t count) {
    std::vector<Thing> things;
    for (std::int64_t i = 0; i < count; ++i) {
      Thing& thing = things.emplace_back();
      thing.id = i;
      if (i % 3 != 0) thing.word = std::string(static_cast<std::size_t>(i), 'x');
      thing.uid = must_parse(i);
      thing.data = Bytes(static_cast<std::size_t>(i % 5), static_cast<std::uint8_t>(i));
    }
    return things;
  }
  static KeyId must_parse(std::int64_t i) {
    std::string text = "00112233-4455-4677-8899-000000000000";
    const std::string digits = std::to_string(i);
    text.replace(text.size() - digits.size(), digits.size(), digits);
    return KeyId::parse(text).value();
  }
  Result<std::int64_t> insert(const std::vector<Thing>& things) {
    return execute_rows<InsertThings>(*session_, things, [](const Thing& thing, Params& out) {
      out.insert(out.end(), {thing.id, thing.word, thing.uid, thing.data});
    });
  }
  Result<std::int64_t> erase(const std::vector<std::int64_t>& ids, std::int64_t from) {
    return execute_rows<DeleteThings>(
        *session_, ids, [](std::int64_t id, Params& out) { out.emplace_back(id); }, {from});
  }
  std::vector<Thing> stored() {
    std::vector<Thing> things;
    must(session_->query("SELECT id, word, uid, data FROM things ORDER BY id", {},
                         [&](const Row& row) -> Result<void> {
                           Thing& thing = things.emplace_back();
                           thing.id = row.integer(0);
                           if (!row.is_null(1)) thing.word = row.text(1);
                           thing.uid = row.id<KeyId>(2);
                           const ByteView data = row.bytes(3);
                           thing.data = Bytes(data.begin(), data.end());
                           return {};
                         }));
    return things;
  }
  std::vector<std::int64_t> stored_ids() {
    std::vector<std::int64_t> ids;
    for (const Thing& thing : stored()) ids.push_back(thing.id);
    return ids;
  }

  TestDatabase database_{GetParam()};
  std::unique_ptr<Driver> driver_ = must(open_driver(database_.url()));
  std::unique_ptr<Session> session_ = must(driver_->connect());
};

INSTANTIATE_TEST_SUITE_P(Store, RowsContract, testing::every_backend, testing::backend_name);

TEST(RowsSql, EachRowHasItsParametersInTurn) {
  EXPECT_STREQ(PutThings::of<2>().text(),
               "INSERT INTO things (id, word) VALUES ($1,$2),($3,$4) "
               "ON CONFLICT (id) DO UPDATE SET word = excluded.word");
  EXPECT_STREQ(DeleteThings::of<3>().text(),
               "DELETE FROM things WHERE id >= $1 AND id IN ($2,$3,$4)");
  EXPECT_EQ(DeleteThings::of<3>().text(), DeleteThings::of<3>().text()) << "prepared once";
  EXPECT_THAT(InsertThings::of<64>().text(), ::testing::EndsWith("($253,$254,$255,$256)"));
  using Wide = RowsSql<"", 17>;
  EXPECT_THAT(Wide::of<64>().text(), ::testing::HasSubstr(",$999,$1000,"));
  EXPECT_THAT(Wide::of<64>().text(), ::testing::EndsWith(",$1088)"));
}

TEST_P(RowsContract, AnyNumberOfRowsIsStoredAsItIs) {
  for (const std::int64_t count : {0, 1, 2, 3, 7, 8, 11, 63, 64, 65, 200}) {
    const auto all = things(count);
    EXPECT_EQ(must(insert(all)), count);
    EXPECT_EQ(stored(), all);
    must(session_->execute("DELETE FROM things"));
  }
}

TEST_P(RowsContract, WhatIsInAListIsFoundAndChanged) {
  const auto all = things(100);
  must(insert(all));
  std::vector<std::int64_t> found;
  const auto looked_for = std::span(all).subspan(25);
  must(query_rows<FindThings>(
      *session_, looked_for, [](const Thing& thing, Params& out) { out.emplace_back(thing.uid); },
      [&](const Row& row) -> Result<void> {
        found.push_back(row.integer(0));
        return {};
      }));
  EXPECT_EQ(found.size(), 75U);
  EXPECT_EQ(*std::min_element(found.begin(), found.end()), 25);
  EXPECT_EQ(must(erase(found, 30)), 70);
  EXPECT_EQ(stored_ids().size(), 30U);
  EXPECT_EQ(must(erase(found, 0)), 5);
}

TEST_P(RowsContract, WhatIsThereMayBeReplaced) {
  must(insert(things(3)));
  const auto put = [&](const std::vector<Thing>& rows) {
    return must(execute_rows<PutThings>(*session_, rows, [](const Thing& thing, Params& out) {
      out.insert(out.end(), {thing.id, thing.word});
    }));
  };
  EXPECT_EQ(put({{.id = 2, .word = "new"}, {.id = 3}, {.id = 1}}), 3);
  EXPECT_THAT(stored_ids(), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(stored()[1].word, std::nullopt);
  EXPECT_EQ(stored()[2].word, "new");
  EXPECT_EQ(stored()[2].uid, must_parse(2)) << "the rest of it stays";
}

TEST_P(RowsContract, OneRowThatIsRefusedFailsTheTransactionOfAll) {
  auto all = things(100);
  all[90].id = 3;
  must(session_->begin(Access::write));
  const auto refused = insert(all);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  session_->rollback();
  EXPECT_TRUE(stored().empty());
  all[90].id = 90;
  all[70].word = std::string("a\0b", 3);
  must(session_->begin(Access::write));
  EXPECT_EQ(insert(all).error().code, Errc::invalid_argument);
  session_->rollback();
  EXPECT_TRUE(stored().empty());
}

TEST_P(RowsContract, AVisitorMayStopInTheMiddle) {
  const auto all = things(150);
  must(insert(all));
  int seen = 0;
  const auto stopped = query_rows<FindThings>(
      *session_, all, [](const Thing& thing, Params& out) { out.emplace_back(thing.uid); },
      [&](const Row&) -> Result<void> {
        if (++seen == 70) return failure(Errc::not_found, "Enough");
        return {};
      });
  EXPECT_EQ(stopped.error().message, "Enough");
  EXPECT_EQ(seen, 70);
}

}  // namespace
}  // namespace agentauth

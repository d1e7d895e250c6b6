// An index that says something else than the events is found on every database, and one that is
// being grown or forgotten is not taken for one.
#include "audit/index_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "audit/chain.h"
#include "store/testing/contract.h"

namespace agentauth::audit {
namespace {

using namespace std::chrono_literals;
using agentauth::testing::Backend;
using agentauth::testing::must;
using agentauth::testing::TestDatabase;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::int64_t span = AuditLog::span_length;

class AuditIndexCheck : public ::testing::TestWithParam<Backend> {
 protected:
  AuditIndexCheck() {
    database_->append_audit_by(append);
    record(2 * span + 100);
    for (int i = 0; i < 3; ++i)
      must(database_->write([](Transaction& tx) { return tx.audit().index(span); }));
    record(5);  // not indexed yet
  }

  void record(std::int64_t count) {
    std::vector<AuditEvent> events(static_cast<std::size_t>(count));
    for (AuditEvent& event : events) {
      event.at = Timestamp{1h * ++recorded_};
      if (recorded_ % 3 != 0) event.agent_id = agent(recorded_ % 3);
      if (recorded_ % 2 == 0) event.target_agent_id = agent(1);
    }
    must(database_->record(events));
  }
  static AgentId agent(std::int64_t number) {
    return AgentId{Uuid{std::array<std::uint8_t, 16>{static_cast<std::uint8_t>(number)}}};
  }
  void tamper(const std::string& sql) {
    must(database_->write([&](Transaction& tx) { return tx.session().run_script(sql); }));
  }
  // Begins with the index as it is, and has something done before the events are read.
  std::string check(
      std::int64_t start = 0, const std::function<void()>& meanwhile = [] {}) {
    struct Found {
      AuditHead head;
      AuditIndex index;
    };
    auto found = must(database_->snapshot([](Transaction& tx) -> Result<Found> {
      return Found{TRY(tx.audit().head()), TRY(tx.audit().whole_index())};
    }));
    const auto events =
        must(database_->read([&](Transaction& tx) { return tx.audit().after(start, 100'000); }));
    auto index = IndexCheck::create(std::move(found.index), start, found.head);
    if (!index) return index.error().message;
    meanwhile();
    for (const AuditEvent& event : events)
      if (const auto added = index->add(event, *database_); !added) return added.error().message;
    return "whole";
  }

  std::int64_t recorded_ = 0;
  TestDatabase where_{GetParam()};
  std::unique_ptr<Database> database_ = where_.open_migrated();
};

INSTANTIATE_TEST_SUITE_P(Audit, AuditIndexCheck, testing::every_backend, testing::backend_name);

TEST_P(AuditIndexCheck, AnIndexThatWasChangedIsFoundWhereItWas) {
  EXPECT_EQ(check(), "whole");
  struct Case {
    const char* change;
    const char* says;
  };
  const Case cases[] = {
      {"DELETE FROM audit_parties", "events 1 to 4000:"},
      {"DELETE FROM audit_parties WHERE sequence = 4001", "events 4001 to 8000:"},
      {"DELETE FROM audit_parties WHERE sequence = 8090", "events 8001 to 8100:"},
      {"UPDATE audit_parties SET sequence = 3 WHERE span = 1 AND sequence = 1",
       "events 1 to 4000:"},
      {"UPDATE audit_parties SET span = 4001 WHERE span = 1 AND sequence = 1", "events 1 to 4000:"},
      {"INSERT INTO audit_parties (span, agent_id, sequence) "
       "SELECT 4001, agent_id, 8001 FROM (SELECT agent_id FROM audit_parties LIMIT 1) AS one",
       "events 4001 to 8000:"},
      {"DELETE FROM audit_spans", "events 1 to 8100:"},
      {"DELETE FROM audit_spans WHERE first_sequence = 4001", "events 4001 to 8000:"},
      {"DELETE FROM audit_spans WHERE first_sequence = 8001", "events 8001 to 8100:"},
      {"UPDATE audit_spans SET last_sequence = 3999 WHERE first_sequence = 1",
       "events 4000 to 4000:"},
      {"UPDATE audit_spans SET first_sequence = 4000 WHERE first_sequence = 4001",
       "events 4000 to 8000:"},
      {"UPDATE audit_spans SET latest = earliest WHERE first_sequence = 1", "events 2 to 2:"},
      {"UPDATE audit_spans SET earliest = latest WHERE first_sequence = 1", "events 1 to 1:"},
      {"UPDATE audit_parties_end SET sequence = 9000", "events 8106 to 9000:"},
      {"UPDATE audit_parties_end SET sequence = 8105", "events 8101 to 8105:"},
      {"UPDATE audit_parties_end SET sequence = 8000", "events 8001 to 8100:"},
      {"DELETE FROM audit_parties_end", "events 1 to 4000:"},
  };
  tamper("CREATE TABLE kept_parties AS SELECT * FROM audit_parties");
  tamper("CREATE TABLE kept_spans AS SELECT * FROM audit_spans");
  for (const Case& one : cases) {
    tamper(one.change);
    EXPECT_THAT(check(), StartsWith(one.says)) << one.change;
    tamper(
        "DELETE FROM audit_parties; INSERT INTO audit_parties SELECT * FROM kept_parties;"
        "DELETE FROM audit_spans; INSERT INTO audit_spans SELECT * FROM kept_spans;"
        "DELETE FROM audit_parties_end; INSERT INTO audit_parties_end VALUES (8100)");
    ASSERT_EQ(check(), "whole") << one.change;
  }
}

TEST_P(AuditIndexCheck, OneThatGrowsMeanwhileIsWhole) {
  EXPECT_EQ(
      check(0,
            [&] {
              record(2 * span);
              for (int i = 0; i < 3; ++i)
                must(database_->write([](Transaction& tx) { return tx.audit().index(span); }));
            }),
      "whole");
  EXPECT_EQ(check(), "whole");
}

TEST_P(AuditIndexCheck, WhatIsForgottenIsNotMissed) {
  const auto forget = [&](std::int64_t up_to, std::int64_t pruned) {
    must(database_->write([&](Transaction& tx) -> Result<void> {
      TRY(tx.audit().insert_start({up_to, std::string(64, '0'), Timestamp{}, ""}));
      TRY(tx.audit().prune(up_to, pruned));
      return {};
    }));
  };
  EXPECT_EQ(check(0, [&] { forget(span + 10, 500); }), "whole") << "while it is looked at";
  EXPECT_EQ(check(span + 10), "whole") << "in part";
  forget(span + 10, 100'000);
  EXPECT_EQ(check(span + 10), "whole");
  tamper("DELETE FROM audit_parties WHERE sequence = 4500");
  EXPECT_THAT(check(span + 10), HasSubstr("events 4011 to 8000:"));
  forget(recorded_, 100'000);
  EXPECT_EQ(check(recorded_), "whole") << "all of it, before it was indexed";
  must(database_->write([](Transaction& tx) { return tx.audit().index(span); }));
  EXPECT_EQ(check(recorded_), "whole");
}

// As the guide says.
TEST_P(AuditIndexCheck, OneThatIsMadeAnewIsWhole) {
  tamper("DELETE FROM audit_parties WHERE sequence > 17; DELETE FROM audit_parties_end");
  tamper(
      "INSERT INTO audit_parties_end (sequence) SELECT 0 "
      "WHERE NOT EXISTS (SELECT 1 FROM audit_parties_end);"
      "UPDATE audit_parties_end SET sequence = 0;"
      "DELETE FROM audit_parties; DELETE FROM audit_spans");
  EXPECT_EQ(check(), "whole") << "lists read the events themselves";
  for (int i = 0; i < 3; ++i)
    must(database_->write([](Transaction& tx) { return tx.audit().index(span); }));
  EXPECT_EQ(check(), "whole");
}

}  // namespace
}  // namespace agentauth::audit

// Checkpoints, the second sink and retention, on a clock of our own.
#include "audit/keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <sstream>

#include "audit/chain.h"
#include "audit/verification.h"
#include "store/testing/contract.h"

namespace agentauth::audit {
namespace {

using namespace std::chrono_literals;
using agentauth::testing::Backend;
using agentauth::testing::must;
using agentauth::testing::TemporaryDirectory;
using agentauth::testing::TestDatabase;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

class AuditKeeper : public ::testing::TestWithParam<Backend> {
 protected:
  AuditKeeper() { database_->append_audit_by(append); }
  ~AuditKeeper() override { std::fclose(log_file_); }

  void record(int events) {
    std::vector<AuditEvent> all(static_cast<std::size_t>(events));
    for (AuditEvent& event : all) event.at = clock_.now();
    must(database_->record(all));
  }
  std::vector<AuditEvent> events() {
    return must(database_->read([](Transaction& tx) { return tx.audit().after(0, 100'000); }));
  }
  std::vector<StoredCheckpoint> checkpoints() {
    return must(database_->read([](Transaction& tx) { return tx.audit().checkpoints(); }));
  }
  // What the lines of the file say when they are verified; the error, if they do not.
  std::string verify_file() {
    std::vector<AuditEvent> found;
    std::vector<Checkpoint> signed_;
    std::ifstream file(path_);
    for (std::string text; std::getline(file, text);) {
      Line line = must(parse_line(text));
      if (auto* event = std::get_if<AuditEvent>(&line)) {
        found.push_back(*event);
      } else {
        signed_.push_back(std::get<Checkpoint>(line));
      }
    }
    auto verification = must(Verification::create(signed_, signer_.public_key()));
    for (const AuditEvent& event : found)
      if (const auto added = verification.add(event); !added) return added.error().message;
    if (const auto done = verification.finish(); !done) return done.error().message;
    const auto& report = verification.report();
    return std::to_string(report.first) + "-" + std::to_string(report.last) + " signed " +
           std::to_string(report.signed_up_to);
  }
  std::unique_ptr<Keeper> keeper(const Keeper::Options& options = {}) {
    return std::make_unique<Keeper>(*database_, signer_, clock_, log_, options);
  }

  TemporaryDirectory directory_;
  std::string path_ = (directory_.path() / "audit.jsonl").string();
  TestDatabase where_{GetParam(), agentauth::testing::Begins::migrated};
  std::unique_ptr<Database> database_ = where_.open_migrated();
  ManualClock clock_;
  std::FILE* log_file_ = std::tmpfile();
  Log log_{clock_, LogFormat::json, LogLevel::debug, fileno(log_file_)};
  Signer signer_{MasterKey(Bytes(32, 7))};
};

INSTANTIATE_TEST_SUITE_P(Audit, AuditKeeper, testing::shared_backends, testing::backend_name);

TEST_P(AuditKeeper, SignsCheckpointsByNumberAndByTime) {
  const auto keeper_ = keeper({.events_between_checkpoints = 10});
  must(keeper_->round());
  EXPECT_THAT(checkpoints(), SizeIs(0)) << "there is nothing to sign";
  record(3);
  must(keeper_->round());
  EXPECT_THAT(checkpoints(), SizeIs(1)) << "the first event";
  record(9);
  must(keeper_->round());
  EXPECT_THAT(checkpoints(), SizeIs(1));
  record(1);
  must(keeper_->round());
  ASSERT_THAT(checkpoints(), SizeIs(2)) << "ten more";
  clock_.advance(1h);
  must(keeper_->round());
  EXPECT_THAT(checkpoints(), SizeIs(2)) << "nothing is new";
  record(1);
  must(keeper_->round());
  EXPECT_THAT(checkpoints(), SizeIs(3)) << "an hour";
  record(1);
  must(keeper_->round(Keeper::Last::yes));
  ASSERT_THAT(checkpoints(), SizeIs(4)) << "the end";
  const StoredCheckpoint last = checkpoints().back();
  EXPECT_EQ(last.sequence, 15);
  EXPECT_EQ(last.hash, events().back().hash);
  EXPECT_TRUE(is_signed_by(signer_.shown(Purpose::checkpoint, last), signer_.public_key()));
  EXPECT_EQ(keeper_->head(), 15);
}

TEST_P(AuditKeeper, TheFileGoesOnWhereItStopped) {
  record(1500);
  {
    const auto first = keeper();
    first->write_to(must(FileSink::open(path_)));
    must(first->round());
    EXPECT_EQ(first->in_file(), 1500);
  }
  EXPECT_EQ(verify_file(), "1-1500 signed 1500");
  std::ofstream(path_, std::ios::app) << "{\"sequence\":1501,\"at\":";
  record(2);
  const auto second = keeper();
  second->write_to(must(FileSink::open(path_)));
  must(second->round(Keeper::Last::yes));
  EXPECT_EQ(verify_file(), "1-1502 signed 1502");
}

TEST_P(AuditKeeper, ARotatedFileVerifiesByItself) {
  record(5);
  const auto keeper_ = keeper();
  keeper_->write_to(must(FileSink::open(path_)));
  must(keeper_->round());
  std::filesystem::rename(path_, path_ + ".1");
  record(3);
  keeper_->reopen_file();
  must(keeper_->round(Keeper::Last::yes));
  EXPECT_EQ(verify_file(), "6-8 signed 8");
  path_ += ".1";
  EXPECT_EQ(verify_file(), "1-5 signed 5");
}

TEST_P(AuditKeeper, AFileOfAnotherTrailIsNotContinued) {
  record(5);
  {
    const auto first = keeper();
    first->write_to(must(FileSink::open(path_)));
    must(first->round());
  }
  TestDatabase elsewhere(GetParam(), agentauth::testing::Begins::migrated);
  const auto other = elsewhere.open_migrated();
  other->append_audit_by(append);
  must(other->record(std::vector<AuditEvent>(9)));
  Keeper second(*other, signer_, clock_, log_, {});
  second.write_to(must(FileSink::open(path_)));
  const auto refused = second.round();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("another trail"));
  EXPECT_EQ(verify_file(), "1-5 signed 5");
}

TEST_P(AuditKeeper, ForgetsOnlyUpToACheckpointThatIsOldEnough) {
  const auto keeper_ = keeper({.retention = std::chrono::days{7}});
  keeper_->write_to(must(FileSink::open(path_)));
  record(2500);
  must(keeper_->round());
  clock_.advance(4 * 24h);
  record(3);
  must(keeper_->round());
  EXPECT_THAT(events(), SizeIs(2503));
  clock_.advance(3 * 24h);
  must(keeper_->round());
  ASSERT_THAT(events(), SizeIs(3)) << "what the first checkpoint signed is a week old";
  EXPECT_EQ(events().front().sequence, 2501);

  std::vector<Checkpoint> signed_;
  for (const auto& start :
       must(database_->read([](Transaction& tx) { return tx.audit().starts(); })))
    signed_.push_back(signer_.shown(Purpose::start, start));
  for (const auto& checkpoint : checkpoints())
    signed_.push_back(signer_.shown(Purpose::checkpoint, checkpoint));
  auto verification = must(Verification::create(signed_, signer_.public_key()));
  for (const AuditEvent& event : events()) must(verification.add(event));
  must(verification.finish());
  EXPECT_EQ(verify_file(), "1-2503 signed 2503") << "the file keeps everything";
  must(keeper_->round());
  EXPECT_THAT(events(), SizeIs(3));
}

TEST_P(AuditKeeper, WhatTheFileLacksIsNotForgotten) {
  const auto keeper_ = keeper({.retention = std::chrono::days{1}});
  record(5);
  must(keeper_->round());
  clock_.advance(48h);
  const auto blocked = keeper({.retention = std::chrono::days{1}});
  blocked->write_to(must(FileSink::open(path_)));
  must(blocked->round());
  EXPECT_EQ(verify_file(), "1-5 signed 5") << "first into the file, then out of the database";
  EXPECT_THAT(events(), SizeIs(0));
}

TEST_P(AuditKeeper, ARotatedFileIsReplacedByAGoodOneOnly) {
  record(5);
  const auto keeper_ = keeper();
  keeper_->write_to(must(FileSink::open(path_)));
  must(keeper_->round());
  std::filesystem::rename(path_, path_ + ".1");
  const auto refused_for = [&](const std::string& content) {
    std::ofstream(path_) << content;
    record(1);
    keeper_->reopen_file();
    std::string why;
    for (int round = 0; round < 2; ++round) {
      const auto refused = keeper_->round();
      why = refused ? "taken" : refused.error().message;
    }
    std::stringstream left;
    left << std::ifstream(path_).rdbuf();
    EXPECT_EQ(left.str(), content) << "a foreign file was written on";
    std::filesystem::remove(path_);
    return why;
  };
  EXPECT_THAT(refused_for("my notes\n"), HasSubstr("something else"));
  std::string elsewhere;
  AuditEvent event;
  event.sequence = 2;
  event.hash = std::string(64, 'a');
  append_line(event, elsewhere);
  EXPECT_THAT(refused_for(elsewhere), HasSubstr("another trail"));
  EXPECT_THAT(refused_for(elsewhere + elsewhere.substr(0, 20)), HasSubstr("another trail"));
  std::filesystem::create_directory(path_);
  EXPECT_THAT(keeper_->round().error().message, HasSubstr("cannot open"));
  std::filesystem::remove(path_);
  must(keeper_->round(Keeper::Last::yes));
  EXPECT_EQ(verify_file(), "6-8 signed 8") << "what failed before is tried again";
}

// By an administrator's editor, a log rotation that copies and cuts, or an rm.
TEST_P(AuditKeeper, AFileThatAnotherProgramChangedIsLeftAloneUntilItIsOpenedAnew) {
  struct Case {
    std::function<void()> change;
    const char* says;
    const char* afterwards;  // SIGHUP, with the file moved away or as it is
  };
  const Case cases[] = {
      {[&] { std::ofstream(path_, std::ios::app) << "my notes\n"; }, "somebody wrote into it", ""},
      {[&] { std::ofstream(path_, std::ios::app) << "x"; }, "somebody wrote into it", ""},
      {[&] { std::filesystem::resize_file(path_, 700); }, "it was cut off", "goes on"},
      {[&] { std::filesystem::resize_file(path_, 0); }, "it was cut off", "begins"},
      {[&] { std::filesystem::remove(path_); }, "it was removed", "begins"},
      {[&] {
         std::ofstream(path_ + ".new") << "my notes\n";
         std::filesystem::rename(path_ + ".new", path_);
       },
       "it was removed", ""},
  };
  const auto content = [&] {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.says);
    std::filesystem::remove(path_);
    const auto keeper_ = keeper({.retention = std::chrono::days{1}});
    keeper_->write_to(must(FileSink::open(path_)));
    record(5);
    must(keeper_->round());
    const std::int64_t before = keeper_->in_file();
    one.change();
    const std::string left = content();
    EXPECT_FALSE(keeper_->round()) << "before there is anything to write";
    record(1);
    for (int round = 0; round < 2; ++round) {
      const auto refused = keeper_->round();
      ASSERT_FALSE(refused);
      EXPECT_THAT(refused.error().detail, HasSubstr(one.says));
    }
    EXPECT_EQ(content(), left);
    EXPECT_EQ(keeper_->in_file(), before) << "so that the alert fires";
    keeper_->reopen_file();
    const std::string_view afterwards = one.afterwards;
    if (afterwards.empty()) {
      EXPECT_FALSE(keeper_->round());
      EXPECT_EQ(content(), left);
      std::filesystem::rename(path_, path_ + ".1");
    }
    must(keeper_->round());
    EXPECT_EQ(keeper_->in_file(), before + 1);
    const std::int64_t first = afterwards == "goes on" ? 1 : before + 1;
    EXPECT_THAT(verify_file(), ::testing::StartsWith(std::to_string(first) + "-" +
                                                     std::to_string(before + 1) + " signed"));
  }
}

TEST_P(AuditKeeper, UntilItIsAskedForANewFileItGoesOnInTheOneThatWasMovedAway) {
  record(5);
  const auto keeper_ = keeper();
  keeper_->write_to(must(FileSink::open(path_)));
  must(keeper_->round());
  std::filesystem::rename(path_, path_ + ".1");
  record(2);
  must(keeper_->round());
  std::ofstream(path_).close();  // as logrotate's "create" does
  record(1);
  must(keeper_->round());
  EXPECT_EQ(keeper_->in_file(), 8);
  keeper_->reopen_file();
  record(1);
  must(keeper_->round(Keeper::Last::yes));
  EXPECT_EQ(verify_file(), "9-9 signed 9");
  path_ += ".1";
  EXPECT_THAT(verify_file(), ::testing::StartsWith("1-8 signed"));
}

TEST_P(AuditKeeper, NothingIsForgottenBehindAForgedCheckpoint) {
  const auto keeper_ = keeper({.retention = std::chrono::days{1}});
  record(5);
  must(keeper_->round());
  must(database_->write([](Transaction& tx) -> Result<void> {
    TRY(tx.session().execute("UPDATE audit_checkpoints SET sequence = 3"));
    return {};
  }));
  clock_.advance(48h);
  EXPECT_THAT(keeper_->round().error().message, HasSubstr("checkpoint"));
  EXPECT_THAT(events(), SizeIs(5));
}

TEST_P(AuditKeeper, TheLastRoundForgetsNothing) {
  record(5);
  must(keeper()->round());
  clock_.advance(48h);
  must(keeper({.retention = std::chrono::days{1}})->round(Keeper::Last::yes));
  EXPECT_THAT(events(), SizeIs(5)) << "who stops the server waits for it";
}

class AuditFile : public ::testing::Test {
 protected:
  // What is left of a file with that content when it was opened, and why it was not.
  std::pair<std::string, std::string> opened(const std::string& content) {
    std::ofstream(path_) << content;
    const auto sink = FileSink::open(path_);
    return {sink ? "taken" : sink.error().message, left()};
  }
  std::string left() const {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  static AuditEvent event_of(std::int64_t sequence) {
    AuditEvent event;
    event.sequence = sequence;
    event.hash = std::string(64, 'a');
    return event;
  }
  static std::string line_of(std::int64_t sequence) {
    std::string text;
    append_line(event_of(sequence), text);
    return text;
  }
  static void append(FileSink sink, std::int64_t sequence) {
    const AuditEvent event = event_of(sequence);
    must(sink.append(std::span(&event, 1)));
  }

  TemporaryDirectory directory_;
  std::string path_ = (directory_.path() / "file").string();
};

TEST_F(AuditFile, ThatHoldsSomethingElseStaysByteForByteAsItWas) {
  const std::string random("\x00\n{\xff\x8e not a line of ours \x01\x02", 27);
  const std::string line = line_of(7);
  const std::string foreign[] = {
      "my notes\n",
      "notes without a line break",
      random,
      random.substr(2),
      "[server]\nport = 8080\n# the last line has no break",
      "{}",
      line + "my notes\n",
      line + "my notes\nhalf",
      line + "half",
      line + "notes without a line break",
      std::string(100'000, 'x'),
      std::string(100'000, 'x') + "\n",
      line.substr(0, 12) + std::string(100'000, '7'),
      std::string(1, '\0'),
  };
  for (const std::string& content : foreign) {
    const auto [why, left] = opened(content);
    EXPECT_THAT(why, HasSubstr("something else")) << content.substr(0, 40);
    EXPECT_EQ(left, content);
  }
}

TEST_F(AuditFile, LosesOnlyTheHalfLineThatACrashLeft) {
  const std::string line = line_of(7);
  EXPECT_THAT(opened(""), Pair("taken", ""));
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{13}, line.size() - 1}) {
    for (const std::string& whole : {std::string(), line}) {
      const std::string content = whole + line.substr(0, bytes);
      EXPECT_THAT(opened(content), Pair("taken", content)) << "it may be of another trail";
      append(must(FileSink::open(path_)), 8);
      EXPECT_EQ(left(), whole + line_of(8)) << bytes;
    }
  }
}

TEST_F(AuditFile, ThatGrewWhileItWasOpenIsNotCut) {
  std::ofstream(path_) << line_of(7) << line_of(8).substr(0, 20);
  FileSink sink = must(FileSink::open(path_));
  std::ofstream(path_, std::ios::app) << line_of(8).substr(20);
  const AuditEvent event = event_of(8);
  EXPECT_THAT(sink.append(std::span(&event, 1)).error().message, HasSubstr("another process"));
  EXPECT_EQ(left(), line_of(7) + line_of(8));
  EXPECT_EQ(sink.position()->sequence, 8);
  append(std::move(sink), 9);
  EXPECT_EQ(left(), line_of(7) + line_of(8) + line_of(9));
}

TEST_F(AuditFile, ThatThePriorProcessWroteTheLastOfIsLookedAtAgain) {
  std::ofstream(path_) << line_of(7);
  FileSink sink = must(FileSink::open(path_));
  std::ofstream(path_, std::ios::app) << line_of(8);
  const AuditEvent event = event_of(8);
  EXPECT_THAT(sink.append(std::span(&event, 1)).error().message, HasSubstr("another process"));
  EXPECT_EQ(sink.position()->sequence, 8);
  append(std::move(sink), 9);
  EXPECT_EQ(left(), line_of(7) + line_of(8) + line_of(9));
}

TEST_F(AuditFile, GoesOnBehindTheLastEventOfALongOne) {
  const std::string line = line_of(7);
  std::string text;
  while (text.size() < 200'000) text += line;
  std::ofstream(path_) << text << line.substr(0, 20);
  FileSink sink = must(FileSink::open(path_));
  EXPECT_EQ(sink.position()->sequence, 7);
  append(std::move(sink), 8);
  EXPECT_EQ(left(), text + line_of(8));
}

TEST_F(AuditFile, WithNoEventNearItsEndIsNotTakenForAnEmptyOne) {
  const Signer signer(MasterKey(Bytes(32, 7)));
  std::string text = line_of(7);
  const auto checkpoint = signer.sign(Purpose::checkpoint, {7, std::string(64, 'a')}, Timestamp{});
  while (text.size() < 200'000) append_line(checkpoint, text);
  EXPECT_THAT(opened(text), Pair(HasSubstr("something else"), text));
}

TEST_F(AuditFile, IsNotLookedForBehindASymbolicLink) {
  std::ofstream(directory_.path() / "precious").close();
  std::filesystem::create_symlink(directory_.path() / "precious", path_);
  EXPECT_THAT(FileSink::open(path_).error().message, HasSubstr("symbolic link"));
}

TEST_F(AuditFile, IsAPlainFile) {
  EXPECT_THAT(FileSink::open("/dev/null").error().message, HasSubstr("not a plain file"));
  EXPECT_THAT(FileSink::open(directory_.path().string()).error().message, HasSubstr("cannot open"));
  EXPECT_THAT(FileSink::open((directory_.path() / "no" / "file").string()).error().message,
              HasSubstr("cannot open"));
}

TEST(AuditLines, ALineReadsAsWhatWasWritten) {
  AuditEvent event;
  event.sequence = 7;
  event.at = Timestamp{1'769'860'800'123ms};
  event.action = AuditAction::agent_suspend;
  event.agent_id = AgentId::parse("0b6f2a54-3c1d-4e5f-8a9b-0c1d2e3f4a5b");
  event.hash = std::string(64, 'a');
  std::string text;
  append_line(event, text);
  ASSERT_EQ(text.back(), '\n');
  text.pop_back();
  const AuditEvent read = std::get<AuditEvent>(must(parse_line(text)));
  EXPECT_EQ(canonical(read), canonical(event));
  EXPECT_EQ(read.hash, event.hash);
  for (const char* wrong : {"", "[]", "{}", "7", R"({"sequence":7})", R"({"signature":""})"})
    EXPECT_FALSE(parse_line(wrong)) << wrong;
}

}  // namespace
}  // namespace agentauth::audit

// Whatever is done to a trail below a checkpoint is found, and the first number that is wrong is
// named.
#include "audit/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "audit/chain.h"

namespace agentauth::audit {
namespace {

using ::testing::HasSubstr;

const MasterKey& master_key() {
  static const MasterKey key{Bytes(32, 7)};
  return key;
}

const Signer& signer() {
  static const Signer made{master_key()};
  return made;
}

AgentId agent(std::uint8_t number) {
  AgentId id;
  id.uuid.bytes.fill(number);
  return id;
}

AuditEvent event_number(std::int64_t sequence) {
  AuditEvent event;
  event.sequence = sequence;
  event.at = Timestamp{std::chrono::seconds{1'700'000'000 + sequence}};
  event.node = AuditWord("node/1");
  event.action = AuditAction::key_create;
  event.agent_id = agent(static_cast<std::uint8_t>(sequence));
  event.kid = AuditText::of_kid("4fJx0Zk2QmP1");
  event.client_address = AuditText::of_address(*parse_ip_address("192.0.2.7"));
  event.operation = AuditWord("createKey");
  event.target_type = AuditTargetType::key;
  event.target_id = AuditText::of_id(agent(9));
  event.target_agent_id = agent(8);
  event.request_id = AuditText::of_request_id("r-" + std::to_string(sequence));
  return event;
}

void chain(std::vector<AuditEvent>& events) {
  Sha256 hash{};
  for (AuditEvent& event : events) {
    hash = link(hash, event);
    event.hash = hex_encode(hash);
  }
}

std::vector<AuditEvent> trail(std::int64_t length) {
  std::vector<AuditEvent> events;
  for (std::int64_t sequence = 1; sequence <= length; ++sequence)
    events.push_back(event_number(sequence));
  chain(events);
  return events;
}

Checkpoint signed_at(const std::vector<AuditEvent>& events, std::int64_t sequence,
                     Purpose purpose = Purpose::checkpoint) {
  const AuditEvent& event = events[static_cast<std::size_t>(sequence - 1)];
  return signer().sign(purpose, {event.sequence, event.hash}, event.at);
}

Result<Verification::Report> verify(const std::vector<AuditEvent>& events,
                                    std::vector<Checkpoint> checkpoints,
                                    const std::optional<AuditHead>& head = std::nullopt) {
  Verification verification =
      TRY(Verification::create(std::move(checkpoints), signer().public_key()));
  for (const AuditEvent& event : events) TRY(verification.add(event));
  TRY(verification.finish(head));
  return verification.report();
}

std::string fault(const Result<Verification::Report>& result) {
  return result ? "" : result.error().message;
}

TEST(AuditVerification, AnUntouchedTrailVerifies) {
  const auto events = trail(20);
  const auto report =
      verify(events, {signed_at(events, 15), signed_at(events, 7)}, AuditHead{20, events[19].hash});
  ASSERT_TRUE(report) << fault(report);
  EXPECT_EQ(report->events, 20);
  EXPECT_EQ(report->first, 1);
  EXPECT_EQ(report->last, 20);
  EXPECT_EQ(report->signed_up_to, 15);
  EXPECT_TRUE(verify({}, {}, AuditHead{}));
}

// One change of each kind that a field allows.
const std::vector<std::function<void(AuditEvent&)>>& changes() {
  static const std::vector<std::function<void(AuditEvent&)>> all = {
      [](AuditEvent& e) { e.at += std::chrono::milliseconds{1}; },
      [](AuditEvent& e) { e.node = AuditWord("node/2"); },
      [](AuditEvent& e) { e.action = AuditAction::key_revoke; },
      [](AuditEvent& e) { e.outcome = AuditOutcome::denied; },
      [](AuditEvent& e) { e.reason = AuditReason::command_line; },
      [](AuditEvent& e) { e.agent_id = agent(200); },
      [](AuditEvent& e) { e.agent_id.reset(); },
      [](AuditEvent& e) { e.kid = {}; },
      [](AuditEvent& e) { e.on_behalf_of = AuditWord("x"); },
      [](AuditEvent& e) { e.client_address = AuditWord("192.0.2.8"); },
      [](AuditEvent& e) { e.operation = AuditWord("createKe"); },
      [](AuditEvent& e) { e.target_type = AuditTargetType::agent; },
      [](AuditEvent& e) { e.target_id = AuditWord("x"); },
      [](AuditEvent& e) { e.target_agent_id = agent(7); },
      [](AuditEvent& e) { e.detail = AuditWord("x"); },
      [](AuditEvent& e) { e.request_id = AuditWord("r-0"); },
      [](AuditEvent& e) { e.hash[0] = e.hash[0] == '0' ? '1' : '0'; },
      // The same bytes in other places.
      [](AuditEvent& e) { std::swap(e.request_id, e.detail); },
  };
  return all;
}

RC_GTEST_PROP(AuditVerification, AnyChangeOfAnyFieldIsFoundWhereItIs, ()) {
  const auto length = *rc::gen::inRange<std::size_t>(1, 30);
  auto events = trail(static_cast<std::int64_t>(length));
  const auto signed_ = signed_at(events, static_cast<std::int64_t>(length));
  const auto place = *rc::gen::inRange<std::size_t>(0, length);
  const auto change = *rc::gen::inRange<std::size_t>(0, changes().size());
  changes()[change](events[place]);
  const std::string expected = "event " + std::to_string(place + 1) + ":";
  RC_ASSERT(fault(verify(events, {signed_})).starts_with(expected));
}

// Who can write the whole table can also compute every hash anew, but not sign.
RC_GTEST_PROP(AuditVerification, ARewrittenChainIsFoundAtTheNextCheckpoint, ()) {
  const auto length = *rc::gen::inRange<std::size_t>(1, 30);
  auto events = trail(static_cast<std::int64_t>(length));
  const auto signed_ = signed_at(events, static_cast<std::int64_t>(length));
  const auto place = *rc::gen::inRange<std::size_t>(0, length);
  const auto change = *rc::gen::inRange<std::size_t>(0, changes().size());
  const AuditHead last{events.back().sequence, events.back().hash};
  changes()[change](events[place]);
  chain(events);
  RC_PRE(last.hash != events.back().hash);  // a changed hash alone is put right by that
  RC_ASSERT(fault(verify(events, {signed_}))
                .starts_with("event " + std::to_string(length) + ": it or one before it"));
}

RC_GTEST_PROP(AuditVerification, WhatIsRemovedIsMissed, ()) {
  const auto length = *rc::gen::inRange<std::size_t>(1, 30);
  auto events = trail(static_cast<std::int64_t>(length));
  const auto signed_ = signed_at(events, static_cast<std::int64_t>(length));
  const auto from = *rc::gen::inRange<std::size_t>(0, length);
  const auto to = *rc::gen::inRange<std::size_t>(from + 1, length + 1);
  events.erase(events.begin() + static_cast<std::ptrdiff_t>(from),
               events.begin() + static_cast<std::ptrdiff_t>(to));
  const std::string expected = "event " + std::to_string(from + 1) + ": missing";
  RC_ASSERT(fault(verify(events, {signed_})).starts_with(expected));
}

RC_GTEST_PROP(AuditVerification, WhatIsSwappedOrRepeatedIsFound, ()) {
  const auto length = *rc::gen::inRange<std::size_t>(2, 30);
  auto events = trail(static_cast<std::int64_t>(length));
  const auto signed_ = signed_at(events, static_cast<std::int64_t>(length));
  const auto one = *rc::gen::inRange<std::size_t>(0, length - 1);
  const auto other = *rc::gen::inRange<std::size_t>(one + 1, length);
  if (*rc::gen::arbitrary<bool>()) {
    std::swap(events[one], events[other]);
  } else {
    events[other] = events[one];
  }
  RC_ASSERT(!verify(events, {signed_}));
}

TEST(AuditVerification, ATrailThatEndsTooEarlyIsFoundByWhatWasSigned) {
  auto events = trail(20);
  const auto signed_ = signed_at(events, 15);
  const AuditHead head{20, events[19].hash};
  events.resize(17);
  EXPECT_TRUE(verify(events, {signed_})) << "nobody vouched for 18";
  EXPECT_EQ(fault(verify(events, {signed_}, head)),
            "event 18: missing; the chain's head is event 20");
  events.resize(14);
  EXPECT_EQ(fault(verify(events, {signed_})),
            "event 15: missing; the chain was signed up to event 15");
  EXPECT_EQ(fault(verify({}, {signed_})), "event 1: missing; the chain was signed up to event 15");
}

TEST(AuditVerification, AChainMayBeginOnlyBehindASignedStart) {
  auto events = trail(20);
  const auto start = signed_at(events, 5, Purpose::start);
  const auto checkpoint = signed_at(events, 5);
  const auto end = signed_at(events, 20);
  events.erase(events.begin(), events.begin() + 5);
  const auto report = verify(events, {start, end});
  ASSERT_TRUE(report) << fault(report);
  EXPECT_EQ(report->first, 6);
  EXPECT_EQ(fault(verify(events, {checkpoint, end})),
            "event 1: missing, and all before event 6; no signed start allows that");
  events.erase(events.begin());
  EXPECT_THAT(fault(verify(events, {start, end})), HasSubstr("event 1: missing"));
  const AuditHead head{20, trail(20)[19].hash};
  EXPECT_THAT(fault(verify({}, {start}, head)), HasSubstr("missing"));
  EXPECT_TRUE(verify({}, {signed_at(trail(20), 20, Purpose::start)}, head));
}

TEST(AuditVerification, ACheckpointOfAnotherKeyOrPurposeCountsForNothing) {
  const auto events = trail(3);
  Checkpoint forged =
      Signer(MasterKey(Bytes(32, 8))).sign(Purpose::checkpoint, {3, events[2].hash}, Timestamp{});
  EXPECT_THAT(fault(verify(events, {forged})), HasSubstr("not by this key"));
  Checkpoint turned = signed_at(events, 2);
  turned.purpose = Purpose::start;
  EXPECT_THAT(fault(verify(events, {turned})), HasSubstr("not by this key"));
  turned = signed_at(events, 2);
  turned.sequence = 1;
  EXPECT_THAT(fault(verify(events, {turned})), HasSubstr("not by this key"));
  turned = signed_at(events, 2);
  turned.signature += "A";
  EXPECT_THAT(fault(verify(events, {turned})), HasSubstr("not by this key"));
}

}  // namespace
}  // namespace agentauth::audit

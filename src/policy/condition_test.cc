#include "policy/condition.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "policy/properties.h"
#include "policy/testing/allocations.h"
#include "policy/testing/stated_facts.h"
#include "tests/cases/conditions.h"

namespace agentauth::policy {
namespace {

using testing::StatedFacts;

Condition compiled(std::string_view text) {
  auto condition = Condition::compile(text);
  if (!condition) throw std::runtime_error(std::string(text) + ": " + condition.error().message);
  return *std::move(condition);
}

std::string message_of(std::string_view text) {
  const auto condition = Condition::compile(text);
  return condition ? "" : condition.error().message;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Condition, IsToldAsTheTableSays) {
  for (const cases::ConditionCase& row : cases::condition_cases) {
    const auto condition = Condition::compile(row.condition);
    ASSERT_TRUE(condition) << row.condition << "\n" << condition.error().message;
    EXPECT_EQ(condition->text(), row.condition);
    EXPECT_EQ(static_cast<int>(condition->evaluate(*StatedFacts(row.facts))),
              static_cast<int>(row.outcome))
        << row.condition << "\n"
        << row.facts << "\n"
        << condition->explain(*StatedFacts(row.facts));
  }
}

TEST(Condition, SaysWhetherItLooksAtTheSubject) {
  for (const char* text :
       {"subject.id == \"a\"", "subject.type == \"agent\"", "subject.properties.level > 2",
        "context.amount < 5 && has(subject.properties.level)", "\"level\" in subject.properties",
        "!(context.amount in [1, subject.properties.level])"})
    EXPECT_TRUE(compiled(text).looks_at_subject()) << text;
  for (const char* text : {"true", "context.amount < 500", "resource.id == \"subject.id\"",
                           "action.name == \"read\" && has(resource.properties.subject)",
                           "now < timestamp(\"2027-01-31T12:00:00Z\")", "\"subject\" in context",
                           "!inNetwork(context.address, \"127.0.0.0/8\")"})
    EXPECT_FALSE(compiled(text).looks_at_subject()) << text;
}

TEST(Condition, IsExplainedExactlyWhenItIsNotTrue) {
  for (const cases::ConditionCase& row : cases::condition_cases) {
    const std::string explanation = compiled(row.condition).explain(*StatedFacts(row.facts));
    EXPECT_EQ(explanation.empty(), row.outcome == cases::Told::yes) << row.condition;
  }
}

TEST(Condition, IsExplainedAsTheTableSays) {
  for (const cases::ExplainedCondition& row : cases::explained_conditions)
    EXPECT_EQ(compiled(row.condition).explain(*StatedFacts(row.facts)), row.explanation)
        << row.condition;
}

TEST(Condition, AnExplanationWithoutValuesShowsNone) {
  const StatedFacts facts(R"({"context": {"amount": 700, "when": "soon", "a": [1], "s": "text"}})");
  const auto hidden = [&](const char* condition) {
    return compiled(condition).explain(*facts, Values::hidden);
  };
  EXPECT_EQ(hidden("context.amount < 500"), "context.amount < 500 is false");
  EXPECT_EQ(hidden("context.b == 1 || context.amount == 1"), "context.b: no such attribute");
  EXPECT_EQ(hidden("context.s < 5"), "context.s < 5: not for values of these types");
  EXPECT_EQ(hidden("timestamp(context.when) < now"),
            "timestamp(context.when): no time of RFC 3339");
  EXPECT_EQ(hidden("context.amount"), "context.amount: neither true nor false");
  EXPECT_EQ(hidden("context.amount > 500"), "");
}

TEST(Condition, IsRefusedWithThePlaceOfTheMistake) {
  for (const cases::RefusedCondition& row : cases::refused_conditions) {
    const auto condition = Condition::compile(row.condition);
    ASSERT_FALSE(condition) << row.condition;
    EXPECT_EQ(condition.error().code, Errc::invalid_argument);
    EXPECT_EQ(condition.error().message, row.message) << row.condition;
    EXPECT_LE(condition.error().message.size(), 160u);
  }
}

TEST(Condition, EchoesNoMoreThanAShortPiece) {
  const std::string name(500, 'x');
  EXPECT_EQ(message_of(name),
            "at character 1: 'xxxxxxxxxxxxxxxxxxxxxxxx…' is unknown: there are "
            "subject, action, resource, context, now");
}

TEST(Condition, BoundsItsText) {
  const std::string text = "context.a == '" + std::string(condition_bytes_max - 15, 'x') + "'";
  ASSERT_EQ(text.size(), condition_bytes_max);
  EXPECT_EQ(message_of(text), "");
  EXPECT_EQ(message_of(text + " "), "a condition has at most 1024 bytes");
}

TEST(Condition, BoundsItsDepth) {
  const auto nested = [](std::string_view open, std::size_t levels, std::string_view close) {
    return repeated(open, levels) + "true" + repeated(close, levels);
  };
  EXPECT_EQ(message_of(nested("(", condition_depth_max, ")")), "");
  EXPECT_EQ(message_of(nested("(", condition_depth_max + 1, ")")),
            "at character 17: nested more than 16 levels deep");
  EXPECT_EQ(message_of(nested("!", condition_depth_max, "")), "");
  EXPECT_EQ(message_of(nested("!", condition_depth_max + 1, "")),
            "at character 17: nested more than 16 levels deep");
  EXPECT_EQ(message_of(repeated("[", 17)), "at character 17: nested more than 16 levels deep");
  EXPECT_EQ(message_of(repeated("size(", 17)), "at character 81: nested more than 16 levels deep");
  EXPECT_EQ(message_of(repeated("(", condition_bytes_max)),
            "at character 17: nested more than 16 levels deep");
  // What stands side by side does not nest.
  EXPECT_EQ(message_of("true" + repeated(" && (true)", 40)), "");
}

TEST(Condition, BoundsItsParts) {
  // So many literals and the operator that joins them.
  EXPECT_EQ(message_of("true" + repeated("||true", condition_nodes_max - 2)), "");
  EXPECT_EQ(message_of("true" + repeated("||true", condition_nodes_max - 1)),
            "at character 1: a condition has at most 128 parts");
  EXPECT_EQ(message_of("true" + repeated("||true", condition_nodes_max)),
            "at character 769: a condition has at most 128 parts");
}

TEST(Condition, BoundsItsLists) {
  EXPECT_EQ(message_of("1 in [1" + repeated(",1", condition_list_max - 1) + "]"), "");
  EXPECT_EQ(message_of("1 in [1" + repeated(",1", condition_list_max) + "]"),
            "at character 6: a list has at most 64 elements");
}

TEST(Condition, HearsTheFirstSourceThatKnows) {
  const auto stored = *Properties::parse(R"({"a": 1, "b": null})");
  const auto said = *Properties::parse(R"({"a": 2, "b": 2, "c": {"d": 2}})");
  Facts facts;
  facts.context.sources = {nullptr, &stored.value(), &said.value()};
  EXPECT_EQ(compiled("context.a == 1 && context.b == null && context.c.d == 2").evaluate(facts),
            Outcome::yes);
  EXPECT_EQ(compiled("'c' in context && !('d' in context)").evaluate(facts), Outcome::yes);
}

TEST(Condition, SharesWhatWasCompiledWithItsCopies) {
  auto first = compiled("context.a == 'a text too long to be kept inside of a string'");
  Condition copy = first;
  Condition moved = std::move(first);
  copy = compiled("false");
  const StatedFacts facts(R"({"context": {"a": "a text too long to be kept inside of a string"}})");
  EXPECT_EQ(moved.evaluate(*facts), Outcome::yes);
  EXPECT_EQ(copy.evaluate(*facts), Outcome::no);
}

TEST(Condition, AllocatesNothingWhileItIsEvaluated) {
  for (const cases::ConditionCase& row : cases::condition_cases) {
    const Condition condition = compiled(row.condition);
    const StatedFacts facts(row.facts);
    const long before = testing::allocations_made;
    condition.evaluate(*facts);
    EXPECT_EQ(testing::allocations_made, before) << row.condition;
  }
  EXPECT_GT(testing::allocations_made, 0);
}

// A list of so many zeros.
JsonValue zeros(std::size_t count) {
  JsonValue list;
  list.type = JsonValue::Type::array;
  list.items.resize(count);
  for (JsonValue& item : list.items) item.type = JsonValue::Type::integer;
  return list;
}

JsonValue context_of(std::string_view name, JsonValue value) {
  JsonValue context;
  context.type = JsonValue::Type::object;
  context.members.push_back({name, std::move(value)});
  return context;
}

TEST(ConditionCost, IsBoundedByTheElementsLookedAt) {
  const JsonValue few = context_of("a", zeros(8'000));
  const JsonValue many = context_of("a", zeros(condition_steps_max));
  Facts facts;
  facts.context.sources[0] = &few;
  EXPECT_EQ(compiled("1 in context.a").evaluate(facts), Outcome::no);
  EXPECT_EQ(compiled("1 in context.a || 1 in context.a || 1 in context.a").evaluate(facts),
            Outcome::error);
  facts.context.sources[0] = &many;
  const Condition condition = compiled("1 in context.a");
  EXPECT_EQ(condition.evaluate(facts), Outcome::error);
  EXPECT_EQ(condition.explain(facts), "1 in context.a: takes more than 16384 steps");
  EXPECT_EQ(compiled("context.a == context.a").evaluate(facts), Outcome::error);
  EXPECT_EQ(compiled("0 in context.a && size(context.a) > 1").evaluate(facts), Outcome::yes);
}

TEST(ConditionCost, IsNotAbsorbedByWhatComesBehind) {
  const JsonValue many = context_of("a", zeros(condition_steps_max));
  Facts facts;
  facts.context.sources[0] = &many;
  EXPECT_EQ(compiled("1 in context.a || true").evaluate(facts), Outcome::error);
  EXPECT_EQ(compiled("1 in context.a && false").evaluate(facts), Outcome::error);
  EXPECT_EQ(compiled("true || 1 in context.a").evaluate(facts), Outcome::yes);
}

TEST(ConditionCost, IsBoundedByTheTextCompared) {
  const std::string text(16 * condition_steps_max, 'x');
  JsonValue value;
  value.type = JsonValue::Type::text;
  value.text = text;
  const JsonValue context = context_of("a", value);
  Facts facts;
  facts.context.sources[0] = &context;
  for (const char* costly :
       {"context.a == context.a", "context.a.contains('y')", "context.a < context.a",
        "context.a.endsWith(context.a)", "size(context.a) > 1", "timestamp(context.a) < now"})
    EXPECT_EQ(compiled(costly).evaluate(facts), Outcome::error) << costly;
  EXPECT_EQ(compiled("context.a == 'x'").evaluate(facts), Outcome::no);
  EXPECT_EQ(compiled("context.a.startsWith('x')").evaluate(facts), Outcome::yes);
}

TEST(ConditionCost, IsBoundedByDepthToo) {
  JsonValue deep;
  deep.type = JsonValue::Type::array;
  for (int i = 0; i < 2'000; ++i) {
    JsonValue outer;
    outer.type = JsonValue::Type::array;
    outer.items.push_back(std::move(deep));
    deep = std::move(outer);
  }
  const JsonValue context = context_of("a", std::move(deep));
  Facts facts;
  facts.context.sources[0] = &context;
  EXPECT_EQ(compiled("context.a == context.a").evaluate(facts), Outcome::error);
}

}  // namespace
}  // namespace agentauth::policy

// Conditions of grants: what compiles is told from any facts, within its bounds, and operators mean
// what they mean; what does not compile is refused with a place inside the text.
//
// The input is the facts, a JSON object in the first line (src/policy/testing/stated_facts.h), and
// the condition behind it.
#include <cstdlib>
#include <optional>
#include <string>

#include "policy/condition.h"
#include "policy/testing/stated_facts.h"
#include "tests/fuzz/fuzz.h"

namespace agentauth::policy {
namespace {

void check_refusal(std::string_view text, const Error& error) {
  MUST(error.code == Errc::invalid_argument && error.message.size() <= 160);
  if (text.size() > condition_bytes_max) return;
  constexpr std::string_view before = "at character ";
  MUST(error.message.starts_with(before));
  const long place = std::strtol(error.message.c_str() + before.size(), nullptr, 10);
  MUST(place >= 1 && static_cast<std::size_t>(place) <= text.size() + 1);
}

bool is_of_a_bound(const Error& error) {
  return error.message.find(" at most ") != std::string::npos ||
         error.message.find(" levels deep") != std::string::npos;
}

// A condition made of this one; nothing when it is beyond the bounds of text, depth or nodes, or
// takes more steps than there are.
std::optional<Outcome> told(const std::string& text, const Facts& facts) {
  const auto condition = Condition::compile(text);
  if (!condition) {
    MUST(is_of_a_bound(condition.error()));
    return std::nullopt;
  }
  const Outcome outcome = condition->evaluate(facts);
  if (condition->explain(facts).ends_with(" steps")) return std::nullopt;
  return outcome;
}

FUZZ(std::string_view input) {
  std::string_view text = input;
  const auto stated = Properties::parse(fuzz::take_until(text, '\n'));
  if (stated) {
    const auto again = Properties::parse(stated->text());
    MUST(again && *again == *stated);
  }
  const auto condition = Condition::compile(text);
  if (!condition) return check_refusal(text, condition.error());
  MUST(condition->text() == text);

  const testing::StatedFacts held(stated ? *stated : Properties());
  const Facts& facts = *held;
  const Outcome outcome = condition->evaluate(facts);
  MUST(condition->evaluate(facts) == outcome);
  const std::string explanation = condition->explain(facts);
  MUST(explanation.empty() == (outcome == Outcome::yes) && explanation.size() < 8'192);
  if (explanation.ends_with(" steps")) return;

  const std::string inside = "(" + std::string(text) + ")";
  const auto holds = [&](const std::string& made, Outcome expected) {
    const auto found = told(made, facts);
    MUST(!found || *found == expected);
  };
  holds(inside, outcome);
  holds("!!" + inside, outcome);
  holds(inside + "&&true", outcome);
  holds("false||" + inside, outcome);
  holds(inside + "&&false", Outcome::no);
  holds(inside + "||true", Outcome::yes);
  const Outcome inverse = outcome == Outcome::yes ? Outcome::no : Outcome::yes;
  holds("!" + inside, outcome == Outcome::error ? Outcome::error : inverse);
}

}  // namespace
}  // namespace agentauth::policy

// Conditions of grants: a small, total, typed subset of CEL (docs/guide/conditions.md is the
// language's page, tests/cases/conditions.h its examples).
//
//   const auto condition = TRY(Condition::compile("context.amount < 500"));
//   if (condition.evaluate(facts) == Outcome::yes) …
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/facts.h"

namespace agentauth::policy {

namespace internal {
struct Program;
}

inline constexpr std::size_t condition_bytes_max = 1024;
// Brackets and prefix operators inside one another.
inline constexpr std::size_t condition_depth_max = 16;
// Literals, attributes, operators and calls.
inline constexpr std::size_t condition_nodes_max = 128;
inline constexpr std::size_t condition_list_max = 64;
// A step is a node, a member or an element looked at, or 16 bytes of text compared.
inline constexpr std::uint32_t condition_steps_max = 16'384;
// Of a value that is shown by explain().
inline constexpr std::size_t explained_characters_max = 64;

// error: what was asked cannot be told from these facts. Who allows takes it as no, who denies as
// yes.
enum class Outcome : std::uint8_t { no, yes, error };

// Whether an explanation may show the values of attributes: not to everybody who is told why.
enum class Values : bool { hidden, shown };

// Immutable; copies share what was compiled. All of it may be used from any thread.
class Condition {
 public:
  // invalid_argument names the place: "at character 17: expected a value after '&&'".
  static Result<Condition> compile(std::string_view text);

  Condition(const Condition&) = default;
  Condition& operator=(const Condition&) = default;
  // Nothing is taken from what is moved: a condition always has what was compiled.
  Condition(Condition&& other) noexcept { *this = other; }
  Condition& operator=(Condition&& other) noexcept {
    *this = other;
    return *this;
  }
  ~Condition() = default;

  // The same facts, the same outcome. Neither allocates nor takes more than `condition_steps_max`.
  Outcome evaluate(const Facts& facts) const noexcept;
  // Also says how many steps it took.
  Outcome evaluate(const Facts& facts, std::uint32_t& steps) const noexcept;
  // For people: what kept the condition from being true, with the values that were looked at.
  // "context.amount < 500 is false: 700". Empty when it is true.
  std::string explain(const Facts& facts, Values values = Values::shown) const;

  const std::string& text() const;
  // Whether its outcome may be another one for another subject.
  bool looks_at_subject() const;

 private:
  explicit Condition(std::shared_ptr<const internal::Program> program);

  // Never null.
  std::shared_ptr<const internal::Program> program_;
};

}  // namespace agentauth::policy

#include "policy/condition.h"

#include <algorithm>
#include <utility>

#include "policy/internal/evaluation.h"
#include "policy/internal/explanation.h"
#include "policy/internal/parser.h"

namespace agentauth::policy {

Condition::Condition(std::shared_ptr<const internal::Program> program)
    : program_(std::move(program)) {}

Result<Condition> Condition::compile(std::string_view text) {
  return Condition(TRY(internal::compile_program(text)));
}

Outcome Condition::evaluate(const Facts& facts) const noexcept {
  return internal::Evaluation(*program_, facts).outcome();
}

Outcome Condition::evaluate(const Facts& facts, std::uint32_t& steps) const noexcept {
  internal::Evaluation evaluation(*program_, facts);
  const Outcome outcome = evaluation.outcome();
  steps = evaluation.steps();
  return outcome;
}

std::string Condition::explain(const Facts& facts, Values values) const {
  return internal::explain(*program_, facts, values);
}

const std::string& Condition::text() const { return program_->text; }

bool Condition::looks_at_subject() const {
  using internal::Op;
  return std::any_of(program_->nodes.begin(), program_->nodes.end(),
                     [](const internal::Node& node) {
                       if (node.op == Op::attribute || node.op == Op::attributes)
                         return node.source == internal::Source::subject;
                       return node.op == Op::subject_type || node.op == Op::subject_id;
                     });
}

}  // namespace agentauth::policy

#include "api/handlers_access.h"

#include <chrono>

#include "api/access_question.h"
#include "api/audit_trail.h"
#include "api/enforcement.h"

namespace agentauth::api {
namespace {

// What is answered to one question.
struct Verdict {
  DecisionKind kind = malformed_kind;
  std::optional<GrantId> grant = {};
  std::string_view permission = {};  // a plain one that allows it; the directory's, which keeps it
  std::string error = {};            // why the question could not be read
  bool allows() const { return kind == decided_by(Reason::granted); }
};

Verdict verdict_of(const Names& names, const Enforced& enforced) {
  Verdict verdict{decided_by(enforced.reason), enforced.grant};
  if (enforced.allowed() && enforced.held != no_name)
    verdict.permission = names.text(enforced.held);
  return verdict;
}

// Members of Evaluated: the answer to many may have a thousand of them.
void write(const Verdict& verdict, Revision revision, JsonWriter& out) {
  out.open();
  out.member_flag("decision", verdict.allows());
  out.name("context");
  out.open();
  if (!verdict.error.empty()) {
    out.name("error");
    out.open();
    out.member("status", 400);
    out.member("message", verdict.error);
    out.close();
  } else {
    out.member("reason", to_string(verdict.kind));
    out.name("grants");
    out.open_array();
    if (verdict.grant) out.text(verdict.grant->to_string());
    out.close_array();
    if (!verdict.permission.empty()) out.member("permission", verdict.permission);
    out.member("revision", revision);
  }
  out.close();
  out.close();
}

// Puts a denial that somebody else's enforcement point acts on on record.
void record_denied(Services& services, const ApiExchange& exchange, const Directory::View& view,
                   const AccessQuestion& asked, DecisionKind why) {
  const auto about = asked.agent();
  const bool is_known = about && view.find_agent(*about) != nullptr;
  const AgentId asker = exchange.caller->agent_id;
  services.recorder.record_denial_asked(asker, is_known ? *about : asker, [&] {
    AuditEvent event =
        event_of(services, exchange, AuditOutcome::denied, audit_reason(to_string(why)),
                 {AuditTargetType::resource, AuditText::of_principal(asked.resource_name()),
                  is_known ? about : std::nullopt, AuditText::of_permission(asked.action())});
    event.on_behalf_of = AuditText::of_principal(asked.sent_subject_name());
    return event;
  });
}

// `whom`: its sent_subject_name(), which outlives what is told.
AskedAbout asked_about(const AccessQuestion& asked, std::string_view whom) {
  return {asked.action(), asked.resource_name(), asked.agent(), whom};
}

// Answers the questions of one request one by one. On a core all are decided by one moment, and
// what needs the database is nothing to decide there; on a worker each is by one of its own.
class Evaluation {
 public:
  // `index` is the question's place in the request. Nothing: it takes a worker.
  using Answer = Result<std::optional<Verdict>>;

  Evaluation(Services& services, ApiExchange& exchange)
      : services_(services), exchange_(exchange) {}
  virtual ~Evaluation() = default;
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  virtual Answer answer(const SentQuestion& sent, std::size_t index) = 0;
  // What all answers are at least as new as.
  Revision revision() const { return revision_; }
  // No more questions come, and all were answered.
  virtual void finish() {}

 protected:
  Services& services_;
  ApiExchange& exchange_;

 private:
  const Revision revision_ = services_.directory.revision();  // read before any view is taken
};

class EvaluationOnCore final : public Evaluation {
 public:
  EvaluationOnCore(Services& services, ApiExchange& exchange)
      : Evaluation(services, exchange), view_(services.directory) {}

  Answer answer(const SentQuestion& sent, std::size_t index) override {
    if (takes_too_long(index)) return std::nullopt;
    if (!asker_) asker_.emplace(TRY(Asker::of(services_, exchange_, view_)));
    auto asked = TRY(AccessQuestion::of(*asker_, sent, nullptr));
    if (!asked) return std::nullopt;
    const Decision decision = TRY(asked->decide(view_));
    if (decision.is_to_be_spent()) return std::nullopt;
    // Who asks about itself does not act on the answer.
    if (!asked->is_about_self()) {
      const auto about = asked->agent();
      if (!decision.audited.empty()) audited_.push_back({decision, *asked});
      note_use(services_.grant_uses, decision, about ? &*about : nullptr, asker_->now);
      if (!decision.allowed()) denied_.push_back({*std::move(asked), decided_by(decision.reason)});
    }
    return verdict_of(view_.names(), enforced_by(decision));
  }

  // Not before: a worker that has to begin anew records them itself.
  void finish() override {
    for (const Audited& audited : audited_)
      record_audited(services_, exchange_,
                     asked_about(audited.asked, audited.asked.sent_subject_name()),
                     audited.decision);
    for (const Denied& denied : denied_)
      record_denied(services_, exchange_, view_, denied.asked, denied.why);
  }

 private:
  struct Denied {
    AccessQuestion asked;
    DecisionKind why;
  };
  struct Audited {
    Decision decision;
    AccessQuestion asked;
  };
  // Others wait for the core: what has many conditions to look at goes on elsewhere.
  static constexpr auto time_max = std::chrono::milliseconds{5};

  bool takes_too_long(std::size_t index) const {
    return index > 0 && std::chrono::steady_clock::now() - begin_ > time_max;
  }

  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  const Directory::View view_;
  std::optional<Asker> asker_;
  std::vector<Audited> audited_;
  std::vector<Denied> denied_;
};

class EvaluationOnWorker final : public Evaluation {
 public:
  EvaluationOnWorker(Services& services, ApiExchange& exchange, const NamedAgents& names)
      : Evaluation(services, exchange), names_(names) {}

  Answer answer(const SentQuestion& sent, std::size_t) override {
    if (!asker_) {
      const Directory::View view(services_.directory);
      asker_.emplace(TRY(Asker::of(services_, exchange_, view)));
    }
    const auto asked = TRY(AccessQuestion::of(*asker_, sent, &names_));
    if (!asked) return failure(Errc::internal, "A name was not looked up");
    if (const auto unknown = asked->unknown_subject()) {
      if (asker_->evaluates) record(*asked, *unknown);
      return Verdict{*unknown};
    }
    const auto ask = [&](const Directory::View& view,
                         std::span<const GrantId> spent) -> Result<Decision> {
      TRY(asker_->look_again(exchange_, view));
      return asked->decide(view, spent);
    };
    const Enforced enforced = TRY(settle(*asked, ask));
    if (!enforced.allowed() && !asked->is_about_self()) record(*asked, decided_by(enforced.reason));
    return verdict_of(services_.directory.names(), enforced);
  }

 private:
  // Who asks about itself does not act on the answer.
  Result<Enforced> settle(const AccessQuestion& asked, Ask ask) {
    if (!asked.is_about_self()) {
      const std::string whom = asked.sent_subject_name();
      return enforce_about(services_, exchange_, asked_about(asked, whom), use_of(asked), ask);
    }
    std::vector<GrantId> spent;
    return foresee(services_, spent, ask);
  }

  void record(const AccessQuestion& asked, DecisionKind why) {
    const Directory::View view(services_.directory);
    record_denied(services_, exchange_, view, asked, why);
  }

  // A caller that sends its question again, under the same id, uses nothing up again. Another
  // question is another use, whatever id it comes under: enforcers pass on what their clients
  // choose.
  std::string use_of(const AccessQuestion& asked) {
    const auto sent = exchange_.request.find("X-Request-ID");
    if (!sent || !is_request_id(*sent)) return new_use(services_);
    return asker_->caller.agent_id.to_string().append("/").append(*sent).append("/").append(
        asked.fingerprint());
  }

  const NamedAgents& names_;
  std::optional<Asker> asker_;
};

using Evaluator = Result<bool> (*)(ApiExchange&, const JsonValue&, Evaluation&);

Result<bool> evaluate_one(ApiExchange& exchange, const JsonValue& body, Evaluation& evaluation) {
  const auto verdict = TRY(evaluation.answer(TRY(read_question(body, body)), 0));
  if (!verdict) return false;
  exchange.decided.note(verdict->kind);
  JsonWriter out(exchange.response.body);
  write(*verdict, evaluation.revision(), out);
  return true;
}

bool is_last(SentBatch::Until until, const Verdict& verdict) {
  return until ==
         (verdict.allows() ? SentBatch::Until::first_permit : SentBatch::Until::first_deny);
}

Result<bool> evaluate_items(ApiExchange& exchange, const JsonValue& body, Evaluation& evaluation) {
  const SentBatch batch = TRY(read_batch(body));
  if (batch.items.empty()) return evaluate_one(exchange, body, evaluation);
  JsonWriter out(exchange.response.body);
  out.open();
  out.name("evaluations");
  out.open_array();
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    const auto sent = read_question(batch.items[i], body);
    std::optional<Verdict> verdict;
    if (sent) {
      verdict = TRY(evaluation.answer(*sent, i));
    } else {
      verdict = Verdict{.error = sent.error().message};
    }
    if (!verdict) return false;
    exchange.decided.note(verdict->kind);
    write(*verdict, evaluation.revision(), out);
    if (is_last(batch.until, *verdict)) break;
  }
  out.close_array();
  out.close();
  return true;
}

void answer_with_json(ApiExchange& exchange) {
  exchange.response.set_status(exchange.operation->status);
  exchange.response.set_content_type("application/json");
}

Result<bool> on_core(Services& services, ApiExchange& exchange, Evaluator evaluate) {
  const JsonValue body = TRY(read_access_body(exchange));
  EvaluationOnCore evaluation(services, exchange);
  auto done = evaluate(exchange, body, evaluation);
  if (!done || !*done) {
    exchange.response.body.clear();
    exchange.decided.clear();
    return done;
  }
  evaluation.finish();
  answer_with_json(exchange);
  return true;
}

Result<void> on_worker(Services& services, ApiExchange& exchange, Evaluator evaluate) {
  const NamedAgents names = TRY(find_named_agents(services, exchange));
  // From here on nobody else parses JSON on this thread: the questions are views of what was.
  const JsonValue body = TRY(read_access_body(exchange));
  EvaluationOnWorker evaluation(services, exchange, names);
  const auto done = evaluate(exchange, body, evaluation);
  if (!done) {
    exchange.response.body.clear();
    exchange.decided.clear();
    return tl::unexpected(done.error());
  }
  answer_with_json(exchange);
  return {};
}

}  // namespace

Result<bool> evaluate_from_memory(Services& services, ApiExchange& exchange, http::ShareName&) {
  return on_core(services, exchange, evaluate_one);
}

Result<void> evaluate(Services& services, ApiExchange& exchange) {
  return on_worker(services, exchange, evaluate_one);
}

Result<bool> evaluate_many_from_memory(Services& services, ApiExchange& exchange,
                                       http::ShareName&) {
  return on_core(services, exchange, evaluate_items);
}

Result<void> evaluate_many(Services& services, ApiExchange& exchange) {
  return on_worker(services, exchange, evaluate_items);
}

}  // namespace agentauth::api

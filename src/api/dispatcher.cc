#include "api/dispatcher.h"

#include "api/access.h"
#include "api/audit_trail.h"
#include "api/enforcement.h"
#include "api/errors.h"
#include "api/gateway_answer.h"
#include "api/limit_gate.h"
#include "http/client_address.h"
#include "model/credential_text.h"

namespace agentauth::api {
namespace {

constexpr std::string_view realm = R"(Bearer realm="agentauth")";

struct Nothing {
  static constexpr std::array<Field, 0> fields() { return {}; }
};

ApiExchange& as_api(http::Exchange& exchange) { return static_cast<ApiExchange&>(exchange); }
const ApiExchange& as_api(const http::Exchange& exchange) {
  return static_cast<const ApiExchange&>(exchange);
}

// Of a call to our own routes; no resource of anybody's is asked about there.
AskedAbout asked_for(const ApiExchange& exchange) {
  return {.action = exchange.operation->permission, .agent = exchange.subject.agent_id};
}

// Of a request that will be gone.
class KeptCircumstances {
 public:
  explicit KeptCircumstances(const Circumstances& of)
      : address_(*of.address), method_(of.method), host_(of.host) {}

  Circumstances view() const { return {.address = &address_, .method = method_, .host = host_}; }

 private:
  IpAddress address_;
  std::string method_;
  std::string host_;
};

}  // namespace

Dispatcher::Dispatcher(Services& services, std::size_t cores)
    : services_(services),
      request_id_prefix_(services.random.base62(10) + "-"),
      log_(services.log, services.metrics, cores) {
  const auto table = operations();
  for (std::size_t i = 0; i < table.size(); ++i) {
    router_.add(table[i].method, table[i].path, i);
    requirements_.push_back(table[i].permission.empty()
                                ? Requirement{}
                                : services.directory.names().requirement(table[i].permission));
  }
  for (std::size_t i = 0; i < cores; ++i) cores_.push_back(std::make_unique<Core>(services.tokens));
}

std::unique_ptr<http::Exchange> Dispatcher::new_exchange(std::size_t) {
  return std::make_unique<ApiExchange>();
}

// Whoever is refused here is refused as begin() would have done, but for who may only ask about
// itself: there are few places, and it needs none. Who is let in is asked once more there: much may
// have changed while the body arrived. Only the limits have counted it already.
Result<http::LargeBodySender> Dispatcher::admit_large_body(http::Exchange& http_exchange) {
  ApiExchange& exchange = as_api(http_exchange);
  name_request(exchange);
  name_client(exchange);
  TRY(let_in(exchange));
  if (!exchange.caller) return failure(Errc::unauthenticated, "Credentials are required");
  // By what this node knows, however old: nobody gets a place without being asked.
  if (is_behind(exchange))
    TRY(decide_access(exchange, Caller(*exchange.caller), services_.clock.now()));
  if (exchange.operation->access == Access::permission_or_about_self && !exchange.holds_permission)
    return failure(Errc::payload_too_large, "The body is larger than " +
                                                std::to_string(http::body_bytes_max / 1024) +
                                                " KiB, which who asks about itself may send");
  const http::LargeBodySender sender = exchange.caller->agent_id.uuid.bytes;
  exchange.caller.reset();
  exchange.response.clear();  // begin() writes the same headers
  return sender;
}

http::Next Dispatcher::begin(http::Exchange& http_exchange) {
  ApiExchange& exchange = as_api(http_exchange);
  name_request(exchange);
  name_client(exchange);
  const auto next = [&]() -> Result<http::Next> {
    TRY(let_in(exchange));
    return run(exchange);
  }();
  if (!next) fail(exchange, next.error());
  if (next && next->pool != http::Pool::none) return *next;
  write_limit_headers(services_.limiter, exchange);
  if (next && (exchange.before_answer || exchange.awaited)) return {http::Pool::deferred};
  return {};
}

bool Dispatcher::defer(http::Exchange& http_exchange, http::Resume resume) {
  ApiExchange& exchange = as_api(http_exchange);
  auto answer = [this, &exchange, resume = std::move(resume)](const Result<void>& done) {
    // What is not on record did not happen.
    if (!done) fail(exchange, done.error());
    resume();
  };
  if (exchange.before_answer)
    return services_.recorder.record(*std::move(exchange.before_answer), std::move(answer));
  return services_.write_queue.push(
      [&exchange](Transaction& tx) { return exchange.awaited->write(tx); },
      [&exchange, answer = std::move(answer)](const Database::Write& write) {
        answer(write.result ? exchange.awaited->finish() : write.result);
      });
}

void Dispatcher::finish(http::Exchange& http_exchange) {
  ApiExchange& exchange = as_api(http_exchange);
  const auto done = [&]() -> Result<void> {
    // It may have waited for a while: what was decided before need not hold any more.
    if (exchange.caller) {
      TRY(catch_up_with(services_.directory, exchange.min_revision, min_revision_field.name));
      TRY(require_fresh_directory(std::chrono::steady_clock::now()));
      const Timestamp now = services_.clock.now();
      TRY(verify_again(exchange, now));
      // About a gateway's question its handler decides.
      if (exchange.operation->access != Access::gateway) TRY(enforce_access(exchange, now));
    }
    TRY(exchange.operation->binding.handle(services_, exchange));
    if (exchange.before_answer)
      TRY(services_.recorder.record_now(*std::move(exchange.before_answer)));
    if (exchange.events) TRY(guard_events(exchange));
    // The directory follows each commit before its write is answered: its revision is the write's,
    // or later.
    if (is_write(*exchange.operation))
      exchange.response.add_header("X-AgentAuth-Revision",
                                   std::to_string(services_.directory.revision()));
    return {};
  }();
  if (!done) fail(exchange, done.error());
  write_limit_headers(services_.limiter, exchange);
}

void Dispatcher::refuse(http::Exchange& http_exchange, const Error& error) {
  ApiExchange& exchange = as_api(http_exchange);
  // Headers that were not read to their end vouch for nobody.
  if (exchange.request_id().empty()) exchange.set_client_address(exchange.request.peer);
  name_request(exchange);
  fail(exchange, error);
  write_limit_headers(services_.limiter, exchange);
}

// A request that has a name keeps it when it is begun or refused afterwards.
void Dispatcher::name_request(ApiExchange& exchange) {
  if (exchange.request_id().empty()) {
    const auto sent = exchange.request.find("X-Request-ID");
    exchange.set_request_id(sent && is_request_id(*sent) ? *sent : next_request_id(exchange.core));
  }
  exchange.response.add_header("X-Request-ID", exchange.request_id());
}

void Dispatcher::name_client(ApiExchange& exchange) const {
  exchange.set_client_address(
      http::client_address(exchange.request, services_.settings.trusted_proxies));
}

Result<void> Dispatcher::let_in(ApiExchange& exchange) {
  TRY(find_operation(exchange));
  if (!exchange.is_counted) TRY(admit_client(services_.limiter, exchange));
  Result<void> authorized = authorize(exchange);
  // Also who is denied: it is known who asked, and it was work.
  if (!exchange.is_counted) TRY(admit_caller(exchange));
  exchange.is_counted = true;
  return authorized;
}

// Unique by process, core and number: cheaper than randomness, and nothing rests on it.
std::string_view Dispatcher::next_request_id(std::size_t core_index) {
  static constexpr char digits[] = "0123456789abcdefghijklmnopqrstuv";
  static constexpr std::size_t number_digits = 12;
  Core& core = *cores_[core_index];
  std::uint64_t number = core.requests++ * cores_.size() + core_index;
  const std::size_t size = request_id_prefix_.size() + number_digits;
  for (std::size_t at = size; at-- > request_id_prefix_.size(); number >>= 5)
    core.request_id[at] = digits[number & 31];
  request_id_prefix_.copy(core.request_id.data(), request_id_prefix_.size());
  return {core.request_id.data(), size};
}

Result<void> Dispatcher::find_operation(ApiExchange& exchange) const {
  const auto& request = exchange.request;
  const http::RouteMatch match = router_.match(request.method, request.path);
  switch (match.kind) {
    case http::RouteMatch::Kind::found:
      exchange.operation = &operations()[match.route];
      exchange.captures = match.captures;
      return {};
    case http::RouteMatch::Kind::wrong_method:
      exchange.response.add_header("Allow", router_.allowed_methods(request.path));
      return failure(Errc::method_not_allowed, "This path does not know this method");
    case http::RouteMatch::Kind::no_such_path:
      break;
  }
  return failure(Errc::not_found, "No such path");
}

// Before anybody is told "allowed": does the directory still follow the database?
Result<void> Dispatcher::require_fresh_directory(Directory::SteadyTime now) const {
  if (services_.directory.is_fresh(now)) return {};
  return failure(Errc::unavailable, "The database has not been reachable for too long");
}

Result<void> Dispatcher::authorize(ApiExchange& exchange) {
  const Operation& operation = *exchange.operation;
  if (operation.access == Access::anonymous) return {};
  TRY(require_fresh_directory(exchange.started));
  exchange.keys_generation = services_.tokens.keys_generation();
  if (operation.access == Access::gateway) {
    identify(exchange);
    return {};
  }
  if (operation.access == Access::registrant) return authorize_registrant(exchange);
  const Timestamp now = services_.clock.now();
  const Caller caller = TRY(authenticate(exchange, now));
  if (!exchange.request.query.empty() && takes_min_revision(operation))
    TRY(exchange.read_min_revision());
  if (!is_behind(exchange)) return decide_access(exchange, caller, now);
  // What this node knows is too old to decide by: finish() does, on a worker.
  exchange.caller = caller;
  exchange.is_decided = false;
  return {};
}

bool Dispatcher::is_behind(const ApiExchange& exchange) const {
  return exchange.min_revision > services_.directory.revision();
}

Result<void> Dispatcher::authorize_registrant(ApiExchange& exchange) {
  const Settings& settings = services_.settings;
  if (settings.registration == Registration::open) return {};
  const auto header = exchange.request.find("Authorization");
  if (!header)
    return failure(settings.registration == Registration::token ? Errc::unauthenticated
                                                                : Errc::registration_closed,
                   "Registration is not open to everybody");
  if (settings.registration == Registration::token &&
      exchange.request.count("Authorization") == 1) {
    const auto token = bearer(*header);
    // Hashed, so that the comparison does not tell the token's length.
    if (token && sha256(*token) == sha256(settings.registration_token.reveal())) return {};
  }
  const Timestamp now = services_.clock.now();
  return decide_access(exchange, TRY(authenticate(exchange, now)), now);
}

Result<Caller> Dispatcher::authenticate(const ApiExchange& exchange, Timestamp now) {
  const auto header = exchange.request.find("Authorization");
  if (!header) return failure(Errc::unauthenticated, "Credentials are required");
  if (exchange.request.count("Authorization") > 1)
    return failure(Errc::malformed_request, "More than one Authorization header");
  const auto token = bearer(*header);
  if (!token) return failure(Errc::unauthenticated, "Credentials are required");

  Caller caller = TRY(verify(*token, exchange.core, now));
  caller.address = exchange.client_address();
  return caller;
}

Result<Caller> Dispatcher::verify(std::string_view token, std::size_t core, Timestamp now) {
  VerifiedTokens& remembered = cores_[core]->tokens;
  if (const auto known = remembered.find(token, now)) return known->caller();
  const VerifiedToken verified = TRY(services_.tokens.verify(token, now));
  remembered.remember(token, verified);
  return verified.caller();
}

// Whoever sent the original request need not be anybody: what it asks for says whether that
// matters.
void Dispatcher::identify(ApiExchange& exchange) {
  if (!exchange.request.find("Authorization")) return;
  auto caller = authenticate(exchange, services_.clock.now());
  if (!caller) {
    exchange.gateway.no_caller = std::move(caller).error();
    return;
  }
  exchange.subject.agent_id = caller->agent_id;
  exchange.subject.kid = AuditText::of_kid(text_of(caller->key));
  exchange.caller = *caller;
}

// On any thread, so without what a core remembers.
Result<void> Dispatcher::verify_again(const ApiExchange& exchange, Timestamp now) const {
  if (exchange.keys_generation == services_.tokens.keys_generation()) return {};
  const auto token = bearer(exchange.request.find("Authorization").value_or(""));
  TRY(services_.tokens.verify(token.value_or(""), now));
  return {};
}

// On the core. What has to be counted before anybody acts on it is left to finish().
Result<void> Dispatcher::decide_access(ApiExchange& exchange, const Caller& caller,
                                       Timestamp now) const {
  exchange.subject.agent_id = caller.agent_id;
  exchange.subject.kid = AuditText::of_kid(text_of(caller.key));
  services_.grant_uses.expect(caller.agent_id);
  const Directory::View view(services_.directory);
  const Actor actor = TRY(find_acting(view, caller, now));
  exchange.caller = caller;
  const auto named = TRY(exchange.named_agent());
  const Decision decision =
      decision_on(view, exchange, actor, question_about(exchange, now), named);
  exchange.is_decided = !decision.is_to_be_spent();
  const Runs runs = exchange.operation->runs;
  const bool is_final =
      !decision.allowed() || runs == Runs::inline_ || runs == Runs::worker_if_needed;
  if (exchange.is_decided && is_final && !exchange.is_admission_recorded) {
    record_audited(services_, exchange, asked_for(exchange), decision);
    exchange.is_admission_recorded = true;
    note_use(services_.grant_uses, decision, &caller.agent_id, now);
  }
  return admit(exchange, decision.reason);
}

Result<void> Dispatcher::admit(ApiExchange& exchange, Reason reason) {
  exchange.holds_permission = reason == Reason::granted;
  exchange.admission = reason;
  if (exchange.operation->access == Access::permission_or_about_self) return {};
  return require_allowed(reason);
}

// On a worker.
Result<void> Dispatcher::enforce_access(ApiExchange& exchange, Timestamp now) const {
  const Caller caller = *exchange.caller;
  exchange.subject.agent_id = caller.agent_id;
  exchange.subject.kid = AuditText::of_kid(text_of(caller.key));
  const auto named = TRY(exchange.named_agent());
  Question question = question_about(exchange, now);
  const auto ask = [&](const Directory::View& view,
                       std::span<const GrantId> spent) -> Result<Decision> {
    question.spent = spent;
    return decision_on(view, exchange, TRY(find_acting(view, caller, question.now)), question,
                       named);
  };
  // The caller chooses the request id, so that is not what counts as one use.
  const Enforced enforced =
      TRY(enforce(services_, exchange, asked_for(exchange), new_use(services_), ask));
  return admit(exchange, enforced.reason);
}

Decision Dispatcher::decision_on(const Directory::View& view, const ApiExchange& exchange,
                                 const Actor& actor, const Question& question,
                                 std::optional<AgentId> named) const {
  return api::decide_access(view, *exchange.operation, question,
                            {actor, named ? Actor(view.find_agent(*named)) : Actor()});
}

// Views of the exchange.
Question Dispatcher::question_about(const ApiExchange& exchange, Timestamp now) const {
  Question question = question_about(*exchange.operation, now);
  question.circumstances = circumstances_of(exchange);
  return question;
}

Question Dispatcher::question_about(const Operation& operation, Timestamp now) const {
  Question question;
  question.requirement = requirements_[index_of(operation)];
  question.action = operation.permission;
  question.now = now;
  return question;
}

Result<http::Next> Dispatcher::run(ApiExchange& exchange) {
  const Operation& operation = *exchange.operation;
  // What takes no input is told none: what nobody reads is a mistake worth hearing of.
  if (operation.binding.request == nullptr &&
      !(exchange.request.query.empty() && exchange.request.body.empty()))
    TRY(exchange.decode_input<Nothing>());
  http::Next next;
  if (!exchange.is_decided) {
    next.pool = http::Pool::worker;
    return next;
  }
  switch (operation.runs) {
    case Runs::inline_:
    case Runs::inline_but_write:
      TRY(operation.binding.handle(services_, exchange));
      break;
    case Runs::on_worker:
      next.pool = http::Pool::worker;
      break;
    case Runs::on_hasher:
      // Anybody may register: that may wait, who has a key already logs in.
      next.pool = http::Pool::hashing;
      next.turn = http::Turn::after_others;
      break;
    case Runs::hasher_if_new:
      if (!TRY(operation.binding.attempt(services_, exchange, next.share)))
        next.pool = http::Pool::hashing;
      // Without a name nothing is known that would have to be computed: it crowds nobody out.
      if (next.share == http::ShareName{}) next.turn = http::Turn::after_others;
      break;
    case Runs::worker_if_needed:
      if (!TRY(operation.binding.attempt(services_, exchange, next.share)))
        next.pool = http::Pool::worker;
      break;
  }
  return next;
}

// RFC 6750 3: `scope` is what the request needs; named only when it is what the caller lacks. Who
// holds it, and is denied for whom it would change or what it would pass on, is not sent after it.
std::string Dispatcher::denial(const ApiExchange& exchange) const {
  std::string challenge = std::string(realm) + R"(, error="insufficient_scope")";
  const Directory::View view(services_.directory);
  const auto actor = exchange.caller ? find_acting(view, *exchange.caller, services_.clock.now())
                                     : Result<Actor>(Actor());
  const Question question = question_about(exchange, services_.clock.now());
  if (!actor || !decide(view, *actor, question).allowed())
    challenge += R"(, scope=")" + std::string(exchange.operation->permission) + '"';
  return challenge;
}

// A stream outlives its request, so it takes along what it needs to ask again.
Result<void> Dispatcher::guard_events(ApiExchange& exchange) {
  auto place = event_places_.take(exchange.caller->agent_id);
  if (!place) {
    exchange.events.reset();
    return failure(Errc::unavailable, "This node, or this agent, has as many streams as it may");
  }
  const auto token = bearer(exchange.request.find("Authorization").value_or(""));
  auto let_in = [this, operation = exchange.operation, core = exchange.core,
                 circumstances = KeptCircumstances(circumstances_of(exchange)),
                 text = std::string(token.value_or(""))] {
    return would_let_in(*operation, text, circumstances.view(), core);
  };
  exchange.events =
      std::make_unique<EventGuard>(std::move(exchange.events), std::move(let_in), std::move(place));
  return {};
}

// On the core whose number that is.
bool Dispatcher::would_let_in(const Operation& operation, std::string_view token,
                              const Circumstances& circumstances, std::size_t core) {
  if (!require_fresh_directory(std::chrono::steady_clock::now())) return false;
  const Timestamp now = services_.clock.now();
  auto caller = verify(token, core, now);
  if (!caller) return false;
  caller->address = *circumstances.address;
  const Directory::View view(services_.directory);
  const auto agent = find_acting(view, *caller, now);
  Question question = question_about(operation, now);
  question.circumstances = circumstances;
  return agent && decide(view, *agent, question).allowed();
}

Result<void> Dispatcher::admit_caller(ApiExchange& exchange) const {
  if (!exchange.caller) return {};
  const Caller& caller = *exchange.caller;
  return admit_agent(services_, exchange, caller.agent_id, text_of(caller.key));
}

void Dispatcher::fail(ApiExchange& exchange, Error error) {
  count_refusal(services_.limiter, exchange, error);
  http::Response& response = exchange.response;
  const bool asked_by_gateway = is_gateway_question(exchange);
  if (asked_by_gateway) note_gateway_refusal(exchange, error);
  challenge(exchange, error);
  if (auto refusal = refusal_of(services_, exchange, error))
    services_.recorder.record_denial(*std::move(refusal));
  write_problem(response, asked_by_gateway ? as_verdict(exchange, error) : error,
                exchange.request_id());
  exchange.error = std::move(error);
}

void Dispatcher::challenge(ApiExchange& exchange, const Error& error) const {
  http::Response& response = exchange.response;
  if (error.code == Errc::unauthenticated) {
    // RFC 6750 3.1: no error code when no token was sent, or when none is asked for.
    const auto header = exchange.request.find("Authorization");
    const bool token_refused = header && bearer(*header) && exchange.operation != nullptr &&
                               exchange.operation->access != Access::anonymous;
    response.add_header("WWW-Authenticate",
                        std::string(realm) + (token_refused ? R"(, error="invalid_token")" : ""));
  } else if (exchange.gateway.reason) {
    // What the agent lacks, if that is why: nothing it could bring makes an unlisted path a listed
    // one.
    if (exchange.gateway.reason == GatewayReason::permission_denied)
      response.add_header("WWW-Authenticate", std::string(realm) +
                                                  R"(, error="insufficient_scope", scope=")" +
                                                  exchange.gateway.permission + '"');
  } else if (error.code == Errc::permission_denied) {
    response.add_header("WWW-Authenticate", denial(exchange));
  } else if (exchange.request.count("Authorization") > 1) {
    response.add_header("WWW-Authenticate", std::string(realm) + R"(, error="invalid_request")");
  }
}

void Dispatcher::answered(const http::Exchange& http_exchange, std::chrono::nanoseconds took) {
  const ApiExchange& exchange = as_api(http_exchange);
  const std::size_t operation =
      exchange.operation == nullptr ? operations().size() : index_of(*exchange.operation);
  services_.metrics.count_request(exchange.core, operation, exchange.response.status(), took);
  if (exchange.gateway.reason)
    services_.metrics.count_gateway_answer(exchange.core, *exchange.gateway.reason);
  count_decisions(exchange);
  log_.write(exchange, took);
}

// Who may do something, and not what it would do by it, was denied as one who may not.
void Dispatcher::count_decisions(const ApiExchange& exchange) {
  const DecisionCounts& decided = exchange.decided;
  if (decided.any()) {
    const DecisionEntry entry =
        exchange.gateway.reason ? DecisionEntry::gateway : DecisionEntry::evaluation;
    services_.metrics.count_decisions(exchange.core, entry, decided);
  }
  if (!exchange.admission) return;
  const bool is_refused = exchange.error && exchange.error->code == Errc::permission_denied;
  const bool is_allowed = *exchange.admission == Reason::granted;
  if (!is_allowed && !is_refused) return;  // it asked about itself
  services_.metrics.count_decision(
      exchange.core, DecisionEntry::route,
      is_allowed && is_refused ? Reason::not_granted : *exchange.admission);
}

}  // namespace agentauth::api

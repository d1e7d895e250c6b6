// Takes each request from its route to its answer: find the operation, prove who calls, decide,
// run. Start here for the path of a request.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "api/event_guard.h"
#include "api/operations.h"
#include "api/request_log.h"
#include "http/application.h"
#include "http/router.h"
#include "tokens/verified_tokens.h"

namespace agentauth::api {

class Dispatcher final : public http::Application {
 public:
  Dispatcher(Services& services, std::size_t cores);

  std::unique_ptr<http::Exchange> new_exchange(std::size_t core) override;
  Result<http::LargeBodySender> admit_large_body(http::Exchange& exchange) override;
  http::Next begin(http::Exchange& exchange) override;
  bool defer(http::Exchange& exchange, http::Resume resume) override;
  void finish(http::Exchange& exchange) override;
  void refuse(http::Exchange& exchange, const Error& error) override;
  void answered(const http::Exchange& exchange, std::chrono::nanoseconds took) override;

 private:
  struct alignas(64) Core {
    explicit Core(const TokenService& service) : tokens(service) {}

    VerifiedTokens tokens;
    std::uint64_t requests = 0;
    std::array<char, 32> request_id{};  // the one made last
  };

  void name_request(ApiExchange& exchange);
  void name_client(ApiExchange& exchange) const;
  // All that needs no body: which operation, within the limits, by whom, may they.
  Result<void> let_in(ApiExchange& exchange);
  std::string_view next_request_id(std::size_t core);
  Result<void> find_operation(ApiExchange& exchange) const;
  Result<void> require_fresh_directory(Directory::SteadyTime now) const;
  Result<void> authorize(ApiExchange& exchange);
  Result<void> authorize_registrant(ApiExchange& exchange);
  // Proves who calls by the access token. Errors: unauthenticated, malformed_request.
  Result<Caller> authenticate(const ApiExchange& exchange, Timestamp now);
  Result<Caller> verify(std::string_view token, std::size_t core, Timestamp now);
  // Once more when signing keys have been replaced since: one may have been withdrawn.
  Result<void> verify_again(const ApiExchange& exchange, Timestamp now) const;
  void identify(ApiExchange& exchange);
  Result<void> decide_access(ApiExchange& exchange, const Caller& caller, Timestamp now) const;
  // Notes what was decided. Errors: permission_denied, unless the handler has to look first.
  static Result<void> admit(ApiExchange& exchange, Reason reason);
  Result<void> enforce_access(ApiExchange& exchange, Timestamp now) const;
  Decision decision_on(const Directory::View& view, const ApiExchange& exchange, const Actor& actor,
                       const Question& question, std::optional<AgentId> named) const;
  Question question_about(const ApiExchange& exchange, Timestamp now) const;
  Question question_about(const Operation& operation, Timestamp now) const;
  // Whether this node has yet to hear of what the caller has seen.
  bool is_behind(const ApiExchange& exchange) const;
  Result<http::Next> run(ApiExchange& exchange);
  std::string denial(const ApiExchange& exchange) const;
  Result<void> guard_events(ApiExchange& exchange);
  bool would_let_in(const Operation& operation, std::string_view token,
                    const Circumstances& circumstances, std::size_t core);
  Result<void> admit_caller(ApiExchange& exchange) const;
  void fail(ApiExchange& exchange, Error error);
  void count_decisions(const ApiExchange& exchange);
  void challenge(ApiExchange& exchange, const Error& error) const;

  Services& services_;
  http::Router router_;
  std::vector<Requirement> requirements_;  // one for each operation
  std::vector<std::unique_ptr<Core>> cores_;
  const std::string request_id_prefix_;  // of this process
  EventPlaces event_places_;
  RequestLog log_;
};

}  // namespace agentauth::api

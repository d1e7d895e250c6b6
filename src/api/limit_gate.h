// Where a request meets the rate limits: by address before anything else, by key, agent and owner
// once these are proved, so that nobody can use up another's. Each costs one load where nothing is
// limited.
#pragma once

#include <string_view>
#include <vector>

#include "api/exchange.h"
#include "api/services.h"
#include "limits/limiter.h"

namespace agentauth::api {

// The operations as limits name them, in their order, and by whom their requests are counted: by
// the agent, its owner and the key that a token is proved to be of, or a login or a refresh; by the
// owner whom a registration names. Who fails at a login is not proved to be anybody, but for the
// kid it names.
std::vector<LimitedRoute> limited_routes(Registration registration);

// Errors of all of them: rate_limited.
Result<void> admit_client(Limiter& limiter, ApiExchange& exchange);
// REQUIRES: it has been proved that the agent calls, with that key.
Result<void> admit_agent(Services& services, ApiExchange& exchange, const AgentId& agent,
                         std::string_view kid);
// Whom a registration names.
Result<void> admit_owner(Limiter& limiter, ApiExchange& exchange, std::string_view email);

// Counts an answer that refuses, and makes it rate_limited when there have been too many. Those of
// a kid are counted here and nowhere else: who has the right secret is never asked for them.
void count_refusal(Limiter& limiter, ApiExchange& exchange, Error& error);

// RateLimit and RateLimit-Policy, if any limit was asked.
void write_limit_headers(const Limiter& limiter, ApiExchange& exchange);

}  // namespace agentauth::api

// Where a request meets the rate limits: by address before anything else, by key, agent and owner
// once these are proved, so that nobody can use up another's. Each costs one load where the route
// has no limits.
#pragma once

#include <string_view>

#include "api/exchange.h"
#include "limits/limiter.h"

namespace agentauth::api {

// Errors of all of them: rate_limited.
Result<void> admit_client(Limiter& limiter, ApiExchange& exchange);
// REQUIRES: it has been proved that the agent calls. `kid` may be empty.
Result<void> admit_agent(Limiter& limiter, ApiExchange& exchange, const AgentId& agent,
                         std::string_view kid);
Result<void> admit_owner(Limiter& limiter, ApiExchange& exchange, std::string_view email);

// Counts an answer that refuses, and makes it rate_limited when there have been too many. A wrong
// secret for a known kid is counted here and nowhere else: the right one is never asked for it.
void count_refusal(Limiter& limiter, ApiExchange& exchange, Error& error);

// RateLimit and RateLimit-Policy, if any limit was asked.
void write_limit_headers(const Limiter& limiter, ApiExchange& exchange);

}  // namespace agentauth::api

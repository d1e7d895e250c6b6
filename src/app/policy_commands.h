// Policy as a file, over HTTP.
#pragma once

#include "app/client_call.h"

namespace agentauth::app {

Result<int> apply_policy(const Call& call);
// What applying would change; exit code 0 also when it would.
Result<int> diff_policy(const Call& call);
Result<int> export_policy(const Call& call);
// Exit code 1 when a row failed.
Result<int> test_policy(const Call& call);
// Exit code 1 when a question could not be asked.
Result<int> simulate_policy(const Call& call);
// Why a decision is what it is; exit code 0 whatever it is.
Result<int> explain_decision(const Call& call);
Result<int> who_can(const Call& call);
Result<int> what_can(const Call& call);

// As people keep it in git: one line an entry. What is not JSON comes back as it is.
std::string pretty_policy(const std::string& json);

// A policy file is larger than other bodies may be; the server has the last word.
inline constexpr std::size_t policy_bytes_max = 2 * 1024 * std::size_t{1024};

}  // namespace agentauth::app

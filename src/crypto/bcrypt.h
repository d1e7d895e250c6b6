// bcrypt ($2b$) by way of libxcrypt.
#pragma once

#include <string>

#include "base/result.h"
#include "crypto/random.h"
#include "crypto/secret.h"

namespace agentauth {

inline constexpr int bcrypt_cost_min = 10;
inline constexpr int bcrypt_cost_max = 14;

// bcrypt reads at most 72 bytes and stops at NUL, so the secret must be 1 to 72 bytes without NUL;
// ours are 64 hexadecimal characters. Errors: internal.
Result<std::string> bcrypt_hash(const Secret& secret, int cost, Random& random);

// False also when the stored hash is not `$2b$` with a cost in bounds: a hash from elsewhere must
// not decide how long we compute.
bool bcrypt_matches(const Secret& secret, const std::string& hash);

}  // namespace agentauth

#include "crypto/bcrypt.h"

#include <crypt.h>

#include <string.h>

#include <algorithm>
#include <memory>

#include "base/encoding.h"
#include "base/low_priority.h"
#include "crypto/hash.h"

namespace agentauth {
namespace {

constexpr std::size_t hash_characters = 60;
constexpr std::size_t settings_characters = 29;  // $2b$12$ and 22 characters of salt
constexpr std::size_t secret_bytes_max = 72;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool has_bounded_cost(const std::string& hash) {
  if (hash.size() != hash_characters || !hash.starts_with("$2b$") || hash[6] != '$') return false;
  if (!is_digit(hash[4]) || !is_digit(hash[5])) return false;
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  return cost >= bcrypt_cost_min && cost <= bcrypt_cost_max;
}

// Empty when libxcrypt refuses.
std::string compute(const Secret& secret, const std::string& settings) {
  const std::string_view text = secret.reveal();
  if (text.empty() || text.size() > secret_bytes_max || text.find('\0') != std::string_view::npos)
    return {};
  const Secret terminated{std::string(text)};
  const auto scratch = std::make_unique<crypt_data>();
  const Computing computing;
  const char* result = crypt_rn(terminated.reveal().data(), settings.c_str(), scratch.get(),
                                static_cast<int>(sizeof *scratch));
  std::string hash = result == nullptr ? "" : result;
  explicit_bzero(scratch.get(), sizeof *scratch);
  return hash.size() == hash_characters ? hash : std::string();
}

}  // namespace

Result<std::string> bcrypt_hash(const Secret& secret, int cost, Random& random) {
  const auto salt = random.bytes<16>();
  char settings[CRYPT_GENSALT_OUTPUT_SIZE];
  const int bounded = std::clamp(cost, bcrypt_cost_min, bcrypt_cost_max);
  if (crypt_gensalt_rn("$2b$", static_cast<unsigned long>(bounded),
                       reinterpret_cast<const char*>(salt.data()), static_cast<int>(salt.size()),
                       settings, sizeof settings) == nullptr)
    return failure(Errc::internal, "The key could not be hashed", "crypt_gensalt_rn failed");
  std::string hash = compute(secret, settings);
  if (hash.empty())
    return failure(Errc::internal, "The key could not be hashed", "crypt_rn failed");
  return hash;
}

bool bcrypt_matches(const Secret& secret, const std::string& hash) {
  if (!has_bounded_cost(hash)) return false;
  const std::string computed = compute(secret, hash.substr(0, settings_characters));
  return !computed.empty() && constant_time_equal(as_bytes(computed), as_bytes(hash));
}

}  // namespace agentauth

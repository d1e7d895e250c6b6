#include "crypto/secret.h"

#include <openssl/crypto.h>

namespace agentauth {

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = std::move(other.text_);
    other.wipe();
  }
  return *this;
}

Secret random_secret(Random& random, std::size_t bytes) {
  Secret secret{std::string(bytes, '\0')};
  random.fill(secret.bytes());
  return secret;
}

void Secret::wipe() {
  // OPENSSL_cleanse is not optimised away; the capacity may hold more than the size says.
  OPENSSL_cleanse(text_.data(), text_.capacity());
  text_.clear();
}

}  // namespace agentauth

#include <openssl/evp.h>

#include <memory>
#include <new>

#include "crypto/master_key.h"

namespace agentauth {
namespace {

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Context new_context() { return {EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free}; }

int length(std::size_t size) { return static_cast<int>(size); }

}  // namespace

Bytes Sealer::seal(ByteView plain, std::string_view context, Random& random) const {
  const auto nonce = random.bytes<nonce_bytes>();
  Bytes sealed(nonce.begin(), nonce.end());
  sealed.resize(nonce_bytes + plain.size() + tag_bytes);
  const Context cipher = new_context();
  int written = 0;
  const bool done =
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce.data()) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &written, as_bytes(context).data(),
                        length(context.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), sealed.data() + nonce_bytes, &written, plain.data(),
                        length(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), sealed.data() + nonce_bytes + written, &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, length(tag_bytes),
                          sealed.data() + nonce_bytes + plain.size()) == 1;
  // AES-GCM over a small buffer fails only without memory.
  if (!done) throw std::bad_alloc();
  return sealed;
}

Result<Secret> Sealer::open(ByteView sealed, std::string_view context) const {
  const auto refused = failure(Errc::internal, "A sealed secret cannot be opened",
                               "wrong master key, or changed in the database");
  if (sealed.size() < nonce_bytes + tag_bytes) return refused;
  const ByteView nonce = sealed.first(nonce_bytes);
  const ByteView body = sealed.subspan(nonce_bytes, sealed.size() - nonce_bytes - tag_bytes);
  Bytes tag(sealed.end() - tag_bytes, sealed.end());
  Secret plain{std::string(body.size(), '\0')};
  const Context cipher = new_context();
  int written = 0;
  const bool done =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce.data()) ==
          1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &written, as_bytes(context).data(),
                        length(context.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), plain.bytes().data(), &written, body.data(),
                        length(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, length(tag_bytes), tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), plain.bytes().data() + written, &written) == 1;
  if (!done) return refused;
  return plain;
}

}  // namespace agentauth

#include "limits/internal/redis_tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/network.h"

namespace agentauth::internal {
namespace {

tl::unexpected<Error> broken(std::string_view why) {
  ERR_clear_error();
  return failure(Errc::unavailable, "Redis cannot be used", why);
}

std::string reason_of(const SSL* ssl) {
  if (const long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK)
    return std::string("its certificate: ") + X509_verify_cert_error_string(verdict);
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  return std::string("the TLS handshake failed") + (reason ? std::string(": ") + reason : "");
}

}  // namespace

Result<void> TlsSession::write(std::string_view bytes) {
  // Without partial writes: all of it, or an error.
  std::size_t written = 0;
  if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) != 1)
    return broken("the TLS connection was lost");
  return {};
}

Result<std::string_view> TlsSession::read(std::span<char> buffer) {
  std::size_t size = 0;
  if (SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &size) != 1)
    return broken("the TLS connection was lost, or no answer came in time");
  return std::string_view(buffer.data(), size);
}

Result<RedisTls> RedisTls::create(const std::optional<std::filesystem::path>& ca_file) {
  RedisTls tls;
  tls.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = tls.context_.get();
  if (context == nullptr) return failure(Errc::internal, "no memory for TLS");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const bool loaded = ca_file ? SSL_CTX_load_verify_file(context, ca_file->c_str()) == 1
                              : SSL_CTX_set_default_verify_paths(context) == 1;
  if (loaded) return tls;
  ERR_clear_error();
  return failure(Errc::invalid_argument,
                 "--redis-ca-file: " + (ca_file ? ca_file->string() : "the system's authorities") +
                     ": no certificates can be read from it");
}

Result<TlsSession> RedisTls::connect(int socket, const std::string& host) const {
  ERR_clear_error();
  SSL* const ssl = SSL_new(context_.get());
  if (ssl == nullptr) return broken("no memory for TLS");
  TlsSession session(ssl);
  // RFC 6066 3: the server name is a host name, never an address.
  const bool is_address = parse_ip_address(host).has_value();
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool is_set =
      is_address
          ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1
          : SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str());
  if (!is_set || SSL_set_fd(ssl, socket) != 1) return broken("TLS cannot be set up");
  if (SSL_connect(ssl) != 1) return broken(reason_of(ssl));
  return session;
}

}  // namespace agentauth::internal

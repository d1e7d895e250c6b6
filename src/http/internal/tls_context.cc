#include "http/internal/tls_context.h"

namespace agentauth::http::internal {

namespace asio = boost::asio;

Result<std::shared_ptr<asio::ssl::context>> make_tls_context(const std::string& certificate_file,
                                                             const std::string& key_file) {
  auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                   asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                   asio::ssl::context::no_tlsv1_1 | SSL_OP_NO_RENEGOTIATION |
                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  // RFC 9325 4.2: of TLS 1.2 what has forward secrecy and authenticates; 1.3 has nothing else.
  SSL_CTX_set_cipher_list(tls->native_handle(), "ECDHE+AESGCM:ECDHE+CHACHA20");
  boost::system::error_code error;
  tls->use_certificate_chain_file(certificate_file, error);
  if (error)
    return failure(Errc::invalid_argument,
                   "cannot use the TLS certificate " + certificate_file + ": " + error.message());
  tls->use_private_key_file(key_file, asio::ssl::context::pem, error);
  if (error)
    return failure(Errc::invalid_argument,
                   "cannot use the TLS key " + key_file + ": " + error.message());
  return tls;
}

}  // namespace agentauth::http::internal

// TLS to Redis, on sockets that hiredis has connected: Debian 12's hiredis speaks none.
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace agentauth::internal {

// One connection. The socket is the caller's, blocks, and has time-outs of its own.
// Errors: unavailable; after one the connection is of no use any more.
class TlsSession {
 public:
  explicit TlsSession(SSL* ssl) : ssl_(ssl) {}

  Result<void> write(std::string_view bytes);
  // At least one byte.
  Result<std::string_view> read(std::span<char> buffer);

 private:
  struct Freed {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL, Freed> ssl_;
};

// Whom to trust: TLS 1.2 or later, and a certificate for the host that was asked for.
class RedisTls {
 public:
  // Without a file the system's authorities. Errors: invalid_argument when none can be read.
  static Result<RedisTls> create(const std::optional<std::filesystem::path>& ca_file);

  // The handshake. Errors: unavailable, with what is wrong about the certificate.
  Result<TlsSession> connect(int socket, const std::string& host) const;

 private:
  struct Freed {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Freed> context_;
};

}  // namespace agentauth::internal

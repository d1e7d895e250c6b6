#include "http/certificate.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>
#include <optional>

#include "http/internal/tls_context.h"

namespace agentauth::http {
namespace {

std::optional<Timestamp> timestamp(const ASN1_TIME* time) {
  std::tm utc{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &utc) != 1) return std::nullopt;
  return Timestamp{std::chrono::seconds{timegm(&utc)}};
}

}  // namespace

Result<CertificateLife> inspect_certificate(const std::string& certificate_file,
                                            const std::string& key_file) {
  const auto context = TRY(internal::make_tls_context(certificate_file, key_file));
  const X509* const certificate = SSL_CTX_get0_certificate(context->native_handle());
  const auto begins = certificate ? timestamp(X509_get0_notBefore(certificate)) : std::nullopt;
  const auto ends = certificate ? timestamp(X509_get0_notAfter(certificate)) : std::nullopt;
  if (!begins || !ends)
    return failure(Errc::invalid_argument, "the TLS certificate " + certificate_file +
                                               " does not say how long it is valid");
  return CertificateLife{*begins, *ends};
}

}  // namespace agentauth::http

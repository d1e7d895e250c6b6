// What the client believes of a server that shows a certificate.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <thread>

#include "app/http_client.h"

namespace agentauth::app {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freed<SSL_free>>;

// Signed by itself, for the name or address in `subject_alternative`, valid from an hour ago.
Certificate self_signed(EVP_PKEY* key, const char* subject_alternative, long seconds_left) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), seconds_left);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject_alternative);
  X509_add_ext(certificate.get(), names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate.get(), key, EVP_sha256());
  return certificate;
}

// Answers one connection over TLS, if the client finishes the handshake.
class TlsServer {
 public:
  explicit TlsServer(const char* subject_alternative, long seconds_left = 3600)
      : key_(EVP_EC_gen("P-256")),
        certificate_(self_signed(key_.get(), subject_alternative, seconds_left)),
        context_(SSL_CTX_new(TLS_server_method())),
        listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    std::signal(SIGPIPE, SIG_IGN);  // SSL_write on a closed peer raises it
    SSL_CTX_use_certificate(context_.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context_.get(), key_.get());
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 1);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    std::string pattern = (std::filesystem::temp_directory_path() / "tls-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    FILE* file = std::fopen(ca_file().c_str(), "w");
    PEM_write_X509(file, certificate_.get());
    std::fclose(file);
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    thread_.join();
    close(listener_);
    std::filesystem::remove_all(folder_);
  }

  std::string ca_file() const { return (folder_ / "ca.pem").string(); }
  std::string url(const std::string& host) const {
    return "https://" + host + ':' + std::to_string(port_);
  }

 private:
  void serve() {
    const int connection = accept(listener_, nullptr, nullptr);
    Session session(SSL_new(context_.get()));
    SSL_set_fd(session.get(), connection);
    std::array<char, 4096> request{};
    if (SSL_accept(session.get()) == 1 &&
        SSL_read(session.get(), request.data(), static_cast<int>(request.size())) > 0) {
      const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
      SSL_write(session.get(), answer.data(), static_cast<int>(answer.size()));
    }
    close(connection);
  }

  Key key_;
  Certificate certificate_;
  Context context_;
  int listener_;
  int port_ = 0;
  std::filesystem::path folder_;
  std::thread thread_;
};

Result<HttpAnswer> call(const std::string& url, std::optional<std::filesystem::path> ca_file) {
  auto http = create_http_client({*ServerUrl::parse(url), std::move(ca_file), 5s});
  return http.value()->send({"GET", "/"});
}

TEST(HttpClientTls, ACertificateOfTheCaFileForThisAddressIsBelieved) {
  TlsServer server("IP:127.0.0.1");
  const auto answer = call(server.url("127.0.0.1"), server.ca_file());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "secret");
}

TEST(HttpClientTls, ACertificateOfTheCaFileForThisNameIsBelieved) {
  TlsServer server("DNS:localhost");
  EXPECT_TRUE(call(server.url("localhost"), server.ca_file()));
}

TEST(HttpClientTls, ACertificateNobodyVouchesForIsRefused) {
  TlsServer server("IP:127.0.0.1");
  const auto answer = call(server.url("127.0.0.1"), std::nullopt);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("certificate verify failed"));
}

TEST(HttpClientTls, ACertificateForAnotherNameIsRefused) {
  TlsServer server("DNS:other.example,IP:127.0.0.2");
  const auto answer = call(server.url("127.0.0.1"), server.ca_file());
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("certificate verify failed"));
}

TEST(HttpClientTls, ACertificateThatHasExpiredIsRefused) {
  TlsServer server("IP:127.0.0.1", -60);
  EXPECT_FALSE(call(server.url("127.0.0.1"), server.ca_file()));
}

}  // namespace
}  // namespace agentauth::app

// The gRPC server: takes calls of Check, and hands each to the program.
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "envoy/conversion.h"
#include "envoy/interface.h"
#include "ext_authz.grpc.pb.h"

namespace agentauth::envoy {
namespace {

namespace v3 = ::envoy::service::auth::v3;

// Of all calls that are being read and written.
constexpr std::size_t buffered_bytes_max = 64 * 1024 * 1024;
constexpr int metadata_bytes_max = 8 * 1024;
constexpr int handshake_ms = 15'000;
constexpr int idle_ms = 10 * 60'000;
constexpr int keepalive_ms = 60'000;
constexpr int keepalive_answer_ms = 20'000;
// How often renewed certificates are looked for.
constexpr unsigned certificate_seconds = 1;

class PendingCall final : public grpc::ServerUnaryReactor, public Call {
 public:
  PendingCall(const std::string& peer, const v3::CheckRequest& request, v3::CheckResponse& response)
      : peer_(peer),
        response_(response),
        question_(read_question(request, address_of_peer(peer_), headers_)) {}

  const Question& question() const override { return question_; }
  bool is_cancelled() const override { return is_cancelled_; }
  // Without memory for the answer there is none, and the call ends as an error, which passes
  // nothing on.
  void answer(const Verdict& verdict) noexcept override {
    try {
      write_verdict(verdict, response_);
      Finish(grpc::Status::OK);
    } catch (const std::exception&) {
      Finish({grpc::StatusCode::INTERNAL, "no answer"});
    }
  }

  void OnCancel() override { is_cancelled_ = true; }
  void OnDone() override { delete this; }

 private:
  const std::string peer_;
  v3::CheckResponse& response_;
  std::vector<Header> headers_;
  const Question question_;
  std::atomic<bool> is_cancelled_{false};
};

class Service final : public v3::Authorization::CallbackService {
 public:
  explicit Service(Checks& checks) : checks_(checks) {}

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const v3::CheckRequest* request,
                                  v3::CheckResponse* response) override {
    auto* call = new PendingCall(context->peer(), *request, *response);
    // It is not gone before it has been returned, however soon it is answered.
    checks_.check(*call);
    return call;
  }

 private:
  Checks& checks_;
};

std::shared_ptr<grpc::ServerCredentials> credentials_of(const ListenerOptions& options) {
  if (options.certificate_file.empty()) return grpc::InsecureServerCredentials();
  grpc::experimental::TlsServerCredentialsOptions tls(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          std::string(options.key_file), std::string(options.certificate_file),
          certificate_seconds));
  tls.watch_identity_key_cert_pairs();
  tls.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(tls);
}

std::string target_of(const ListenerOptions& options) {
  std::string address(options.address);
  if (address.find(':') != std::string::npos) address = '[' + address + ']';
  return address + ':' + std::to_string(options.port);
}

class GrpcListener final : public Listener {
 public:
  GrpcListener(const ListenerOptions& options, Checks& checks) : service_(checks) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(target_of(options), credentials_of(options), &port_);
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(message_bytes_max);
    builder.SetResourceQuota(grpc::ResourceQuota("agentauth").Resize(buffered_bytes_max));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, streams_max);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, metadata_bytes_max);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, handshake_ms);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, idle_ms);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_answer_ms);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    // A compressed message is as large as it says only once it has been unpacked.
    builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
    // Two servers on one port by mistake would each get half of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    server_ = builder.BuildAndStart();
  }

  bool listens() const { return server_ != nullptr && port_ != 0; }
  std::uint16_t port() const override { return static_cast<std::uint16_t>(port_); }
  void drain(std::chrono::milliseconds limit) noexcept override {
    server_->Shutdown(std::chrono::system_clock::now() + limit);
  }

 private:
  Service service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

void explain(std::string_view text, char* why, std::size_t why_bytes) {
  const std::size_t size = std::min(text.size(), why_bytes - 1);
  std::memcpy(why, text.data(), size);
  why[size] = '\0';
}

// Its log has a form of its own, and would hold headers when the environment asks for it.
void say_nothing(gpr_log_func_args*) {}

Listener* listen(const ListenerOptions& options, Checks& checks, char* why, std::size_t why_bytes) {
  gpr_set_log_function(say_nothing);
  auto listener = std::make_unique<GrpcListener>(options, checks);
  if (listener->listens()) return listener.release();
  explain("the address is in use or not ours, or the certificate cannot be used", why, why_bytes);
  return nullptr;
}

}  // namespace
}  // namespace agentauth::envoy

extern "C" __attribute__((visibility("default"))) agentauth::envoy::Listener*
agentauth_envoy_listen(unsigned revision, const agentauth::envoy::ListenerOptions& options,
                       agentauth::envoy::Checks& checks, char* why, std::size_t why_bytes) {
  using namespace agentauth::envoy;
  if (revision != interface_revision) {
    explain("it is of another version of agentauth", why, why_bytes);
    return nullptr;
  }
  try {
    return listen(options, checks, why, why_bytes);
  } catch (const std::exception& exception) {
    explain(exception.what(), why, why_bytes);
    return nullptr;
  }
}

#include "app/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <variant>

#include "app/within.h"
#include "base/network.h"

namespace agentauth::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint64_t answer_bytes_max = 64 << 20;

using TcpStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

struct Lookup {
  error_code error;
  asio::ip::tcp::resolver::results_type endpoints;
};

Lookup look_up(const std::string& host, const std::string& port) {
  asio::io_context context;
  asio::ip::tcp::resolver resolver(context);
  Lookup found;
  found.endpoints = resolver.resolve(host, port, found.error);
  return found;
}

class HttpClient final : public Transport {
 public:
  explicit HttpClient(HttpClientSettings settings)
      : settings_(std::move(settings)), tls_(asio::ssl::context::tls_client) {}

  Result<void> load_certificates();
  Result<HttpAnswer> send(const HttpRequest& request) override;

 private:
  // Starts one asynchronous operation and waits for it: time-outs work on no other kind.
  template <class Start>
  error_code wait(Start start);
  tl::unexpected<Error> unreachable(const error_code& error) const;
  std::string_view hint(const error_code& error) const;

  Result<void> connect();
  Result<void> connect_tcp(TcpStream& stream);
  Result<void> start_tls(TlsStream& stream);
  template <class Stream>
  Result<HttpAnswer> exchange(Stream& stream, const HttpRequest& request);

  HttpClientSettings settings_;
  asio::io_context context_{1};
  asio::ssl::context tls_;
  std::variant<std::monostate, TcpStream, TlsStream> stream_;  // monostate: not connected
  beast::flat_buffer buffer_;
};

template <class Start>
error_code HttpClient::wait(Start start) {
  error_code result = asio::error::timed_out;
  start([&result](const error_code& error, auto&&...) { result = error; });
  context_.restart();
  context_.run();
  return result;
}

// The two mistakes that look like a broken server.
std::string_view HttpClient::hint(const error_code& error) const {
  if (!settings_.server.is_https) {
    const bool is_cut = error == http::error::end_of_stream ||
                        error == asio::error::connection_reset || error == http::error::bad_version;
    return is_cut ? "; if it speaks HTTPS, --server must begin with https://" : "";
  }
  if (error.category() != asio::error::get_ssl_category()) return "";
  if (error.message().find("certificate verify failed") != std::string::npos)
    return "; --ca-file names the certificates to trust";
  return "; if it speaks plain HTTP, --server must begin with http://";
}

tl::unexpected<Error> HttpClient::unreachable(const error_code& error) const {
  const std::string url =
      (settings_.server.is_https ? "https://" : "http://") + settings_.server.authority();
  const std::string why = error == beast::error::timeout        ? "no answer in time"
                          : error == http::error::end_of_stream ? "connection closed"
                                                                : error.message();
  return failure(Errc::unavailable,
                 "could not reach " + url + ": " + why + std::string(hint(error)));
}

Result<void> HttpClient::load_certificates() {
  error_code error;
  tls_.set_verify_mode(asio::ssl::verify_peer, error);
  tls_.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  if (!settings_.ca_file) {
    tls_.set_default_verify_paths(error);
    return {};  // without them every certificate is refused, which says enough
  }
  tls_.load_verify_file(settings_.ca_file->string(), error);
  if (!error) return {};
  return failure(Errc::not_found, "--ca-file: " + settings_.ca_file->string() +
                                      ": no certificates can be read from it");
}

Result<void> HttpClient::connect_tcp(TcpStream& stream) {
  // Asio's asynchronous resolver waits for the same getaddrinfo when it is destroyed.
  const auto looked_up = within<Lookup>(
      settings_.timeout,
      [host = settings_.server.host, port = settings_.server.port] { return look_up(host, port); });
  if (!looked_up) return unreachable(beast::error::timeout);
  if (looked_up->error) return unreachable(looked_up->error);
  const auto& endpoints = looked_up->endpoints;
  stream.expires_after(settings_.timeout);
  const error_code refused = wait([&](auto done) { stream.async_connect(endpoints, done); });
  if (refused) return unreachable(refused);
  error_code ignored;
  stream.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  return {};
}

Result<void> HttpClient::start_tls(TlsStream& stream) {
  const std::string& host = settings_.server.host;
  // RFC 6066 3: the server name is a host name, never an address.
  if (!parse_ip_address(host)) SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
  stream.set_verify_callback(asio::ssl::host_name_verification(host));
  beast::get_lowest_layer(stream).expires_after(settings_.timeout);
  const error_code error =
      wait([&](auto done) { stream.async_handshake(asio::ssl::stream_base::client, done); });
  if (error) return unreachable(error);
  return {};
}

Result<void> HttpClient::connect() {
  buffer_.clear();
  if (!settings_.server.is_https) return connect_tcp(stream_.emplace<TcpStream>(context_));
  auto& stream = stream_.emplace<TlsStream>(context_, tls_);
  TRY(connect_tcp(beast::get_lowest_layer(stream)));
  return start_tls(stream);
}

template <class Stream>
Result<HttpAnswer> HttpClient::exchange(Stream& stream, const HttpRequest& request) {
  http::request<http::string_body> message(http::string_to_verb(request.method),
                                           settings_.server.base_path + request.target, 11);
  message.set(http::field::host, settings_.server.authority());
  message.set(http::field::user_agent, "agentauth");
  message.set(http::field::accept, "application/json");
  if (!request.bearer.empty()) message.set(http::field::authorization, "Bearer " + request.bearer);
  if (!settings_.traceparent.empty()) message.set("traceparent", settings_.traceparent);
  if (!request.body.empty()) message.set(http::field::content_type, "application/json");
  message.body() = request.body;
  message.prepare_payload();

  http::response_parser<http::string_body> parser;
  parser.body_limit(answer_bytes_max);
  beast::get_lowest_layer(stream).expires_after(settings_.timeout);
  error_code error = wait([&](auto done) { http::async_write(stream, message, done); });
  if (!error) error = wait([&](auto done) { http::async_read(stream, buffer_, parser, done); });
  if (error) return unreachable(error);
  auto& answer = parser.get();
  HttpAnswer result{static_cast<int>(answer.result_int()), std::move(answer.body()),
                    std::string(answer["X-Request-ID"])};
  if (!answer.keep_alive()) stream_.emplace<std::monostate>();
  return result;
}

Result<HttpAnswer> HttpClient::send(const HttpRequest& request) {
  auto answer = [&]() -> Result<HttpAnswer> {
    if (std::holds_alternative<std::monostate>(stream_)) TRY(connect());
    if (auto* plain = std::get_if<TcpStream>(&stream_)) return exchange(*plain, request);
    return exchange(std::get<TlsStream>(stream_), request);
  }();
  if (!answer) stream_.emplace<std::monostate>();
  return answer;
}

}  // namespace

Result<std::unique_ptr<Transport>> create_http_client(HttpClientSettings settings) {
  // The system's certificates take a tenth of a second to read, which plain HTTP need not wait for.
  const bool is_https = settings.server.is_https;
  auto client = std::make_unique<HttpClient>(std::move(settings));
  if (is_https) TRY(client->load_certificates());
  return client;
}

}  // namespace agentauth::app

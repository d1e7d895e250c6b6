#include "app/http_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

namespace agentauth::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

using Script = std::vector<std::vector<std::string>>;

// Accepts connections one after the other; each gets the next script of answers, one a request.
class ScriptedServer {
 public:
  explicit ScriptedServer(Script script) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 8);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, script = std::move(script)] {
      for (const auto& answers : script) serve(answers);
    });
  }
  ~ScriptedServer() {
    if (thread_.joinable()) thread_.join();
    close(listener_);
  }

  std::string url(const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(port_);
  }
  // Waits for the end of the script.
  const std::vector<std::string>& requests() {
    if (thread_.joinable()) thread_.join();
    return requests_;
  }

 private:
  void serve(const std::vector<std::string>& answers) {
    const int connection = accept(listener_, nullptr, nullptr);
    for (const std::string& answer : answers) {
      std::array<char, 4096> buffer{};
      const ssize_t count = recv(connection, buffer.data(), buffer.size(), 0);
      if (count <= 0) break;
      requests_.emplace_back(buffer.data(), static_cast<std::size_t>(count));
      send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    close(connection);
  }

  int listener_;
  int port_ = 0;
  std::vector<std::string> requests_;
  std::thread thread_;
};

std::unique_ptr<Transport> client(const std::string& url, std::chrono::seconds timeout = 5s) {
  return create_http_client({*ServerUrl::parse(url), std::nullopt, timeout}).value();
}

const std::string hello = "HTTP/1.1 200 OK\r\nX-Request-ID: r1\r\nContent-Length: 5\r\n\r\nhello";

TEST(HttpClient, CallsShareOneConnection) {
  ScriptedServer server(Script{{hello, hello}});
  const auto http = client(server.url());
  for (int i = 0; i < 2; ++i) {
    const auto answer = http->send({"GET", "/agents?x=1"});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "hello");
    EXPECT_EQ(answer->request_id, "r1");
  }
}

TEST(HttpClient, AServerThatClosesIsConnectedToAgain) {
  const std::string last = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
  ScriptedServer server(Script{{last}, {last}});
  const auto http = client(server.url());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(http->send({"DELETE", "/x"})->status, 204);
}

TEST(HttpClient, ATraceIsPassedOn) {
  ScriptedServer server(Script{{hello}, {hello}});
  for (const std::string traceparent : {"", "00-trace"}) {
    const auto http =
        create_http_client({*ServerUrl::parse(server.url()), std::nullopt, 5s, traceparent});
    EXPECT_TRUE((*http)->send({"GET", "/"}));
  }
  EXPECT_THAT(server.requests().at(0), Not(HasSubstr("traceparent")));
  EXPECT_THAT(server.requests().at(1), HasSubstr("\r\ntraceparent: 00-trace\r\n"));
}

TEST(HttpClient, ARequestCarriesItsBodyAndItsCredential) {
  ScriptedServer server(Script{{hello}});
  EXPECT_TRUE(client(server.url() + "/base")->send({"POST", "/auth/login", "{\"a\":1}", "token"}));
  EXPECT_THAT(server.requests().at(0),
              AllOf(HasSubstr("POST /base/auth/login HTTP/1.1\r\n"),
                    HasSubstr("Authorization: Bearer token\r\n"),
                    HasSubstr("Content-Type: application/json\r\n"),
                    HasSubstr("Content-Length: 7\r\n"), HasSubstr("\r\n\r\n{\"a\":1}")));
}

TEST(HttpClient, ARefusedConnectionIsUnavailable) {
  const auto answer = client("http://127.0.0.1:1")->send({"GET", "/"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  EXPECT_THAT(answer.error().message,
              AllOf(HasSubstr("http://127.0.0.1:1"), HasSubstr("Connection refused")));
}

TEST(HttpClient, AnAnswerThatNeverComesEndsWithTheTimeout) {
  ScriptedServer server(Script{{"", ""}});  // waits for a second request that is not sent
  const auto start = std::chrono::steady_clock::now();
  auto http = client(server.url(), 1s);
  const auto answer = http->send({"GET", "/"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("no answer in time"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);
}

TEST(HttpClient, HalfAnAnswerOrNoneIsUnavailable) {
  ScriptedServer server(
      {{"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"}, {}, {"noise\r\n\r\n"}});
  const auto http = client(server.url());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(http->send({"GET", "/"}).error().code, Errc::unavailable);
}

TEST(HttpClient, APlainServerIsNoHttpsServer) {
  ScriptedServer server(Script{{"HTTP/1.1 400 Bad Request\r\n\r\n"}});
  const Error error = client(server.url("https"))->send({"GET", "/"}).error();
  EXPECT_EQ(error.code, Errc::unavailable);
  EXPECT_THAT(error.message, HasSubstr("must begin with http://"));
}

TEST(HttpClient, WhoClosesWithoutAWordMayBeAnHttpsServer) {
  ScriptedServer server(Script{{}});
  EXPECT_THAT(client(server.url())->send({"GET", "/"}).error().message,
              HasSubstr("must begin with https://"));
}

TEST(HttpClient, ACaFileWithoutCertificatesIsRefusedByName) {
  const auto http = create_http_client({*ServerUrl::parse("https://127.0.0.1:1"), "/dev/null", 1s});
  ASSERT_FALSE(http);
  EXPECT_THAT(http.error().message, HasSubstr("--ca-file"));
}

}  // namespace
}  // namespace agentauth::app

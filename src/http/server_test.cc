// The server over real sockets, with an application that is as small as can be.
#include "http/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace agentauth::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

class EchoExchange final : public Exchange {
 public:
  void reset() override {}
};

// Counts to `last`, one event at a time, and then waits, ends or throws.
class Counting final : public EventSource {
 public:
  enum class Then : std::uint8_t { wait, end, throws };
  Counting(int last, Then then) : last_(last), then_(then) {}

  State state() override {
    if (sent_ < last_ || then_ == Then::throws) return State::has_events;
    return then_ == Then::end ? State::ended : State::waiting;
  }
  void read(std::string& out) override {
    if (sent_ == last_) throw std::runtime_error("a bug");
    out += "data: " + std::to_string(++sent_) + "\n\n";
  }

 private:
  int sent_ = 0;
  int last_;
  Then then_;
};

// Answers with the request's path and body; the path's first word says where.
class EchoApplication final : public Application {
 public:
  std::unique_ptr<Exchange> new_exchange(std::size_t) override {
    return std::make_unique<EchoExchange>();
  }
  // Those are admitted who say who they are.
  Result<LargeBodySender> admit_large_body(Exchange& exchange) override {
    const auto name = exchange.request.find("X-Name");
    if (!name) return failure(Errc::unauthenticated, "Who is it?");
    if (*name == "bug") throw std::runtime_error("a bug");
    return LargeBodySender{static_cast<std::uint8_t>(name->front())};
  }
  Next begin(Exchange& exchange) override {
    const std::string_view path = exchange.request.path;
    if (path.starts_with("/throw")) throw std::runtime_error("a bug");
    if (path.starts_with("/worker")) return {Pool::worker, {}};
    if (path.starts_with("/hashing")) return {Pool::hashing, {}};
    if (path.starts_with("/deferred")) {
      echo(exchange);
      return {Pool::deferred, {}};
    }
    echo(exchange);
    return {};
  }
  bool defer(Exchange& exchange, Resume resume) override {
    if (exchange.request.path == "/deferred/full") return false;
    if (exchange.request.path == "/deferred/throw") throw std::runtime_error("a bug");
    // On a thread that knows nothing of cores.
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([resume = std::move(resume), this] {
      std::this_thread::sleep_for(50ms);
      ++resuming;
      resume();
      ++resumed;
    });
    return true;
  }
  void finish(Exchange& exchange) override {
    if (exchange.request.path.find("slow") != std::string_view::npos)
      std::this_thread::sleep_for(300ms);
    if (exchange.request.path.find("throw") != std::string_view::npos)
      throw std::runtime_error("a bug");
    echo(exchange);
  }
  void refuse(Exchange& exchange, const Error& error) override {
    static constexpr std::pair<Errc, int> statuses[] = {
        {Errc::malformed_request, 400}, {Errc::payload_too_large, 413},
        {Errc::unavailable, 503},       {Errc::internal, 500},
        {Errc::uri_too_long, 414},      {Errc::unauthenticated, 401},
    };
    exchange.response.set_status(418);
    for (const auto& [code, status] : statuses)
      if (code == error.code) exchange.response.set_status(status);
  }
  void answered(const Exchange&, std::chrono::nanoseconds) override { ++answers; }

  // Larger than a socket takes at once.
  static const std::string& static_page() {
    static const std::string page = std::string(8 << 20, 's') + "the end";
    return page;
  }

  std::atomic<int> answers{0};
  std::atomic<int> resuming{0};
  std::atomic<int> resumed{0};

  ~EchoApplication() override {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::mutex mutex_;
  std::vector<std::thread> threads_;

  static void echo(Exchange& exchange) {
    exchange.response.body = exchange.request.path;
    exchange.response.body += '|';
    exchange.response.body += exchange.request.body;
    if (exchange.request.path == "/events")
      exchange.events = std::make_unique<Counting>(3, Counting::Then::wait);
    if (exchange.request.path == "/events/ending")
      exchange.events = std::make_unique<Counting>(2, Counting::Then::end);
    if (exchange.request.path == "/worker/events/failing")
      exchange.events = std::make_unique<Counting>(1, Counting::Then::throws);
    if (exchange.request.path == "/large") exchange.response.body.assign(1 << 20, 'l');
    if (exchange.request.path == "/static") exchange.response.set_static_body(static_page());
  }
};

class Client {
 public:
  explicit Client(std::uint16_t port, int receive_bytes = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_bytes > 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void get(const std::string& path) { send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"); }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  // Reads until `text` has come `times` times, the server closes, or the time is up.
  std::string read_until(std::string_view text, std::size_t times = 1,
                         std::chrono::milliseconds at_most = 10s) {
    const auto limit = std::chrono::steady_clock::now() + at_most;
    while (occurrences(text) < times && std::chrono::steady_clock::now() < limit) {
      pollfd readable{socket_, POLLIN, 0};
      if (::poll(&readable, 1, 50) <= 0) continue;
      char buffer[16 * 1024];
      const ssize_t size = ::recv(socket_, buffer, sizeof buffer, 0);
      if (size <= 0) {
        closed_ = true;
        break;
      }
      received_.append(buffer, static_cast<std::size_t>(size));
    }
    return received_;
  }
  const std::string& received() const { return received_; }
  // Whether the server ends the connection in time.
  bool is_closed_within(std::chrono::milliseconds at_most) {
    read_until("never sent", 1, at_most);
    return closed_;
  }

 private:
  std::size_t occurrences(std::string_view text) const {
    std::size_t count = 0;
    for (std::size_t at = received_.find(text); at != std::string::npos;
         at = received_.find(text, at + text.size()))
      ++count;
    return count;
  }
  int socket_;
  bool connected_ = false;
  bool closed_ = false;
  std::string received_;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    options.cores = 2;
    options.workers = 2;
  }
  void start() {
    auto created = Server::create(options, application);
    ASSERT_TRUE(created) << created.error().message;
    server = *std::move(created);
    server->start();
  }
  EchoApplication application;
  ServerOptions options;
  std::unique_ptr<Server> server;
};

TEST_F(ServerTest, AnswersARequest) {
  start();
  Client client(server->port());
  client.get("/hello");
  const std::string answer = client.read_until("/hello|");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << answer;
  EXPECT_THAT(answer, HasSubstr(" GMT\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 7\r\n"));
}

TEST_F(ServerTest, KeepsTheConnectionForTheNextRequest) {
  start();
  Client client(server->port());
  for (int i = 0; i < 20; ++i) {
    const std::string path = "/request" + std::to_string(i);
    client.get(path);
    EXPECT_THAT(client.read_until(path + "|"), HasSubstr(path + "|"));
  }
  EXPECT_EQ(server->connections(), 1);
}

TEST_F(ServerTest, ADeferredAnswerIsNotSentBeforeItIsResumed) {
  start();
  Client client(server->port());
  for (const std::string path : {"/deferred/1", "/deferred/2"}) {
    const int before = application.resuming;
    client.get(path);
    EXPECT_THAT(client.read_until(path + "|"), HasSubstr(path + "|"));
    EXPECT_EQ(application.resuming, before + 1);
  }
  EXPECT_EQ(application.answers, 2);
}

TEST_F(ServerTest, ManyWhoWaitDoNotHoldUpOthers) {
  start();
  std::vector<std::unique_ptr<Client>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(std::make_unique<Client>(server->port()));
    waiting.back()->get("/deferred/" + std::to_string(i));
  }
  Client client(server->port());
  client.get("/hello");
  EXPECT_THAT(client.read_until("/hello|"), HasSubstr("/hello|"));
  for (int i = 0; i < 20; ++i) {
    const std::string expected = "/deferred/" + std::to_string(i) + "|";
    EXPECT_THAT(waiting[static_cast<std::size_t>(i)]->read_until(expected), HasSubstr(expected));
  }
}

TEST_F(ServerTest, WhatCannotBeDeferredIsRefusedWithoutItsAnswer) {
  start();
  Client client(server->port());
  client.get("/deferred/full");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("503"));
  client.get("/deferred/throw");
  EXPECT_THAT(client.read_until("\r\n\r\n", 2), HasSubstr("500"));
  EXPECT_THAT(client.received(), Not(HasSubstr("/deferred")));
}

TEST_F(ServerTest, AClientThatLeavesWhileItsAnswerIsHeldBackHurtsNobody) {
  start();
  {
    Client client(server->port());
    client.get("/deferred/gone");
    while (server->connections() == 0) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(10ms);
  }
  Client client(server->port());
  client.get("/hello");
  EXPECT_THAT(client.read_until("/hello|"), HasSubstr("/hello|"));
  const auto limit = std::chrono::steady_clock::now() + 5s;
  while (application.resumed < 1 && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(5ms);
  EXPECT_EQ(application.resumed, 1);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrderWhereverTheyRun) {
  start();
  Client client(server->port());
  std::string all;
  std::vector<std::string> paths;
  for (int i = 0; i < 12; ++i) {
    paths.push_back(std::string(i % 3 == 0   ? "/worker"
                                : i % 3 == 1 ? "/inline"
                                             : "/hashing") +
                    (i % 6 == 0 ? "/slow" : "") + "/" + std::to_string(i));
    all += "POST " + paths.back() + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
  }
  client.send(all);
  const std::string answers = client.read_until("|{}", paths.size());
  std::size_t at = 0;
  for (const std::string& path : paths) {
    at = answers.find(path + "|{}", at);
    ASSERT_NE(at, std::string::npos) << path << " in " << answers;
  }
  EXPECT_EQ(application.answers, 12);
}

TEST_F(ServerTest, ManyClientsAtOnceEachGetTheirOwnAnswers) {
  start();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int number = 0; number < 8; ++number)
    threads.emplace_back([&, number] {
      Client client(server->port());
      for (int i = 0; i < 25; ++i) {
        const std::string path = std::string(i % 2 == 0 ? "/worker" : "/inline") + "/c" +
                                 std::to_string(number) + "-" + std::to_string(i);
        client.get(path);
        if (client.read_until(path + "|").find(path + "|") == std::string::npos) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ServerTest, ARequestMayArriveInPieces) {
  start();
  Client client(server->port());
  for (const char c :
       std::string("POST /worker HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")) {
    client.send({&c, 1});
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_THAT(client.read_until("/worker|abc"), HasSubstr("/worker|abc"));
}

TEST_F(ServerTest, ALargeBodyInASmallBufferIsWhole) {
  start();
  Client client(server->port());
  const std::string body(60'000, 'b');
  client.send("POST /worker/large-body HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
  std::this_thread::sleep_for(20ms);
  client.send(body.substr(0, 30'000));
  std::this_thread::sleep_for(20ms);
  client.send(body.substr(30'000));
  EXPECT_THAT(client.read_until(body), HasSubstr("/worker/large-body|" + body));
}

TEST_F(ServerTest, AStaticBodyIsWholeAndTheNextAnswerFollowsIt) {
  start();
  Client client(server->port());
  client.get("/static");
  client.get("/hello");
  const std::string answers = client.read_until("/hello|");
  const std::string& page = EchoApplication::static_page();
  const std::size_t at = answers.find("\r\n\r\n") + 4;
  EXPECT_TRUE(answers.substr(at, page.size()) == page);
  EXPECT_TRUE(answers.substr(at + page.size()).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, WhatIsNotUnderstoodIsAnsweredAndEndsTheConnection) {
  start();
  Client client(server->port());
  client.send("GET / HTTP/1.1\nHost: a\n\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  client.finish_sending();
  EXPECT_TRUE(client.is_closed_within(5s));
  const std::string answer = client.received();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("/next")));
}

TEST_F(ServerTest, ATooLargeBodyIsRefusedBeforeItIsSent) {
  start();
  Client client(server->port());
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 413 "));
}

TEST_F(ServerTest, SlowStrangersLeaveRoomForLargeBodies) {
  options.cores = 1;
  options.large_bodies = {{Method::put, "/worker/policy", 256 * 1024}};
  start();
  const auto head = [](const std::string& headers) {
    return "PUT /worker/policy HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n" + headers +
           "\r\n";
  };
  std::vector<std::unique_ptr<Client>> strangers;
  for (int i = 0; i < 8; ++i) {
    strangers.push_back(std::make_unique<Client>(server->port()));
    strangers.back()->send(head(""));
  }
  Client slow(server->port());
  slow.send(head("X-Name: slow\r\n") + std::string(100'000, 's'));
  Client known(server->port());
  known.send(head("X-Name: known\r\n") + std::string(200'000, 'k'));
  EXPECT_THAT(known.read_until("kkk"), HasSubstr("HTTP/1.1 200 OK"));
  for (const auto& stranger : strangers) {
    const std::string answer = stranger->read_until("\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 401 ")) << answer;
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  }
  Client again(server->port());
  again.send(head("X-Name: slow\r\n"));
  EXPECT_TRUE(again.read_until("\r\n\r\n").starts_with("HTTP/1.1 503 "));
  Client bug(server->port());
  bug.send(head("X-Name: bug\r\n"));
  EXPECT_TRUE(bug.read_until("\r\n\r\n").starts_with("HTTP/1.1 500 "));
}

TEST_F(ServerTest, ALargeBodyThatTricklesGivesItsPlaceBack) {
  options.cores = 1;
  options.large_bodies = {{Method::put, "/worker/policy", 256 * 1024}};
  options.request_timeout = 1s;
  start();
  const std::string head =
      "PUT /worker/policy HTTP/1.1\r\nHost: a\r\nX-Name: a\r\nContent-Length: 200000\r\n\r\n";
  Client slow(server->port());
  slow.send(head);
  const auto begun = std::chrono::steady_clock::now();
  while (!slow.is_closed_within(100ms) && std::chrono::steady_clock::now() - begun < 5s)
    slow.send("s");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);
  Client next(server->port());
  next.send(head + std::string(200'000, 'n'));
  EXPECT_THAT(next.read_until("nnn"), HasSubstr("HTTP/1.1 200 OK"));
}

TEST_F(ServerTest, AClientThatAsksMaySendItsBody) {
  start();
  Client client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("{}");
  EXPECT_THAT(client.read_until("|{}"), HasSubstr("HTTP/1.1 200 OK"));
}

TEST_F(ServerTest, ABugAnswers500AndTheConnectionGoesOn) {
  start();
  Client client(server->port());
  client.get("/throw");
  client.get("/worker/throw");
  client.get("/after");
  const std::string answers = client.read_until("/after|");
  EXPECT_THAT(answers, HasSubstr("500 Internal Server Error"));
  EXPECT_THAT(answers, HasSubstr("/after|"));
  EXPECT_THAT(answers, Not(HasSubstr("a bug")));
}

TEST_F(ServerTest, AFullQueueAnswers503AtOnce) {
  options.workers = 1;
  options.worker_queue_max = 1;
  start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<Client>(server->port()));
    clients.back()->get("/worker/slow");
    std::this_thread::sleep_for(20ms);
  }
  int busy = 0;
  for (const auto& client : clients)
    busy += client->read_until("\r\n\r\n").starts_with("HTTP/1.1 503 ") ? 1 : 0;
  EXPECT_GE(busy, 3);
  EXPECT_LE(busy, 5);
}

TEST_F(ServerTest, ConnectionCloseIsKept) {
  start();
  Client client(server->port());
  client.send(
      "GET /one HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /two HTTP/1.1\r\nHost: "
      "a\r\n\r\n");
  client.finish_sending();
  EXPECT_TRUE(client.is_closed_within(5s));
  EXPECT_THAT(client.received(), HasSubstr("/one|"));
  EXPECT_THAT(client.received(), Not(HasSubstr("/two|")));
}

TEST_F(ServerTest, AnIdleConnectionIsClosed) {
  options.idle_timeout = 1s;
  start();
  Client client(server->port());
  client.get("/hello");
  client.read_until("/hello|");
  EXPECT_TRUE(client.is_closed_within(4s));
}

TEST_F(ServerTest, BytesThatTrickleInDoNotMoveTheDeadline) {
  options.request_timeout = 1s;
  start();
  Client client(server->port());
  const auto started = std::chrono::steady_clock::now();
  client.send("GET / HTTP/1.1\r\n");
  bool closed = false;
  while (!closed && std::chrono::steady_clock::now() - started < 6s) {
    client.send("X: a\r\n");
    closed = client.is_closed_within(100ms);
  }
  EXPECT_TRUE(closed);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 4s);
}

TEST_F(ServerTest, AClientThatDoesNotReadIsClosed) {
  options.write_timeout = 1s;
  start();
  Client client(server->port(), 4096);
  for (int i = 0; i < 20; ++i) client.get("/large");
  const auto limit = std::chrono::steady_clock::now() + 8s;
  while (server->connections() > 0 && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(50ms);
  EXPECT_EQ(server->connections(), 0);
}

TEST_F(ServerTest, AClientThatLeavesTakesNothingWithIt) {
  start();
  for (int i = 0; i < 20; ++i) {
    Client client(server->port());
    client.get("/worker/slow");
  }
  Client client(server->port());
  client.get("/hello");
  EXPECT_THAT(client.read_until("/hello|"), HasSubstr("/hello|"));
}

TEST_F(ServerTest, DrainingAnswersWhatWasAskedAndClosesWhatIsIdle) {
  start();
  Client idle(server->port());
  idle.get("/hello");
  idle.read_until("/hello|");
  Client busy(server->port());
  busy.get("/worker/slow");
  std::this_thread::sleep_for(100ms);
  const auto started = std::chrono::steady_clock::now();
  server->drain(10s);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 5s);
  EXPECT_TRUE(idle.is_closed_within(1s));
  const std::string answer = busy.read_until("/worker/slow|");
  EXPECT_THAT(answer, HasSubstr("/worker/slow|"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_FALSE(Client(server->port()).connected());
}

TEST_F(ServerTest, DrainingEndsAtItsLimit) {
  start();
  Client stuck(server->port());
  stuck.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
  std::this_thread::sleep_for(50ms);
  const auto started = std::chrono::steady_clock::now();
  server->drain(1s);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 4s);
}

TEST_F(ServerTest, WhatIsQueuedDoesNotOutlastTheDrain) {
  options.workers = 1;
  start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<Client>(server->port()));
    clients.back()->get("/worker/slow");
  }
  std::this_thread::sleep_for(100ms);
  const auto started = std::chrono::steady_clock::now();
  server->drain(1s);
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - started, 3s);
  EXPECT_LT(application.answers, 20);
}

TEST_F(ServerTest, EventsFollowTheHeadAsTheyHappen) {
  start();
  Client client(server->port());
  client.get("/events");
  const std::string received = client.read_until("data: 3\n\n");
  EXPECT_THAT(received, HasSubstr("/events|data: 1\n\ndata: 2\n\ndata: 3\n\n"));
  EXPECT_THAT(received, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(received, Not(HasSubstr("Content-Length")));
  EXPECT_FALSE(client.is_closed_within(300ms)) << "the source has not ended";
}

TEST_F(ServerTest, AConnectionEndsWithItsEvents) {
  start();
  Client client(server->port());
  client.get("/events/ending");
  client.get("/never-answered");
  EXPECT_TRUE(client.is_closed_within(5s));
  EXPECT_TRUE(client.received().ends_with("/events/ending|data: 1\n\ndata: 2\n\n"));
}

TEST_F(ServerTest, ABugInASourceEndsItsConnectionOnly) {
  start();
  Client other(server->port());
  Client client(server->port());
  client.get("/worker/events/failing");
  EXPECT_TRUE(client.is_closed_within(5s));
  EXPECT_THAT(client.received(), HasSubstr("data: 1\n\n"));
  other.get("/still-there");
  EXPECT_THAT(other.read_until("/still-there|"), HasSubstr("200 OK"));
}

TEST_F(ServerTest, HeadHasNoEvents) {
  start();
  Client client(server->port());
  client.send("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.is_closed_within(5s));
  EXPECT_THAT(client.received(), HasSubstr("200 OK"));
  EXPECT_THAT(client.received(), Not(HasSubstr("data:")));
  EXPECT_THAT(client.received(), Not(HasSubstr("Content-Length"))) << "GET states none either";
}

TEST_F(ServerTest, DrainingEndsEvents) {
  start();
  Client client(server->port());
  client.get("/events");
  client.read_until("data: 3\n\n");
  const auto begin = std::chrono::steady_clock::now();
  server->drain(10s);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_TRUE(client.is_closed_within(5s));
}

TEST_F(ServerTest, AClientThatLeavesItsEventsTakesNothingWithIt) {
  start();
  {
    Client client(server->port());
    client.get("/events");
    client.read_until("data: 1\n\n");
  }
  Client other(server->port());
  other.get("/still-there");
  EXPECT_THAT(other.read_until("/still-there|"), HasSubstr("200 OK"));
}

TEST_F(ServerTest, MoreConnectionsThanTheBoundAreClosed) {
  options.cores = 1;
  options.connections_max = 2;
  start();
  Client first(server->port());
  Client second(server->port());
  first.get("/a");
  second.get("/b");
  first.read_until("/a|");
  second.read_until("/b|");
  Client third(server->port());
  EXPECT_TRUE(third.is_closed_within(5s));
}

TEST_F(ServerTest, APortInUseStopsTheStartInOneLine) {
  start();
  ServerOptions again = options;
  again.port = server->port();
  const auto created = Server::create(again, application);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Errc::invalid_argument);
  EXPECT_THAT(created.error().message, HasSubstr("127.0.0.1:" + std::to_string(again.port)));
  EXPECT_THAT(created.error().message, Not(HasSubstr("\n")));
}

TEST_F(ServerTest, AnAddressIsFreeOrTakenOrNotOurs) {
  start();
  EXPECT_EQ(find_address_use("127.0.0.1", server->port()), AddressUse::taken);
  EXPECT_FALSE(find_address_use("192.0.2.1", 8000));
  const std::uint16_t port = server->port();
  server->drain(std::chrono::seconds{1});
  server.reset();
  EXPECT_EQ(find_address_use("127.0.0.1", port), AddressUse::free);
}

TEST_F(ServerTest, AnAddressThatIsNotOursStopsTheStart) {
  for (const char* address : {"not-an-address", "", "256.0.0.1"}) {
    options.address = address;
    EXPECT_FALSE(Server::create(options, application)) << address;
  }
}

TEST_F(ServerTest, ACertificateThatCannotBeReadStopsTheStart) {
  options.tls_certificate_file = "/nowhere/cert.pem";
  options.tls_key_file = "/nowhere/key.pem";
  const auto created = Server::create(options, application);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Errc::invalid_argument);
}

TEST_F(ServerTest, AServerThatWasNeverStartedMayDie) {
  const auto created = Server::create(options, application);
  ASSERT_TRUE(created);
}

}  // namespace
}  // namespace agentauth::http

// One core: an io_context, its acceptor, its connections, one thread.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "http/application.h"
#include "http/internal/connection.h"
#include "http/large_bodies.h"
#include "http/server.h"
#include "http/worker_pool.h"

namespace agentauth::http::internal {

class Core {
 public:
  Core(std::size_t index, const ServerOptions& options, Application& application,
       WorkerPool& workers, WorkerPool& hashers, std::shared_ptr<boost::asio::ssl::context> tls);

  // Throws boost::system::system_error when the address cannot be had.
  std::uint16_t listen(const boost::asio::ip::tcp::endpoint& endpoint);
  void run();
  // From any thread. New connections only: a TLS session keeps the context it began with.
  void use_tls(std::shared_ptr<boost::asio::ssl::context> tls);
  // From any thread. Afterwards run() returns once every connection is gone, or at `deadline`.
  void drain(std::chrono::steady_clock::time_point deadline);

  // From any thread: the connection's answer has been made. Those that are resumed at the same time
  // are sent one after the other, and the core is woken once.
  void resume(std::shared_ptr<ConnectionBase> connection);

  boost::asio::io_context& context() { return context_; }
  const ServerOptions& options() const { return options_; }
  Application& application() { return application_; }
  WorkerPool& pool(Pool which) { return which == Pool::hashing ? hashers_ : workers_; }
  LargeBodies& large_bodies() { return large_bodies_; }
  std::size_t index() const { return index_; }
  bool draining() const { return draining_; }
  // The Date header's value, made once a second.
  std::string_view date(std::chrono::steady_clock::time_point now);

  void add(ConnectionBase* connection);
  void remove(ConnectionBase* connection);
  std::int64_t connections() const { return connection_count_.load(std::memory_order_relaxed); }

 private:
  void accept();
  void serve(Socket socket);
  void tick();
  void resume_all();

  std::size_t index_;
  const ServerOptions& options_;
  Application& application_;
  WorkerPool& workers_;
  WorkerPool& hashers_;
  std::shared_ptr<boost::asio::ssl::context> tls_;  // nullptr: plain HTTP

  // Before the context: what it drops when it dies still signs off here.
  std::unordered_set<ConnectionBase*> connections_;
  LargeBodies large_bodies_;
  std::atomic<std::int64_t> connection_count_{0};

  // One thread runs it: no lock for its sockets; posting to it from the pools still takes one.
  boost::asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>
      acceptor_{context_};
  boost::asio::steady_timer tick_{context_};
  std::mutex resumed_mutex_;
  std::vector<std::shared_ptr<ConnectionBase>> resumed_;
  bool draining_ = false;  // this core's thread only
  std::chrono::steady_clock::time_point drain_deadline_;
  bool accept_paused_ = false;
  std::string date_;
  std::chrono::steady_clock::time_point date_until_;
};

}  // namespace agentauth::http::internal

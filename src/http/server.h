// The HTTP server: cores that serve, pools that work. Start here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/application.h"
#include "http/large_bodies.h"

namespace agentauth::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;   // 0 takes a free one
  std::size_t cores = 1;    // threads that serve HTTP, one io_context each
  std::size_t workers = 4;  // threads that may touch the database
  std::size_t hashers = 1;  // threads that may compute bcrypt
  std::size_t worker_queue_max = 1024;
  std::size_t hashing_queue_max = 256;
  std::size_t connections_max = 10'000;  // on each core; fewer when descriptors are scarce
  std::string tls_certificate_file;      // PEM, the whole chain; empty: no TLS
  std::string tls_key_file;
  std::vector<LargeBodyRule> large_bodies;   // they too arrive within request_timeout
  std::chrono::seconds idle_timeout{75};     // between requests
  std::chrono::seconds request_timeout{15};  // for one request to arrive
  std::chrono::seconds write_timeout{30};    // for a client to take its answers
  std::chrono::seconds queue_timeout{10};    // for a request to wait for a pool
};

struct PoolState {
  std::size_t threads = 0;
  std::size_t depth = 0;
};

// Whether a server could listen there now, or another program does.
// Errors: invalid_argument, in one line: no address of this machine, or not ours to use.
enum class AddressUse : bool { free, taken };
Result<AddressUse> find_address_use(const std::string& address, std::uint16_t port);

class Server {
 public:
  // Binds at once, so that the port is known. Errors: invalid_argument, in one line: address in
  // use, not ours, certificate unreadable.
  static Result<std::unique_ptr<Server>> create(const ServerOptions& options,
                                                Application& application);
  ~Server();

  std::uint16_t port() const;
  void start();
  // Connections accepted from now on are served with these; those that are open keep what they
  // have. From any thread. Errors: invalid_argument, and everything stays as it was: a file that
  // cannot be used, a key of another certificate, a server without TLS.
  Result<void> use_certificate(const std::string& certificate_file, const std::string& key_file);
  // Stops accepting, answers what has been asked, closes what is idle; at `limit` closes the rest.
  // Returns when every thread has ended.
  void drain(std::chrono::seconds limit);

  // For requests that came in on another way: runs the job on a worker, which has the bounds of the
  // pool. False when its queue is full; the job is then untouched. From any thread.
  bool try_submit(std::function<void()>& job);

  PoolState workers() const;
  PoolState hashers() const;
  std::int64_t connections() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace agentauth::http

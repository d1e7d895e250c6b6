#include "http/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <thread>

#include "http/internal/core.h"
#include "http/internal/tls_context.h"
#include "http/worker_pool.h"

namespace agentauth::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// With SO_REUSEPORT two servers could share a port by mistake and each get half the requests. A
// socket without it cannot be bound while another server listens, so it tells.
void require_free(const tcp::endpoint& endpoint) {
  asio::io_context context;
  tcp::acceptor probe(context);
  probe.open(endpoint.protocol());
  probe.set_option(asio::socket_base::reuse_address(true));
  probe.bind(endpoint);
}

// Every connection is a descriptor, and the databases and files need some too.
constexpr std::size_t descriptors_reserved = 64;
constexpr std::size_t descriptors_a_session = 4;

// The limit is raised as far as this process may: the soft one is for programs that use select(2).
std::size_t descriptors_available() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  rlimit raised{limit.rlim_max, limit.rlim_max};
  if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return limit.rlim_cur;
}

// How many connections a core may hold, so that the last ones do not take what the rest needs.
std::size_t connections_affordable(const ServerOptions& options) {
  const std::size_t reserved =
      descriptors_reserved + descriptors_a_session * (options.workers + options.hashers);
  const std::size_t available = descriptors_available();
  const std::size_t left = available > reserved ? available - reserved : 0;
  return std::clamp<std::size_t>(left / options.cores, 1, options.connections_max);
}

using TlsContext = std::shared_ptr<asio::ssl::context>;

// Nothing when no certificate is given: plain HTTP.
Result<TlsContext> make_tls(const ServerOptions& options) {
  if (options.tls_certificate_file.empty()) return nullptr;
  return internal::make_tls_context(options.tls_certificate_file, options.tls_key_file);
}

tl::unexpected<Error> cannot_listen(const std::string& address, std::uint16_t port,
                                    const boost::system::error_code& why) {
  return failure(Errc::invalid_argument,
                 "cannot listen on " + address + ":" + std::to_string(port) + ": " + why.message());
}

}  // namespace

Result<AddressUse> find_address_use(const std::string& address, std::uint16_t port) {
  try {
    require_free({asio::ip::make_address(address), port});
    return AddressUse::free;
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::address_in_use) return AddressUse::taken;
    return cannot_listen(address, port, error.code());
  }
}

struct Server::State {
  State(const ServerOptions& server_options, const TlsContext& tls, Application& application)
      : options(affordable(server_options)),
        workers({options.workers, options.worker_queue_max, 0}),
        // bcrypt gives way to whoever serves: one hash may take a quarter of a second.
        hashers({options.hashers, options.hashing_queue_max, 10}) {
    for (std::size_t i = 0; i < options.cores; ++i)
      cores.push_back(
          std::make_unique<internal::Core>(i, options, application, workers, hashers, tls));
  }

  static ServerOptions affordable(ServerOptions options) {
    options.connections_max = connections_affordable(options);
    return options;
  }

  // Destroyed from the bottom up: threads have ended, then the pools finish what is in work (it
  // posts to the cores), then the cores drop what was posted.
  const ServerOptions options;
  std::vector<std::unique_ptr<internal::Core>> cores;
  WorkerPool workers;
  WorkerPool hashers;
  std::uint16_t port = 0;
  std::vector<std::thread> threads;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() {
  if (!state_->threads.empty()) drain(std::chrono::seconds{0});
}

Result<std::unique_ptr<Server>> Server::create(const ServerOptions& options,
                                               Application& application) {
  try {
    tcp::endpoint endpoint(asio::ip::make_address(options.address), options.port);
    if (options.port != 0) require_free(endpoint);
    auto state = std::make_unique<State>(options, TRY(make_tls(options)), application);
    for (auto& core : state->cores) {
      state->port = core->listen(endpoint);
      endpoint.port(state->port);
    }
    return std::unique_ptr<Server>(new Server(std::move(state)));
  } catch (const boost::system::system_error& error) {
    return cannot_listen(options.address, options.port, error.code());
  }
}

std::uint16_t Server::port() const { return state_->port; }

void Server::start() {
  for (auto& core : state_->cores) state_->threads.emplace_back([&core = *core] { core.run(); });
}

Result<void> Server::use_certificate(const std::string& certificate_file,
                                     const std::string& key_file) {
  if (state_->options.tls_certificate_file.empty())
    return failure(Errc::invalid_argument, "a server of plain HTTP has no certificate to replace");
  const TlsContext tls = TRY(internal::make_tls_context(certificate_file, key_file));
  for (auto& core : state_->cores) core->use_tls(tls);
  return {};
}

void Server::drain(std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (auto& core : state_->cores) core->drain(deadline);
  for (std::thread& thread : state_->threads) thread.join();
  state_->threads.clear();
}

bool Server::try_submit(std::function<void()>& job) { return state_->workers.try_submit(job); }

PoolState Server::workers() const { return {state_->workers.threads(), state_->workers.depth()}; }

PoolState Server::hashers() const { return {state_->hashers.threads(), state_->hashers.depth()}; }

std::int64_t Server::connections() const {
  std::int64_t sum = 0;
  for (const auto& core : state_->cores) sum += core->connections();
  return sum;
}

}  // namespace agentauth::http

#include "http/internal/core.h"

#include <boost/asio/post.hpp>
#include <cstdio>
#include <ctime>
#include <vector>

namespace agentauth::http::internal {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds tick_interval{500};
constexpr std::chrono::milliseconds tick_interval_draining{10};

// IMF-fixdate (RFC 9110 5.6.7), in English whatever the locale.
std::string http_date() {
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[40];
  const int size = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon],
                                 utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return std::string(text, static_cast<std::size_t>(size));
}

// An IPv4 address in its mapped form, so that a listener for both families tells no other story.
IpAddress address_of(const tcp::endpoint& endpoint) {
  const asio::ip::address address = endpoint.address();
  return address.is_v6()
             ? address.to_v6().to_bytes()
             : asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes();
}

}  // namespace

Core::Core(std::size_t index, const ServerOptions& options, Application& application,
           WorkerPool& workers, WorkerPool& hashers, std::shared_ptr<asio::ssl::context> tls)
    : index_(index),
      options_(options),
      application_(application),
      workers_(workers),
      hashers_(hashers),
      tls_(std::move(tls)),
      large_bodies_(options.large_bodies) {}

std::uint16_t Core::listen(const tcp::endpoint& endpoint) {
  acceptor_.open(endpoint.protocol());
  acceptor_.set_option(asio::socket_base::reuse_address(true));
  // Every core has a listening socket of its own on the same port; the kernel deals them out.
  using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
  acceptor_.set_option(reuse_port(true));
  acceptor_.bind(endpoint);
  acceptor_.listen(1024);
  return acceptor_.local_endpoint().port();
}

void Core::run() {
  accept();
  tick();
  context_.run();
}

void Core::accept() {
  acceptor_.async_accept([this](const error_code& ec, Socket socket) {
    if (ec == asio::error::operation_aborted || draining_) return;
    if (!ec) {
      serve(std::move(socket));
      return accept();
    }
    // Out of descriptors, most likely: accepting at once again would spin. The tick goes on.
    accept_paused_ = true;
  });
}

void Core::serve(Socket socket) {
  error_code ec;
  const auto peer = socket.remote_endpoint(ec);
  if (ec || connections_.size() >= options_.connections_max) return;  // closes it
  socket.set_option(tcp::no_delay(true), ec);
  socket.non_blocking(true, ec);
  const IpAddress address = address_of(peer);
  if (tls_ == nullptr) {
    std::make_shared<Connection<Socket>>(*this, std::move(socket), address)->start();
  } else {
    std::make_shared<Connection<TlsStream>>(*this, TlsStream(std::move(socket), *tls_), address)
        ->start();
  }
}

void Core::add(ConnectionBase* connection) {
  connections_.insert(connection);
  connection_count_.fetch_add(1, std::memory_order_relaxed);
}

void Core::remove(ConnectionBase* connection) {
  connections_.erase(connection);
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
}

void Core::resume(std::shared_ptr<ConnectionBase> connection) {
  {
    const std::lock_guard lock(resumed_mutex_);
    resumed_.push_back(std::move(connection));
    if (resumed_.size() > 1) return;
  }
  asio::post(context_, [this] { resume_all(); });
}

void Core::resume_all() {
  std::vector<std::shared_ptr<ConnectionBase>> resumed;
  {
    const std::lock_guard lock(resumed_mutex_);
    resumed.swap(resumed_);
  }
  for (const auto& connection : resumed) connection->resume();
}

// One timer for all connections: deadlines are seconds, so twice a second is exact enough and
// costs nothing per request.
void Core::tick() {
  tick_.expires_after(draining_ ? tick_interval_draining : tick_interval);
  tick_.async_wait([this](const error_code& ec) {
    if (ec) return;
    const auto now = steady_clock::now();
    // Closing ends operations later, not now, so the set does not change under the loop.
    for (ConnectionBase* connection : connections_) {
      if (draining_ && now >= drain_deadline_) {
        connection->close();
      } else {
        connection->check_deadline(now);
      }
    }
    if (accept_paused_ && !draining_) {
      accept_paused_ = false;
      accept();
    }
    if (draining_ && (connections_.empty() || now >= drain_deadline_)) {
      context_.stop();
      return;
    }
    tick();
  });
}

void Core::use_tls(std::shared_ptr<asio::ssl::context> tls) {
  asio::post(context_, [this, tls = std::move(tls)]() mutable { tls_ = std::move(tls); });
}

void Core::drain(steady_clock::time_point deadline) {
  asio::post(context_, [this, deadline] {
    draining_ = true;
    drain_deadline_ = deadline;
    error_code ignored;
    acceptor_.close(ignored);
    for (ConnectionBase* connection : connections_) connection->drain();
    tick();  // starts the timer anew, which ends the wait that was under way
  });
}

std::string_view Core::date(steady_clock::time_point now) {
  if (now >= date_until_) {
    date_ = http_date();
    date_until_ = now + std::chrono::milliseconds{500};
  }
  return date_;
}

}  // namespace agentauth::http::internal

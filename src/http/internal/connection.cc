#include "http/internal/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <type_traits>

#include "http/internal/core.h"

namespace agentauth::http::internal {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t input_bytes_first = 4 * 1024;
constexpr std::size_t input_bytes_max = 32 * 1024;
// A client that sends requests and reads no answers may not fill our memory.
constexpr std::size_t output_bytes_max = 256 * 1024;
// How long a connection that is being closed still reads: while bytes come, and in all.
constexpr std::chrono::seconds linger_idle{2};
constexpr std::chrono::seconds linger_at_most{10};
// How often a connection looks whether there are events for it, and after how long without any it
// says that it is alive: so proxies keep it, and a client that is gone is noticed.
constexpr std::chrono::milliseconds event_interval{100};
constexpr std::chrono::seconds heartbeat_interval{10};

template <class Stream>
constexpr bool is_tls = !std::is_same_v<Stream, Socket>;

template <class Stream>
Socket& socket_of(Stream& stream) {
  if constexpr (is_tls<Stream>) {
    return stream.next_layer();
  } else {
    return stream;
  }
}

}  // namespace

template <class Stream>
Connection<Stream>::Connection(Core& core, Stream stream, const IpAddress& peer)
    : core_(core),
      stream_(std::move(stream)),
      peer_(peer),
      exchange_(core.application().new_exchange(core.index())),
      parser_(exchange_->request, {core.large_bodies(), [this] { return admit_large_body(); }}),
      input_(std::make_unique_for_overwrite<char[]>(input_bytes_first)),
      capacity_(input_bytes_first) {
  exchange_->core = core.index();
  core_.add(this);
}

template <class Stream>
Connection<Stream>::~Connection() {
  core_.remove(this);
}

template <class Stream>
void Connection<Stream>::start() {
  if constexpr (is_tls<Stream>) {
    handshake();
  } else {
    read();
  }
}

template <class Stream>
void Connection<Stream>::handshake() {
  if constexpr (is_tls<Stream>) {
    wait_for(Waiting::bytes, core_.options().request_timeout);
    stream_.async_handshake(asio::ssl::stream_base::server,
                            [self = this->shared_from_this()](const error_code& ec) {
                              if (ec) return self->close();
                              self->read();
                            });
  }
}

template <class Stream>
void Connection<Stream>::read() {
  // Only what the parser reads over gets this large: chunk extensions and trailers without end.
  if (!make_room()) return close();
  const bool idle = begin_ == end_ && !parser_.head_done();
  if (idle && core_.draining()) return close();
  // A request that has begun keeps its deadline: bytes that trickle in do not move it.
  if (idle) {
    wait_for(Waiting::bytes, core_.options().idle_timeout);
    request_deadline_ = Clock::time_point::max();
  } else {
    if (request_deadline_ == Clock::time_point::max())
      request_deadline_ = Clock::now() + core_.options().request_timeout;
    waiting_ = Waiting::bytes;
    deadline_ = request_deadline_;
  }
  stream_.async_read_some(
      asio::buffer(input_.get() + end_, capacity_ - end_),
      [self = this->shared_from_this()](const error_code& ec, std::size_t size) {
        self->waiting_ = Waiting::nothing;
        if (ec) return self->close();
        self->end_ += size;
        self->exchange_->started = Clock::now();
        self->process();
      });
}

// After whatever else is ready on this core. By then a busy client has sent its next request, and
// the read finds it; at once it would find nothing, and that costs a system call a request.
template <class Stream>
void Connection<Stream>::read_later() {
  waiting_ = Waiting::turn;
  asio::post(core_.context(), [self = this->shared_from_this()] {
    self->waiting_ = Waiting::nothing;
    self->read();
  });
}

// Moves what is left of the input down, and makes the buffer larger when that is not enough.
template <class Stream>
bool Connection<Stream>::make_room() {
  if (head_ > 0) {
    std::memmove(input_.get(), input_.get() + head_, end_ - head_);
    exchange_->request.rebase(input_.get() + head_, input_.get());
    pinned_ -= head_;
    begin_ -= head_;
    end_ -= head_;
    head_ = 0;
  }
  if (begin_ > pinned_) {
    std::memmove(input_.get() + pinned_, input_.get() + begin_, end_ - begin_);
    end_ -= begin_ - pinned_;
    begin_ = pinned_;
  }
  if (end_ < capacity_) return true;
  if (capacity_ == input_bytes_max) return false;
  auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2);
  std::memcpy(larger.get(), input_.get(), end_);
  exchange_->request.rebase(input_.get(), larger.get());
  input_ = std::move(larger);
  capacity_ *= 2;
  return true;
}

template <class Stream>
void Connection<Stream>::process() {
  for (;;) {
    bool more = true;
    while (more && waiting_ == Waiting::nothing && !closing_ && output_body_.empty() &&
           output_.size() < output_bytes_max)
      more = step();
    if (waiting_ == Waiting::pool) return;
    if (!flush()) return;
    if (events_) return await_events();
    if (closing_) return finish();
    if (!more) return read_later();
  }
}

template <class Stream>
bool Connection<Stream>::step() {
  if (begin_ == end_) return false;
  const auto used = parser_.consume({input_.get() + begin_, end_ - begin_});
  if (!used) {
    refuse(used.error());
    return false;
  }
  if (parser_.head_done() && pinned_ == 0) {
    head_ = begin_;
    pinned_ = begin_ + parser_.head_bytes();
  }
  begin_ += *used;
  if (!parser_.done()) {
    if (parser_.wants_continue()) {
      parser_.continued();
      output_ += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    return *used > 0 && begin_ < end_;
  }
  begin_request();
  return true;
}

// From within the parser, whose stack is no place to throw through.
template <class Stream>
Result<LargeBodySender> Connection<Stream>::admit_large_body() {
  exchange_->request.peer = peer_;
  try {
    return core_.application().admit_large_body(*exchange_);
  } catch (const std::exception& exception) {
    return failure(Errc::internal, "Internal error", exception.what());
  }
}

template <class Stream>
void Connection<Stream>::begin_request() {
  exchange_->request.peer = peer_;
  const Next next = guarded([&] { return core_.application().begin(*exchange_); });
  if (next.pool == Pool::none) return append_answer();
  if (next.pool == Pool::deferred) return hold_back();
  hand_over(next);
}

// The application owns the exchange until it resumes; the last reference dies on this core.
template <class Stream>
void Connection<Stream>::hold_back() {
  waiting_ = Waiting::pool;
  bool held = false;
  guarded([&] {
    held = core_.application().defer(*exchange_, [self = this->shared_from_this()]() mutable {
      Core& core = self->core_;
      core.resume(std::move(self));
    });
    if (!held) answer_with({Errc::unavailable, "The server is busy; try again shortly"});
    return Next{};
  });
  if (held) return;
  waiting_ = Waiting::nothing;
  append_answer();
}

// The worker owns the exchange until it resumes; the last reference dies on this core.
template <class Stream>
void Connection<Stream>::hand_over(const Next& next) {
  waiting_ = Waiting::pool;
  WorkerPool::Job job = [self = this->shared_from_this()]() mutable {
    self->guarded([&] {
      // Whoever has waited this long has gone, or asks again: working off a flood in order would
      // only make the wait longer for everybody.
      if (Clock::now() - self->exchange_->started > self->core_.options().queue_timeout) {
        self->answer_with({Errc::unavailable, "The server is busy; try again shortly"});
      } else {
        self->core_.application().finish(*self->exchange_);
      }
      return Next{};
    });
    Core& core = self->core_;
    core.resume(std::move(self));
  };
  if (core_.pool(next.pool).try_submit(job, next.share, next.turn)) return;
  waiting_ = Waiting::nothing;
  answer_with({Errc::unavailable, "The server is busy; try again shortly"});
  append_answer();
}

template <class Stream>
void Connection<Stream>::resume() {
  waiting_ = Waiting::nothing;
  append_answer();
  process();
}

// Application code that throws is a bug or no memory: that request gets a 500, others go on.
template <class Stream>
template <class Call>
Next Connection<Stream>::guarded(Call call) {
  try {
    return call();
  } catch (const std::exception& exception) {
    answer_with({Errc::internal, "Internal error", exception.what()});
    return {};
  }
}

// Whatever was written of another answer goes.
template <class Stream>
void Connection<Stream>::answer_with(const Error& error) {
  exchange_->response.clear();
  core_.application().refuse(*exchange_, error);
}

template <class Stream>
void Connection<Stream>::append_answer() {
  Response& response = exchange_->response;
  if (!exchange_->request.keep_alive || core_.draining()) response.close_connection();
  // RFC 9110 8.6: what has no length for GET states none for HEAD.
  if (exchange_->events) response.leave_open_ended();
  if (response.closes()) closing_ = true;
  const auto now = Clock::now();
  const bool head = exchange_->request.method == Method::head;
  if (exchange_->events && !head) begin_events();
  output_body_ = response.serialize(output_, core_.date(now),
                                    head ? Response::Body::omit : Response::Body::send);
  core_.application().answered(*exchange_, now - exchange_->started);
  exchange_->started = now;
  request_deadline_ = Clock::time_point::max();
  exchange_->reset();
  exchange_->events.reset();
  response.clear();
  parser_.clear();
  head_ = 0;
  pinned_ = 0;
}

template <class Stream>
void Connection<Stream>::begin_events() {
  events_ = std::make_unique<Events>(Events{std::move(exchange_->events),
                                            asio::steady_timer(core_.context()),
                                            Clock::now() + heartbeat_interval,
                                            {},
                                            false});
}

// Nobody tells a connection that something happened: it looks, on a timer of its own.
template <class Stream>
void Connection<Stream>::await_events() {
  waiting_ = Waiting::events;
  deadline_ = Clock::time_point::max();
  events_->timer.expires_after(event_interval);
  events_->timer.async_wait([self = this->shared_from_this()](const error_code&) {
    self->waiting_ = Waiting::nothing;
    if (socket_of(self->stream_).is_open()) self->look_for_events();
  });
}

template <class Stream>
void Connection<Stream>::look_for_events() {
  const auto state =
      core_.draining() || events_->failed ? EventSource::State::ended : events_->source->state();
  const auto now = Clock::now();
  if (state == EventSource::State::ended) return end_events();
  if (state == EventSource::State::has_events) return read_events();
  if (now < events_->heartbeat_at) return await_events();
  events_->heartbeat_at = now + heartbeat_interval;
  output_ += ":\n\n";
  process();
}

template <class Stream>
void Connection<Stream>::read_events() {
  waiting_ = Waiting::pool;
  WorkerPool::Job job = [self = this->shared_from_this()]() mutable {
    Events& events = *self->events_;
    try {
      events.source->read(events.text);
    } catch (const std::exception&) {
      events.failed = true;
    }
    auto& context = self->core_.context();
    asio::post(context, [self = std::move(self)] {
      self->waiting_ = Waiting::nothing;
      self->events_->heartbeat_at = Clock::now() + heartbeat_interval;
      self->output_ += self->events_->text;
      forget_answer(self->events_->text);
      self->process();
    });
  };
  if (core_.pool(Pool::worker).try_submit(job)) return;
  await_events();  // too busy now
}

template <class Stream>
void Connection<Stream>::end_events() {
  events_.reset();
  process();
}

// What was not understood ends the connection: where the next request begins is anybody's guess.
template <class Stream>
void Connection<Stream>::refuse(const Error& error) {
  exchange_->request.peer = peer_;
  answer_with(error);
  exchange_->response.close_connection();
  append_answer();
}

template <class Stream>
bool Connection<Stream>::flush() {
  if (output_.empty()) return true;
  const std::array<asio::const_buffer, 2> all{asio::buffer(output_), asio::buffer(output_body_)};
  std::size_t written = 0;
  if constexpr (!is_tls<Stream>) {
    // Nearly always the socket takes all at once, and no operation needs to be started.
    error_code ec;
    written = output_body_.empty() ? stream_.write_some(all[0], ec) : stream_.write_some(all, ec);
    if (ec && ec != asio::error::would_block) {
      close();
      return false;
    }
  }
  if (written == output_.size() + output_body_.size()) {
    forget_output();
    return true;
  }
  const std::array<asio::const_buffer, 2> rest{
      all[0] + written, all[1] + (written - std::min(written, all[0].size()))};
  wait_for(Waiting::write, core_.options().write_timeout);
  asio::async_write(stream_, rest,
                    [self = this->shared_from_this()](const error_code& ec, std::size_t) {
                      self->waiting_ = Waiting::nothing;
                      if (ec) return self->close();
                      self->forget_output();
                      self->process();
                    });
  return false;
}

template <class Stream>
void Connection<Stream>::forget_output() {
  forget_answer(output_);
  output_body_ = {};
}

// Closes after the last answer.
template <class Stream>
void Connection<Stream>::finish() {
  lingers_until_ = Clock::now() + linger_at_most;
  if constexpr (is_tls<Stream>) {
    // close_notify, so that the client knows that nothing was cut off (RFC 8446 6.1).
    wait_for(Waiting::bytes, linger_idle);
    stream_.async_shutdown(
        [self = this->shared_from_this()](const error_code&) { self->linger(); });
  } else {
    linger();
  }
}

// Bytes that are still on their way would make the kernel reset the connection and with it the
// answer, so they are read and dropped for a moment (RFC 9112 9.6).
template <class Stream>
void Connection<Stream>::linger() {
  error_code ignored;
  socket_of(stream_).shutdown(Socket::shutdown_send, ignored);
  discard_input();
}

template <class Stream>
void Connection<Stream>::discard_input() {
  wait_for(Waiting::bytes, std::min<Clock::duration>(linger_idle, lingers_until_ - Clock::now()));
  socket_of(stream_).async_read_some(
      asio::buffer(input_.get(), capacity_),
      [self = this->shared_from_this()](const error_code& ec, std::size_t) {
        if (ec) return self->close();
        self->discard_input();
      });
}

template <class Stream>
void Connection<Stream>::wait_for(Waiting what, Clock::duration at_most) {
  waiting_ = what;
  deadline_ = Clock::now() + at_most;
}

template <class Stream>
void Connection<Stream>::check_deadline(Clock::time_point now) {
  if (waiting_ == Waiting::pool || now < deadline_) return;
  close();
}

template <class Stream>
void Connection<Stream>::drain() {
  // A request that is being read or answered gets its answer, with "Connection: close".
  const bool idle = waiting_ == Waiting::bytes && begin_ == end_ && !parser_.head_done();
  if (idle) return close();
  if (waiting_ == Waiting::events) events_->timer.cancel();  // looks, and finds that it ends
}

template <class Stream>
void Connection<Stream>::close() {
  error_code ignored;
  socket_of(stream_).close(ignored);
}

template class Connection<Socket>;
template class Connection<TlsStream>;

}  // namespace agentauth::http::internal

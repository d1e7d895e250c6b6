// One connection, on one core, from its first byte to its last.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "http/application.h"
#include "http/internal/request_parser.h"

namespace agentauth::http::internal {

class Core;

// The executor is the concrete one: asking a type-erased one costs an indirection an operation.
using Socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
using TlsStream = boost::asio::ssl::stream<Socket>;

// What a core needs to know of its connections, whatever they speak.
class ConnectionBase {
 public:
  virtual ~ConnectionBase() = default;
  // Sends the answer that a pool or the application made.
  virtual void resume() = 0;
  // Closes it when it has been too slow for too long.
  virtual void check_deadline(std::chrono::steady_clock::time_point now) = 0;
  // Closes it now if it is idle, or after the answer that is due.
  virtual void drain() = 0;
  virtual void close() = 0;
};

// Reads what has arrived, answers every request in it, writes all answers at once. Nothing here is
// shared between threads: while a pool makes an answer, the connection waits.
template <class Stream>
class Connection final : public ConnectionBase,
                         public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(Core& core, Stream stream, const IpAddress& peer);
  ~Connection() override;

  void start();
  void resume() override;
  void check_deadline(std::chrono::steady_clock::time_point now) override;
  void drain() override;
  void close() override;

 private:
  using Clock = std::chrono::steady_clock;
  // What the connection waits for. Only one thing at a time, so nothing needs a lock or a queue.
  enum class Waiting : std::uint8_t { nothing, turn, bytes, pool, write, events };

  // What a connection needs only while its answer goes on with events.
  struct Events {
    std::unique_ptr<EventSource> source;
    boost::asio::steady_timer timer;
    Clock::time_point heartbeat_at;
    std::string text;  // of the worker, while it reads
    bool failed = false;
  };

  void handshake();
  void read();
  void read_later();
  bool make_room();
  void process();
  // Reads one request from the buffer and answers it; false when there is nothing more to do now.
  bool step();
  Result<LargeBodySender> admit_large_body();
  void begin_request();
  void hand_over(const Next& next);
  void hold_back();
  template <class Call>
  Next guarded(Call call);
  void answer_with(const Error& error);
  void append_answer();
  void begin_events();
  void await_events();
  void look_for_events();
  void read_events();
  void end_events();
  void refuse(const Error& error);
  // False when the rest is being written and process() will be called again.
  bool flush();
  void forget_output();
  void finish();
  void linger();
  void discard_input();
  void wait_for(Waiting what, Clock::duration at_most);

  Core& core_;
  Stream stream_;
  const IpAddress peer_;
  std::unique_ptr<Exchange> exchange_;
  RequestParser parser_;

  // [head_, pinned_) is the head of the request in progress, to which the exchange holds views;
  // [pinned_, begin_) is used up, [begin_, end_) is not read yet.
  std::unique_ptr<char[]> input_;
  std::size_t capacity_;
  std::size_t head_ = 0;
  std::size_t pinned_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  // Answers that wait to be written, or are being written, and a body that follows them.
  std::string output_;
  std::string_view output_body_;
  Waiting waiting_ = Waiting::nothing;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point request_deadline_ = Clock::time_point::max();  // for the request in progress
  Clock::time_point lingers_until_;
  bool closing_ = false;  // close once everything is written
  std::unique_ptr<Events> events_;
};

}  // namespace agentauth::http::internal

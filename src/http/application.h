// What a server serves. http knows no auth: it reads requests, asks the application, writes
// answers.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/large_bodies.h"
#include "http/message.h"

namespace agentauth::http {

// The rest of an answer that has no end: events, sent when they happen (WHATWG HTML 9.2). The
// connection asks again and again, until the source ends or the client is gone.
class EventSource {
 public:
  virtual ~EventSource() = default;
  enum class State : std::uint8_t { waiting, has_events, ended };
  // On the connection's core, several times a second: in memory, and it must not block.
  virtual State state() = 0;
  // On a worker, after has_events: appends events in their text form. What throws ends the stream.
  virtual void read(std::string& out) = 0;
};

// One request and its answer. Applications derive from it to keep what they need from `begin` to
// `finish`; there is one for each connection, used again for each request.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Forgets the request: the next one on the connection must find nothing of it.
  virtual void reset() = 0;

  Request request;
  Response response;
  std::unique_ptr<EventSource> events;  // set with the answer when more follows it
  std::size_t core = 0;
  std::chrono::steady_clock::time_point started;
};

enum class Pool : std::uint8_t {
  none,      // answered already
  worker,    // may touch the database
  hashing,   // may compute bcrypt
  deferred,  // answered on the core, but not to be sent before Application::defer says so
};

// Jobs of one pool under the same name never run side by side, so that what the first finds out
// serves the others. All zeros: no name.
using ShareName = std::array<std::uint8_t, 32>;

enum class Turn : std::uint8_t {
  in_order,
  after_others,  // and refused when half of the queue is taken: it may not crowd others out
};

struct Next {
  Pool pool = Pool::none;
  ShareName share{};
  Turn turn = Turn::in_order;
};

// Sends an answer that was held back. Call it once, from any thread; until then the exchange
// belongs to whoever holds it.
using Resume = std::function<void()>;

class Application {
 public:
  virtual ~Application() = default;

  virtual std::unique_ptr<Exchange> new_exchange(std::size_t core) = 0;

  // On the connection's core, of a request whose body is larger than others may be and is allowed
  // to be so (ServerOptions::large_bodies), while nothing or little of it has been read: who sends
  // it, if they may use that operation at all. `begin` follows when all of it is there; time has
  // passed by then. Must not block. Errors: what the request is refused with.
  virtual Result<LargeBodySender> admit_large_body(Exchange& exchange) = 0;
  // On the connection's core: answers, or says on which pool `finish` shall run. Must not block.
  virtual Next begin(Exchange& exchange) = 0;
  // For Pool::deferred, on the core: keeps `resume` until the answer may be sent. Must not block.
  // False when there is no place to wait: the request is refused, and `resume` must not be called.
  virtual bool defer(Exchange& exchange, Resume resume) = 0;
  // On that pool: answers.
  virtual void finish(Exchange& exchange) = 0;
  // Makes the answer to a request that was not understood, or found no place in a queue. What was
  // read of the request is in the exchange.
  virtual void refuse(Exchange& exchange, const Error& error) = 0;
  // On the core, once the answer has been made.
  virtual void answered(const Exchange& exchange, std::chrono::nanoseconds took) = 0;
};

}  // namespace agentauth::http

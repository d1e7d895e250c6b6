// What the program and the listener of Envoy's gRPC know of each other.
//
// The listener stands on libgrpc++, which would double what an idle server holds in memory, so it
// is a shared object that is loaded when --envoy-listen asks for it (docs/adr/0018). The two are
// linked apart: views and pure interfaces cross, and no exception, allocation or library type does.
// Change interface_revision with every change to this file.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace agentauth::envoy {

inline constexpr unsigned interface_revision = 1;
inline constexpr const char* module_file = "agentauth-envoy.so";

// Larger messages are not read. What Envoy lets clients send by default fits, so that who sends too
// much is denied in an answer.
inline constexpr std::size_t message_bytes_max = 256 * 1024;
// On each connection; there may be more connections.
inline constexpr int streams_max = 1024;

struct Header {
  std::string_view name;
  std::string_view value;
};

// What is read of envoy.service.auth.v3.CheckRequest.
struct Question {
  std::string_view method;
  std::string_view host;
  std::string_view path;                 // with the query
  std::span<const Header> headers = {};  // ":path" and its like among them, as Envoy sends them
  std::string_view peer;                 // of the connection: an IP address, or empty
  std::string_view source;               // whom Envoy has it from: an IP address, or empty
  std::size_t message_bytes = 0;         // of the message, with all that is not read
};

// What is written of envoy.service.auth.v3.CheckResponse.
struct Verdict {
  bool passes = false;
  int status = 403;                      // of HTTP, for the client, when it does not pass
  std::span<const Header> headers = {};  // replace those of the request, or are the answer's
  std::span<const std::string_view> removed = {};  // from the request, after that
  std::string_view body = {};
};

// One call of Check, from its arrival to its answer. Everything it shows lasts so long.
class Call {
 public:
  virtual const Question& question() const = 0;
  // Nobody waits for the answer any more.
  virtual bool is_cancelled() const = 0;
  // REQUIRES: once, from any thread. The call is gone afterwards.
  virtual void answer(const Verdict& verdict) noexcept = 0;

 protected:
  ~Call() = default;
};

// Answers every call, now or later.
class Checks {
 public:
  // On a thread of the listener; must not block.
  virtual void check(Call& call) noexcept = 0;

 protected:
  ~Checks() = default;
};

struct ListenerOptions {
  std::string_view address;           // an IP address without brackets
  std::uint16_t port = 0;             // 0 takes a free one
  std::string_view certificate_file;  // PEM; empty: no TLS
  std::string_view key_file;
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual std::uint16_t port() const = 0;
  // Takes no more calls, and returns when those that are under way are answered; at `limit` the
  // rest are cancelled.
  virtual void drain(std::chrono::milliseconds limit) noexcept = 0;
};

// The one function of the shared object. nullptr when it cannot listen: `why`, of `why_bytes`
// bytes, holds the reason then, ended by a NUL.
using Listen = Listener* (*)(unsigned revision, const ListenerOptions& options, Checks& checks,
                             char* why, std::size_t why_bytes);
inline constexpr const char* listen_symbol = "agentauth_envoy_listen";

}  // namespace agentauth::envoy

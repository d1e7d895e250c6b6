// Turns bytes into a Request: Beast's parser between two strict doors of our own.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "http/large_bodies.h"
#include "http/message.h"

namespace agentauth::http::internal {

// One for each connection. Feed it the start of the buffer until it is done, then clear().
class RequestParser {
 public:
  // Every body is held to body_bytes_max.
  explicit RequestParser(Request& request);
  // But for those that `door` lets in.
  RequestParser(Request& request, LargeBodyDoor door);
  ~RequestParser();

  // Forgets the request that was read.
  void clear();

  // Reads from `bytes`; returns how many it used. While it is not done, the caller keeps the bytes
  // of the head in place (or says where they went: Request::rebase) and appends what comes next.
  // Errors say what to answer; the connection must be closed after it.
  Result<std::size_t> consume(std::span<const char> bytes);

  bool head_done() const { return head_done_; }
  // How long the head was. It was the first thing in the bytes with which it became done.
  std::size_t head_bytes() const { return head_bytes_; }
  bool done() const;
  // The client waits for "100 Continue" before it sends the body (RFC 9110 10.1.1).
  bool wants_continue() const { return wants_continue_ && head_done_ && !done(); }
  void continued() { wants_continue_ = false; }

 private:
  struct State;  // Beast stays in the .cc

  Result<std::size_t> consume_head(std::string_view bytes);
  Result<void> check_head();
  void note_target(std::string_view bytes);
  Result<void> set_target(std::string_view target);
  Result<void> check_body_headers();

  Request& request_;
  const std::optional<LargeBodyDoor> door_;
  std::unique_ptr<State> state_;
  bool head_done_ = false;
  std::size_t head_bytes_ = 0;
  std::size_t blank_bytes_ = 0;  // empty lines before the head
  bool wants_continue_ = false;
};

}  // namespace agentauth::http::internal

// A request as it was read and an answer as it will be written.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/network.h"

namespace agentauth::http {

enum class Method : std::uint8_t {
  get,
  head,
  post,
  put,
  patch,
  delete_,
  options,
  other,
  any,  // of a route: whatever the request's is
};

std::string_view to_string(Method method);

struct Header {
  std::string_view name;
  std::string_view value;
};

inline constexpr std::size_t headers_max = 100;
inline constexpr std::size_t head_bytes_max = 16 * 1024;
inline constexpr std::size_t target_bytes_max = 4 * 1024;
inline constexpr std::size_t body_bytes_max = 64 * 1024;
// What a connection keeps of a buffer for its next answer. Larger ones are given back: a connection
// is idle most of the time, and there are many.
inline constexpr std::size_t answer_bytes_kept = 64 * 1024;
void forget_answer(std::string& buffer);

// Views into the connection's buffer: they last until the answer has been made.
struct Request {
  Method method = Method::other;
  std::string_view method_text;
  std::string_view path;   // raw, begins with "/"; never decoded, so one resource has one spelling
  std::string_view query;  // without the "?"
  std::string_view body;
  IpAddress peer{};  // of the connection; see client_address.h for who stands behind it
  bool keep_alive = true;

  std::span<const Header> headers() const { return {headers_.data(), header_count_}; }
  // The value of the header, or nothing when it is absent. Names compare without case.
  std::optional<std::string_view> find(std::string_view name) const;
  // How often it was sent.
  std::size_t count(std::string_view name) const;

  // For the parser.
  void clear();
  bool add_header(std::string_view name, std::string_view value);
  void rebase(const char* from, const char* to);  // the buffer behind the views moved

 private:
  std::array<Header, headers_max> headers_;
  std::size_t header_count_ = 0;
};

// Reused from request to request, so that it stops allocating once it is warm.
class Response {
 public:
  void clear();

  void set_status(int status) { status_ = status; }
  int status() const { return status_; }
  // `type` must be a literal.
  void set_content_type(std::string_view type) { content_type_ = type; }
  // CR, LF and other control characters in `value` are dropped: a header cannot be split.
  void add_header(std::string_view name, std::string_view value);
  // What was added, as lines "Name: value" with CRLF at their ends; for answers that do not leave
  // over HTTP/1.1.
  std::string_view header_lines() const { return headers_; }
  std::string_view content_type() const { return content_type_; }
  void close_connection() { close_ = true; }
  bool closes() const { return close_; }
  // The body goes on until the connection is closed (RFC 9112 6.3, rule 8): no Content-Length.
  void leave_open_ended() { open_ended_ = close_ = true; }
  // For large bodies that live as long as the program.
  void set_static_body(std::string_view bytes) { static_body_ = bytes; }

  std::string body;

  // The answer (RFC 9112), appended. `date` is an IMF-fixdate. A static body is not copied: it is
  // what is returned, and must be written next.
  enum class Body : bool { omit, send };  // omit: an answer to HEAD
  [[nodiscard]] std::string_view serialize(std::string& out, std::string_view date,
                                           Body send_body) const;

 private:
  int status_ = 200;
  std::string_view content_type_;
  std::string headers_;
  std::string_view static_body_;
  bool close_ = false;
  bool open_ended_ = false;
};

// "Not Found" for 404; "" for a status we never use.
std::string_view reason_phrase(int status);

// ASCII letters only (RFC 9110 5.1). Lengths first: most header names differ there.
bool equal_letters(std::string_view a, std::string_view b);
inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && equal_letters(a, b);
}

}  // namespace agentauth::http

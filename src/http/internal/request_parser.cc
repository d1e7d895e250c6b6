#include "http/internal/request_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>
#include <string>

#include "http/internal/head_scan.h"

namespace agentauth::http::internal {
namespace {

namespace beast = boost::beast;
using beast::error_code;

constexpr std::size_t blank_bytes_max = 2 * std::string_view("\r\n").size();

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

Method to_method(beast::http::verb verb) {
  switch (verb) {
    case beast::http::verb::get:
      return Method::get;
    case beast::http::verb::head:
      return Method::head;
    case beast::http::verb::post:
      return Method::post;
    case beast::http::verb::put:
      return Method::put;
    case beast::http::verb::patch:
      return Method::patch;
    case beast::http::verb::delete_:
      return Method::delete_;
    case beast::http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

// RFC 9112 section 3: what we never need in a target, and others read differently.
bool is_plain_target(std::string_view target) {
  for (const char c : target)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F ||
        c == '#' || c == '\\' || c == '"' || c == '<' || c == '>')
      return false;
  return true;
}

// RFC 3986 3.2.2: a name or an IPv4 address; of an IPv6 address, what stands in the brackets.
bool is_host_text(std::string_view text, std::string_view marks) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

// RFC 9110 7.2: uri-host [ ":" port ], and nothing with which one could smuggle in a path or a
// user. An empty one is for targets without an authority.
bool is_host(std::string_view host) {
  std::string_view port;
  bool is_name = true;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    is_name = is_host_text(host.substr(1, end - 1), ":.-_~!$&'()*+,;=%");
    port = host.substr(end + 1);
  } else {
    const std::size_t colon = std::min(host.find(':'), host.size());
    is_name =
        is_host_text(host.substr(0, colon), "-._~!$&'()*+,;=%") && (colon > 0 || host.empty());
    port = host.substr(colon);
  }
  if (port.empty()) return is_name;
  port.remove_prefix(1);
  return is_name && host[host.size() - port.size() - 1] == ':' &&
         std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The length of "http://" or "https://" at the start, in whatever case (RFC 3986 3.1); else 0.
std::size_t scheme_size(std::string_view target) {
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")})
    if (equal_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
  return 0;
}

// One number: Beast takes a list of equal ones too, others take the first or the last.
bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A chunked body that is only a last chunk Beast wants to see at once, or it asserts. Nothing that
// ends a chunked body is shorter, so waiting for the rest never waits for too much.
bool may_be_cut_last_chunk(std::string_view bytes) {
  return bytes.starts_with('0') && bytes.size() < std::string_view("0\r\n\r\n").size();
}

Error explain_refusal(const error_code& ec, bool in_head) {
  using beast::http::error;
  if (ec == error::header_limit)
    return {Errc::headers_too_large, "The head is larger than 16 KiB or has over 100 fields"};
  if (ec == error::bad_version && in_head)
    return {Errc::http_version_not_supported, "Only HTTP/1.1 and HTTP/1.0 are spoken"};
  return {Errc::malformed_request, "The request is not valid HTTP", ec.message()};
}

// Collects views instead of copies; the message's head stays in the connection's buffer.
class BeastParser final : public beast::http::basic_parser<true> {
 public:
  BeastParser(Request& request, std::string& body, const LargeBodyDoor* door)
      : request_(request), body_(body), door_(door) {
    header_limit(head_bytes_max);
    body_limit(bytes_max_);
    eager(true);
  }
  ~BeastParser() override {
    if (sender_) door_->places.give_back(*sender_);
  }

  // Once the head is complete: a body that says that it is large is asked for at once.
  Result<void> admit_stated_length() {
    const auto length = content_length();
    if (!length || *length <= body_bytes_max) return {};
    return admit_large_body();
  }

  // What we answer to what Beast refuses.
  Error explain(const error_code& ec, bool in_head) const {
    if (ec != beast::http::error::body_limit) return explain_refusal(ec, in_head);
    if (not_admitted_) return *not_admitted_;
    return {Errc::payload_too_large,
            "The body is larger than " + std::to_string(bytes_max_ / 1024) + " KiB"};
  }

  std::string_view target;
  int version = 11;
  std::string_view input;  // that is being read

 private:
  void on_request_impl(beast::http::verb verb, beast::string_view method,
                       beast::string_view request_target, int http_version,
                       error_code& ec) override {
    ec = {};
    request_.method = to_method(verb);
    request_.method_text = view(method);
    target = view(request_target);
    version = http_version;
    allow_large_body();
  }
  void allow_large_body() {
    if (door_ == nullptr) return;
    bytes_max_ = door_->places.bytes_max(request_.method, target.substr(0, target.find('?')));
    if (bytes_max_ > body_bytes_max) body_limit(bytes_max_);
  }
  // Nobody takes a place who has not been admitted: strangers could hold all of them.
  Result<void> admit_large_body() {
    const LargeBodySender sender = TRY(door_->admit());
    TRY(door_->places.take_place(sender));
    sender_ = sender;
    return {};
  }
  // A body in chunks takes a place once it is larger than others may be.
  bool has_room(std::size_t bytes) {
    if (bytes > bytes_max_) return false;
    if (bytes <= body_bytes_max || sender_) return true;
    if (auto admitted = admit_large_body(); !admitted) not_admitted_ = std::move(admitted).error();
    return !not_admitted_;
  }
  void on_response_impl(int, beast::string_view, int, error_code& ec) override {
    ec = beast::http::error::bad_version;
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     error_code& ec) override {
    ec = {};
    // RFC 9110 6.5.1: a trailer must not become a header that nobody before us has seen. It keeps
    // to the rules all the same: one that was folded Beast unfolds, outside of the buffer.
    if (in_body_) {
      const bool folded = value.data() < input.data() || value.data() > input.data() + input.size();
      if (folded || ++trailers_ > headers_max) ec = beast::http::error::bad_value;
      return;
    }
    if (!request_.add_header(view(name), view(value))) ec = beast::http::error::header_limit;
  }
  void on_header_impl(error_code& ec) override {
    ec = {};
    in_body_ = true;
  }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code& ec) override {
    ec = {};
  }
  std::size_t append(beast::string_view bytes, error_code& ec) {
    ec = {};
    if (!has_room(body_.size() + bytes.size())) {
      ec = beast::http::error::body_limit;
      return 0;
    }
    body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  std::size_t on_body_impl(beast::string_view bytes, error_code& ec) override {
    return append(bytes, ec);
  }
  // RFC 9112 7.1.1: tokens and quoted strings, which hold no control character but HTAB. To others
  // one of them may end the line.
  void on_chunk_header_impl(std::uint64_t, beast::string_view extension, error_code& ec) override {
    ec = {};
    if (std::any_of(extension.begin(), extension.end(), is_control))
      ec = beast::http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code& ec) override {
    return append(bytes, ec);
  }
  void on_finish_impl(error_code& ec) override { ec = {}; }

  Request& request_;
  std::string& body_;
  const LargeBodyDoor* const door_;
  std::size_t bytes_max_ = body_bytes_max;
  std::optional<LargeBodySender> sender_ = {};  // whose place it has
  std::optional<Error> not_admitted_ = {};
  bool in_body_ = false;
  std::size_t trailers_ = 0;
};

}  // namespace

struct RequestParser::State {
  std::optional<BeastParser> parser;  // made anew for each request, in place
  std::string body;
};

RequestParser::RequestParser(Request& request)
    : request_(request), state_(std::make_unique<State>()) {
  clear();
}

RequestParser::RequestParser(Request& request, LargeBodyDoor door)
    : request_(request), door_(std::move(door)), state_(std::make_unique<State>()) {
  clear();
}

RequestParser::~RequestParser() = default;

void RequestParser::clear() {
  request_.clear();
  // One large body does not stay with its connection.
  if (state_->body.capacity() > body_bytes_max) state_->body = std::string();
  state_->body.clear();
  state_->parser.emplace(request_, state_->body, door_ ? &*door_ : nullptr);
  head_done_ = false;
  head_bytes_ = 0;
  blank_bytes_ = 0;
  wants_continue_ = false;
}

bool RequestParser::done() const { return state_->parser->is_done(); }

Result<std::size_t> RequestParser::consume(std::span<const char> bytes) {
  std::size_t used = 0;
  const std::string_view text(bytes.data(), bytes.size());
  if (!head_done_) {
    const auto head = consume_head(text);
    if (!head) note_target(text);
    used = TRY(head);
    if (!head_done_) return used;
  }
  BeastParser& parser = *state_->parser;
  parser.input = text;
  request_.body = {};  // what grows may move
  while (!parser.is_done() && used < text.size()) {
    if (parser.chunked() && may_be_cut_last_chunk(text.substr(used))) break;
    error_code ec;
    const std::size_t taken =
        parser.put(boost::asio::buffer(text.data() + used, text.size() - used), ec);
    used += taken;
    if (ec == beast::http::error::need_more) break;
    if (ec) return tl::unexpected(parser.explain(ec, false));
    if (taken == 0) break;
  }
  request_.body = state_->body;
  return used;
}

Result<std::size_t> RequestParser::consume_head(std::string_view bytes) {
  // Empty lines before a request are allowed (RFC 9112 2.2), a few of them.
  std::size_t blank = 0;
  while (bytes.substr(blank).starts_with("\r\n")) blank += 2;
  blank_bytes_ += blank;
  if (blank_bytes_ > blank_bytes_max)
    return failure(Errc::malformed_request, "There are too many empty lines before the request");
  if (blank > 0) return blank;

  // What follows counts for nothing: however the bytes arrive, the answer is the same.
  bytes = bytes.substr(0, head_bytes_max);
  const HeadScan scan = scan_head(bytes);
  if (scan.verdict == HeadVerdict::refused)
    return failure(Errc::malformed_request, "The request's lines are not ended or folded properly");
  if (scan.verdict == HeadVerdict::incomplete) {
    if (bytes.size() < head_bytes_max) return 0;
    // A first line that does not end is a target that is too long, whatever else may follow.
    if (bytes.find('\n') == std::string_view::npos)
      return failure(Errc::uri_too_long, "The request target is longer than 4 KiB");
    return failure(Errc::headers_too_large, "The head is larger than 16 KiB");
  }
  error_code ec;
  const std::size_t used = state_->parser->put(boost::asio::buffer(bytes.data(), scan.size), ec);
  const bool complete = state_->parser->is_header_done() && used == scan.size;
  if (ec && ec != beast::http::error::need_more)
    return tl::unexpected(state_->parser->explain(ec, true));
  if (!complete) return failure(Errc::malformed_request, "The request is not valid HTTP");
  head_done_ = true;
  head_bytes_ = used;
  TRY(check_head());
  return used;
}

Result<void> RequestParser::check_head() {
  request_.keep_alive = state_->parser->keep_alive();
  TRY(set_target(state_->parser->target));
  const std::size_t hosts = request_.count("Host");
  // RFC 9112 3.2: exactly one Host in HTTP/1.1.
  if (hosts > 1 || (hosts == 0 && state_->parser->version >= 11))
    return failure(Errc::malformed_request, "The request needs exactly one Host header");
  if (hosts == 1 && !is_host(*request_.find("Host")))
    return failure(Errc::malformed_request, "The Host header is not a host");
  return check_body_headers();
}

Result<void> RequestParser::check_body_headers() {
  const std::size_t lengths = request_.count("Content-Length");
  const std::size_t codings = request_.count("Transfer-Encoding");
  // RFC 9112 6.3: a message with both is an attack or a mistake; so is one with two lengths.
  if (lengths + codings > 1)
    return failure(Errc::malformed_request, "The length of the body is stated more than once");
  if (lengths == 1 && !is_digits(*request_.find("Content-Length")))
    return failure(Errc::malformed_request, "Content-Length is not a number");
  if (codings == 1) {
    if (state_->parser->version < 11)
      return failure(Errc::malformed_request, "HTTP/1.0 has no transfer codings");
    if (!equal_ignoring_case(*request_.find("Transfer-Encoding"), "chunked"))
      return failure(Errc::not_implemented, "Only the transfer coding chunked is known");
  }
  // RFC 9110 10.1.1: HTTP/1.0 knows no interim answers.
  const auto expect = request_.find("Expect");
  if (expect && state_->parser->version >= 11)
    wants_continue_ = equal_ignoring_case(*expect, "100-continue");
  return state_->parser->admit_stated_length();
}

// Of a head that is refused: whose request it was, as far as anybody can say, so that it is refused
// in the words that its sender understands. Nothing else rests on it.
void RequestParser::note_target(std::string_view bytes) {
  if (!request_.path.empty()) return;
  const std::string_view line = bytes.substr(0, std::min(bytes.find("\r\n"), bytes.size()));
  const std::size_t begin = line.find(' ');
  if (begin == line.npos) return;
  const std::string_view target = line.substr(begin + 1, line.find(' ', begin + 1) - begin - 1);
  request_.path = target.substr(0, target.find('?'));
}

Result<void> RequestParser::set_target(std::string_view target) {
  if (target.size() > target_bytes_max)
    return failure(Errc::uri_too_long, "The request target is longer than 4 KiB");
  // RFC 9112 3.2.2: a server must take the absolute form; whose host it names is Host's matter.
  // RFC 9110 4.2.3: its empty path is the root. The view is of a slash that stands in the buffer,
  // as all views are, for the buffer may move (Request::rebase).
  std::string_view root;
  if (const std::size_t scheme = scheme_size(target)) {
    root = target.substr(scheme - 1, 1);
    const std::size_t end = std::min(target.find_first_of("/?#", scheme), target.size());
    // RFC 9110 4.2.1 and 4.2.4: a host there must be, and a user there must not.
    const std::string_view host = target.substr(scheme, end - scheme);
    if (host.empty() || !is_host(host))
      return failure(Errc::malformed_request, "The request target names no host");
    target.remove_prefix(end);
  }
  const std::size_t question = target.find('?');
  request_.path = target.substr(0, question);
  if (question != std::string_view::npos) request_.query = target.substr(question + 1);
  if (request_.path.empty()) request_.path = root;
  // RFC 9112 3.2.4: the asterisk form. It names no operation of ours.
  const bool is_asterisk = target == "*" && request_.method == Method::options;
  if (!is_plain_target(target) || !(request_.path.starts_with('/') || is_asterisk))
    return failure(Errc::malformed_request, "The request target is not a path");
  return {};
}

}  // namespace agentauth::http::internal

// The request parser: however the bytes arrive, it must read the same requests, and what it lets
// through must leave nothing for another reader of the same bytes to understand differently.
//
// The input is what a client sends. What follows the last 0xFF in it, if there is one, says how
// it is cut: each byte is the length of a piece, less one; the last one is repeated.
#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "http/internal/request_parser.h"
#include "http/trace_context.h"
#include "tests/fuzz/fuzz.h"

namespace agentauth::http::internal {
namespace {

constexpr std::size_t requests_max = 32;
constexpr std::size_t pieces_max = 512;

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

// What enters the log is hexadecimal digits and nothing else.
void check_trace(const TraceParent& parent) {
  MUST(parent.trace_id.size() == 32 && parent.parent_id.size() == 16);
  for (const std::string_view id : {parent.trace_id, parent.parent_id}) {
    MUST(id.find_first_not_of("0123456789abcdef") == id.npos);
    MUST(id.find_first_not_of('0') != id.npos);
  }
}

// RFC 9110 and 9112, read by somebody else.
void check_request(const Request& request) {
  MUST(is_token(request.method_text));
  MUST(request.path.starts_with('/') || (request.path == "*" && request.method == Method::options));
  MUST(request.path.size() + request.query.size() < target_bytes_max + 1);
  for (const std::string_view part : {request.path, request.query})
    MUST(std::all_of(part.begin(), part.end(), [](char c) { return c > 0x20 && c < 0x7F; }));
  MUST(request.path.find('?') == std::string_view::npos);
  MUST(request.headers().size() <= headers_max);
  for (const Header& header : request.headers()) {
    MUST(is_token(header.name));
    MUST(!has_control(header.value));
    MUST(header.value.empty() || (header.value.front() != ' ' && header.value.front() != '\t' &&
                                  header.value.back() != ' ' && header.value.back() != '\t'));
  }
  MUST(request.count("Host") <= 1);
  MUST(request.body.size() <= body_bytes_max);

  const auto length = request.find("Content-Length");
  const auto coding = request.find("Transfer-Encoding");
  MUST(request.count("Content-Length") + request.count("Transfer-Encoding") <= 1);
  if (length) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(length->begin(), length->end(), value);
    MUST(error == std::errc{} && end == length->end() && value == request.body.size());
  }
  if (coding) MUST(equal_ignoring_case(*coding, "chunked"));
  if (const auto parent = trace_parent(request)) check_trace(*parent);
  if (!length && !coding) MUST(request.body.empty());
}

// All that anybody could see of a request, as text.
std::string describe(const Request& request) {
  std::string text;
  const auto add = [&](std::string_view part) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
  };
  add(to_string(request.method));
  for (const auto part : {request.method_text, request.path, request.query, request.body})
    add(part);
  for (const Header& header : request.headers()) add(header.name), add(header.value);
  text += request.keep_alive ? " keep" : " close";
  return text;
}

struct Outcome {
  std::vector<std::string> requests;
  int error = -1;  // an Errc
  bool in_head = false;
  bool in_body = false;

  bool operator==(const Outcome&) const = default;
};

// What a connection does: keeps the bytes from the head on in place, or says where they went.
class Reader {
 public:
  // Each time into a block that ends where the bytes end, so that reading on is noticed.
  void append(std::string_view bytes) {
    auto larger = std::make_unique<char[]>(size_ + bytes.size());
    std::copy_n(input_.get(), size_, larger.get());
    std::copy(bytes.begin(), bytes.end(), larger.get() + size_);
    request_.rebase(input_.get(), larger.get());
    input_ = std::move(larger);
    size_ += bytes.size();
    while (running() && begin_ < size_ && step()) {
    }
  }

  bool running() const { return outcome_.error < 0 && outcome_.requests.size() < requests_max; }
  Outcome outcome() {
    if (running()) {
      outcome_.in_body = parser_.head_done();
      outcome_.in_head = !parser_.head_done() && begin_ < size_;
    }
    return outcome_;
  }

 private:
  bool step() {
    const auto used = parser_.consume({input_.get() + begin_, size_ - begin_});
    if (!used) {
      outcome_.error = static_cast<int>(used.error().code);
      return false;
    }
    MUST(*used <= size_ - begin_);
    begin_ += *used;
    if (!parser_.done()) return *used > 0;
    check_request(request_);
    check_target();
    check_trailers();
    outcome_.requests.push_back(describe(request_));
    parser_.clear();
    return true;
  }

  // RFC 9112 3.2: the path is the target's, as it was sent, and so is the query.
  void check_target() const {
    const char* start = request_.method_text.data() + request_.method_text.size() + 1;
    std::string_view target(start, static_cast<std::size_t>(input_.get() + begin_ - start));
    target = target.substr(0, target.find(' '));
    if (equal_ignoring_case(target.substr(0, 4), "http")) {
      target.remove_prefix(target.find("//") + 2);
      target.remove_prefix(std::min(target.find_first_of("/?#"), target.size()));
      if (!target.starts_with('/')) {
        MUST(request_.path == "/");
        MUST(request_.query == (target.empty() ? target : target.substr(1)));
        return;
      }
    }
    std::string read(request_.path);
    if (target.find('?') != target.npos) read += '?';
    read += request_.query;
    MUST(read == target);
  }

  // RFC 9110 6.5.1: what comes behind the body may not pass for a header.
  void check_trailers() const {
    const std::string_view read(input_.get(), begin_);
    const auto start = static_cast<std::size_t>(request_.method_text.data() - input_.get());
    const char* head_end = input_.get() + read.find("\r\n\r\n", start);
    for (const Header& header : request_.headers()) MUST(header.name.data() < head_end);
  }

  Request request_;
  RequestParser parser_{request_};
  std::unique_ptr<char[]> input_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
  Outcome outcome_;
};

Outcome read(std::string_view bytes, std::string_view cuts) {
  Reader reader;
  for (std::size_t piece = 0; !bytes.empty() && reader.running(); ++piece) {
    std::size_t length = bytes.size();
    if (!cuts.empty() && piece < pieces_max)
      length = static_cast<std::uint8_t>(cuts[std::min(piece, cuts.size() - 1)]) + std::size_t{1};
    length = std::min(length, bytes.size());
    reader.append(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return reader.outcome();
}

FUZZ(std::string_view input) {
  std::string_view cuts;
  if (const std::size_t mark = input.rfind('\xFF'); mark != input.npos) {
    cuts = input.substr(mark + 1);
    input = input.substr(0, mark);
  }
  // What the parser makes of a chunk's end it may put off until it sees a few bytes more.
  const std::string bytes = std::string(input) + std::string(8, '\0');
  const Outcome whole = read(bytes, {});
  MUST(read(bytes, std::string_view("\0", 1)) == whole);  // a byte at a time
  if (!cuts.empty()) MUST(read(bytes, cuts) == whole);
}

}  // namespace
}  // namespace agentauth::http::internal

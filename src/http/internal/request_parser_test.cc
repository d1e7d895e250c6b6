#include "http/internal/request_parser.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace agentauth::http::internal {
namespace {

using std::string_literals::operator""s;

// What became of some bytes: a request, an error, or neither yet.
struct Outcome {
  std::optional<Errc> error;
  bool done = false;
  std::string summary;  // method, path, query, headers, body
  std::size_t used = 0;

  bool operator==(const Outcome&) const = default;
};

std::string summary_of(const Request& request) {
  std::string text(request.method_text);
  text += ' ' + std::string(request.path) + '?' + std::string(request.query);
  for (const Header& header : request.headers())
    text += '\n' + std::string(header.name) + ": " + std::string(header.value);
  return text + "\n\n" + std::string(request.body) + (request.keep_alive ? "" : "\n(close)");
}

// Feeds the parser as a connection does: `step` more bytes at a time.
Outcome feed(const std::string& bytes, std::size_t step) {
  Request request;
  RequestParser parser(request);
  Outcome outcome;
  for (std::size_t end = std::min(step, bytes.size());; end = std::min(end + step, bytes.size())) {
    for (;;) {
      const auto used = parser.consume({bytes.data() + outcome.used, end - outcome.used});
      if (!used) {
        outcome.error = used.error().code;
        outcome.used = 0;
        return outcome;
      }
      outcome.used += *used;
      if (parser.done() || *used == 0 || outcome.used == end) break;
    }
    if (parser.done() || end == bytes.size()) break;
  }
  outcome.done = parser.done();
  if (outcome.done) outcome.summary = summary_of(request);
  return outcome;
}

Outcome feed(const std::string& bytes) { return feed(bytes, bytes.size()); }

constexpr const char* get = "GET / HTTP/1.1\r\nHost: a\r\n";

struct Case {
  std::string name;
  std::string bytes;
  std::optional<Errc> error;  // none: a request
};

const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";

const std::vector<Case>& cases() {
  static const std::vector<Case> table = {
      {"plain", get + "\r\n"s, {}},
      {"blank lines before", "\r\n\r\n"s + get + "\r\n", {}},
      {"too many blank lines", "\r\n\r\n\r\n"s + get + "\r\n", Errc::malformed_request},
      {"a line break in an extension",
       post + "Transfer-Encoding: chunked\r\n\r\n1;a=\"\n\"\r\nx\r\n0\r\n\r\n",
       Errc::malformed_request},
      {"a tab in an extension",
       post + "Transfer-Encoding: chunked\r\n\r\n1;a=\"\t\"\r\nx\r\n0\r\n\r\n",
       {}},
      {"a folded trailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n c\r\n\r\n",
       Errc::malformed_request},
      {"an empty trailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\nA:\r\n\r\n", {}},
      {"only a last chunk", post + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", {}},
      {"with a length", post + "Content-Length: 2\r\n\r\n{}", {}},
      {"with no body", post + "Content-Length: 0\r\n\r\n", {}},
      {"chunked", post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", {}},
      {"chunked, other case", post + "transfer-encoding: CHUNKED\r\n\r\n2\r\n{}\r\n0\r\n\r\n", {}},
      // RFC 9112 6.3: the length of a body is stated once
      {"length and coding",
       post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       Errc::malformed_request},
      {"coding and length",
       post + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
       Errc::malformed_request},
      {"two lengths", post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
       Errc::malformed_request},
      {"two equal lengths", post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
       Errc::malformed_request},
      {"a list of lengths", post + "Content-Length: 2, 2\r\n\r\n{}", Errc::malformed_request},
      {"a signed length", post + "Content-Length: +2\r\n\r\n{}", Errc::malformed_request},
      {"a negative length", post + "Content-Length: -1\r\n\r\n", Errc::malformed_request},
      {"a hexadecimal length", post + "Content-Length: 0x2\r\n\r\n{}", Errc::malformed_request},
      {"an empty length", post + "Content-Length: \r\n\r\n", Errc::malformed_request},
      {"a length with a space", post + "Content-Length: 1 0\r\n\r\n", Errc::malformed_request},
      {"an overflowing length", post + "Content-Length: 18446744073709551618\r\n\r\n{}",
       Errc::malformed_request},
      {"two codings", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       Errc::malformed_request},
      {"gzip", post + "Transfer-Encoding: gzip\r\n\r\n", Errc::not_implemented},
      {"gzip, chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", Errc::not_implemented},
      {"chunked, chunked", post + "Transfer-Encoding: chunked, chunked\r\n\r\n",
       Errc::not_implemented},
      {"identity", post + "Transfer-Encoding: identity\r\n\r\n", Errc::not_implemented},
      {"xchunked", post + "Transfer-Encoding: xchunked\r\n\r\n", Errc::not_implemented},
      {"a coding in HTTP/1.0",
       "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       Errc::malformed_request},
      // chunks
      {"a chunk of a broken size", post + "Transfer-Encoding: chunked\r\n\r\nx\r\n",
       Errc::malformed_request},
      {"a chunk of a size too large",
       post + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", Errc::malformed_request},
      {"a chunk size with a sign", post + "Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
       Errc::malformed_request},
      {"a chunk size with 0x", post + "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
       Errc::malformed_request},
      {"a chunk that is longer than it says",
       post + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", Errc::malformed_request},
      // lines
      {"a bare line feed", "GET / HTTP/1.1\nHost: a\n\n", Errc::malformed_request},
      {"a folded line", get + "X: a\r\n b\r\n\r\n"s, Errc::malformed_request},
      {"a space before the colon", get + "X : a\r\n\r\n"s, Errc::malformed_request},
      {"no colon", get + "X\r\n\r\n"s, Errc::malformed_request},
      {"an empty name", get + ": a\r\n\r\n"s, Errc::malformed_request},
      {"a control character", get + "X: a\x01\r\n\r\n"s, Errc::malformed_request},
      // Host
      {"no Host", "GET / HTTP/1.1\r\n\r\n", Errc::malformed_request},
      {"two Hosts", get + "Host: b\r\n\r\n"s, Errc::malformed_request},
      {"two equal Hosts", get + "host: a\r\n\r\n"s, Errc::malformed_request},
      {"an IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", {}},
      {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", {}},
      {"brackets the wrong way", "GET / HTTP/1.1\r\nHost: ]:[::\r\n\r\n", Errc::malformed_request},
      {"an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", Errc::malformed_request},
      {"a port that is none", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", Errc::malformed_request},
      {"two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", Errc::malformed_request},
      {"a port of nobody", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", Errc::malformed_request},
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", {}},
      // versions
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", Errc::http_version_not_supported},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", Errc::http_version_not_supported},
      {"no version", "GET /\r\n\r\n", Errc::malformed_request},
      {"a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s,
       Errc::malformed_request},
      // targets
      {"absolute form", "GET http://a/path?q HTTP/1.1\r\nHost: a\r\n\r\n", {}},
      {"absolute form in capitals", "GET HTTP://a/path HTTP/1.1\r\nHost: a\r\n\r\n", {}},
      {"absolute form without host", "GET http:///path HTTP/1.1\r\nHost: a\r\n\r\n",
       Errc::malformed_request},
      {"absolute form with a user", "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
       Errc::malformed_request},
      {"an asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", {}},
      {"an asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", Errc::malformed_request},
      {"no slash", "GET path HTTP/1.1\r\nHost: a\r\n\r\n", Errc::malformed_request},
      {"authority form", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", Errc::malformed_request},
      {"a backslash", "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", Errc::malformed_request},
      {"a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", Errc::malformed_request},
      {"not ASCII", "GET /\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n", Errc::malformed_request},
      {"a space in it", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", Errc::http_version_not_supported},
      {"a tab in it", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", Errc::malformed_request},
  };
  return table;
}

TEST(RequestParserTest, FollowsTheTable) {
  for (const Case& row : cases()) {
    const Outcome outcome = feed(row.bytes);
    EXPECT_EQ(outcome.error, row.error) << row.name;
    EXPECT_EQ(outcome.done, !row.error) << row.name;
  }
}

TEST(RequestParserTest, ByteByByteIsTheSameAsAllAtOnce) {
  for (const Case& row : cases()) {
    const Outcome whole = feed(row.bytes);
    for (const std::size_t step : {1U, 2U, 3U, 7U})
      EXPECT_EQ(feed(row.bytes, step), whole) << row.name << " in steps of " << step;
  }
}

RC_GTEST_PROP(RequestParser, HoweverItIsCutTheSameComesOut, ()) {
  const Case& row = cases()[*rc::gen::inRange<std::size_t>(0, cases().size())];
  const auto step = *rc::gen::inRange<std::size_t>(1, 40);
  RC_ASSERT(feed(row.bytes, step) == feed(row.bytes));
}

RC_GTEST_PROP(RequestParser, NoiseIsAnErrorOrWaitsForMore, (std::string noise)) {
  const Outcome outcome = feed(noise + "\r\n\r\n");
  RC_ASSERT(!outcome.done);
}

RC_GTEST_PROP(RequestParser, OneChangedByteNeverCrashes, ()) {
  std::string bytes = cases()[*rc::gen::inRange<std::size_t>(0, cases().size())].bytes;
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
  bytes[at] = *rc::gen::arbitrary<char>();
  RC_ASSERT(feed(bytes, 1) == feed(bytes));
}

TEST(RequestParserTest, ReadsEveryPartOfARequest) {
  const Outcome outcome = feed(
      "PATCH /agents/1?a=b&c HTTP/1.1\r\nHost: a\r\nX-Y:  z \r\nContent-Length: 3\r\n\r\nabcNEXT");
  EXPECT_EQ(outcome.summary, "PATCH /agents/1?a=b&c\nHost: a\nX-Y: z\nContent-Length: 3\n\nabc");
}

TEST(RequestParserTest, LeavesWhatBelongsToTheNextRequest) {
  const std::string first = post + "Content-Length: 3\r\n\r\nabc";
  EXPECT_EQ(feed(first + "GET /next HTTP/1.1\r\n").used, first.size());
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  EXPECT_EQ(feed(chunked + "GET /next HTTP/1.1\r\n").used, chunked.size());
}

TEST(RequestParserTest, ChunksBecomeOneBody) {
  const Outcome outcome =
      feed(post +
           "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n3;ext=\"a\"\r\n\"a\"\r\nA\r\n:012345678"
           "\r\n1\r\n}\r\n0\r\n\r\n");
  ASSERT_TRUE(outcome.done);
  EXPECT_TRUE(outcome.summary.ends_with("\n\n{\"a\":012345678}"));
}

// RFC 9110 6.5.1: a trailer is not a header. A gateway that checks headers never saw it.
TEST(RequestParserTest, ATrailerIsNotAHeader) {
  const Outcome outcome = feed(post +
                               "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
                               "Authorization: Bearer x\r\nHost: b\r\n\r\n");
  ASSERT_TRUE(outcome.done);
  EXPECT_EQ(outcome.summary.find("Authorization"), std::string::npos) << outcome.summary;
  EXPECT_EQ(outcome.summary.find("Host: b"), std::string::npos) << outcome.summary;
}

TEST(RequestParserTest, TheAbsoluteFormIsReadAsItsPath) {
  const auto path_of = [](const std::string& target) {
    const Outcome outcome = feed("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return outcome.done ? outcome.summary.substr(0, outcome.summary.find('\n')) : "refused";
  };
  EXPECT_EQ(path_of("http://a/b/c?d"), "GET /b/c?d");
  EXPECT_EQ(path_of("https://a:1/b"), "GET /b?");
  EXPECT_EQ(path_of("http://a"), "GET /?");
  EXPECT_EQ(path_of("ftp://a/b"), "refused");
}

// CVE-2026-33494: the path ends where the query begins, also without a path.
TEST(RequestParserTest, AQueryAfterTheAuthorityIsNotAPath) {
  const Outcome outcome = feed("GET http://a?x=/agents HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(outcome.done);
  EXPECT_EQ(outcome.summary.substr(0, 15), "GET /?x=/agents");
}

// A view of anything else would point nowhere once the connection's buffer has moved.
TEST(RequestParserTest, EveryViewIsOfTheBytesItWasGiven) {
  for (const char* start : {"POST http://a", "POST http://a?b", "POST /c?d", "OPTIONS *"}) {
    const std::string bytes =
        std::string(start) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
    Request request;
    RequestParser parser(request);
    ASSERT_TRUE(parser.consume(bytes)) << start;
    ASSERT_TRUE(parser.head_done()) << start;
    std::string moved = bytes;
    request.rebase(bytes.data(), moved.data());
    for (const std::string_view view : {request.method_text, request.path, request.query}) {
      if (view.data() == nullptr) continue;
      EXPECT_GE(view.data(), moved.data()) << start;
      EXPECT_LE(view.data() + view.size(), moved.data() + moved.size()) << start;
    }
  }
}

TEST(RequestParserTest, KeepsTheConnectionAsTheVersionAndTheHeaderSay) {
  const auto closes = [](const std::string& bytes) {
    return feed(bytes).summary.ends_with("(close)");
  };
  EXPECT_FALSE(closes(get + "\r\n"s));
  EXPECT_TRUE(closes(get + "Connection: close\r\n\r\n"s));
  EXPECT_TRUE(closes("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_FALSE(closes("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(RequestParserTest, EveryPartHasALimit) {
  const auto error_of = [](const std::string& bytes) { return feed(bytes).error; };
  const std::string host = " HTTP/1.1\r\nHost: a\r\n";
  EXPECT_FALSE(error_of("GET /" + std::string(target_bytes_max - 1, 'a') + host + "\r\n"));
  EXPECT_EQ(error_of("GET /" + std::string(target_bytes_max, 'a') + host + "\r\n"),
            Errc::uri_too_long);
  EXPECT_EQ(error_of("GET /" + std::string(head_bytes_max, 'a')), Errc::uri_too_long);
  EXPECT_EQ(error_of("GET /" + host + "X: " + std::string(head_bytes_max, 'a') + "\r\n\r\n"),
            Errc::headers_too_large);

  std::string headers;
  for (std::size_t i = 1; i < headers_max; ++i) headers += "X: a\r\n";
  EXPECT_FALSE(error_of("GET /" + host + headers + "\r\n"));
  EXPECT_EQ(error_of("GET /" + host + headers + "X: a\r\n\r\n"), Errc::headers_too_large);

  const std::string largest(body_bytes_max, 'b');
  EXPECT_FALSE(error_of(post + "Content-Length: 65536\r\n\r\n" + largest));
  EXPECT_EQ(error_of(post + "Content-Length: 65537\r\n\r\n"), Errc::payload_too_large)
      << "before the body is sent";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n10000\r\n" + largest;
  EXPECT_FALSE(error_of(chunked + "\r\n0\r\n\r\n"));
  EXPECT_EQ(error_of(chunked + "\r\n1\r\nb\r\n0\r\n\r\n"), Errc::payload_too_large);
}

// A gateway's question is answered in its own words, also when it is refused for its size.
TEST(RequestParserTest, AHeadThatIsRefusedTellsWhoseRequestItWas) {
  const auto path_of = [](const std::string& bytes) {
    Request request;
    RequestParser parser(request);
    EXPECT_FALSE(parser.consume(bytes)) << bytes;
    return std::string(request.path);
  };
  const std::string host = " HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(path_of("GET /a?b" + host + "X: " + std::string(head_bytes_max, 'a')), "/a");
  EXPECT_EQ(path_of("GET /a" + host + "bad line\r\n\r\n"), "/a");
  EXPECT_EQ(path_of("GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), "/a");
  EXPECT_EQ(path_of("GET\r\n\r\n"), "");
}

class LargeBodyTest : public testing::Test {
 protected:
  static constexpr std::size_t bytes_max = 2 * body_bytes_max;

  // Reads all of it; the error if it was refused.
  static std::optional<Error> consume(RequestParser& parser, std::string_view text) {
    while (!text.empty()) {
      const auto used = parser.consume(text);
      if (!used) return used.error();
      if (*used == 0) return std::nullopt;
      text.remove_prefix(*used);
    }
    return std::nullopt;
  }
  static std::string head(std::string_view line, std::size_t bytes) {
    return std::string(line) + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes) +
           "\r\n\r\n";
  }
  std::optional<Error> refusal_of(std::string_view line, std::size_t bytes) {
    Request request;
    RequestParser parser(request, door());
    auto error = consume(parser, head(line, bytes) + std::string(bytes, 'b'));
    EXPECT_TRUE(error || request.body.size() == bytes);
    return error;
  }

  // Each that is admitted is somebody else, unless `sender` says who it is.
  LargeBodyDoor door() {
    return {large, [this]() -> Result<LargeBodySender> {
              ++asked;
              if (refusal) return tl::unexpected(*refusal);
              return sender.value_or(LargeBodySender{static_cast<std::uint8_t>(asked)});
            }};
  }

  LargeBodies large{{{Method::put, "/policy", bytes_max}, {Method::put, "/routes", 3 * bytes_max}}};
  int asked = 0;
  std::optional<Error> refusal;
  std::optional<LargeBodySender> sender;
};

TEST_F(LargeBodyTest, WhoSendsOneIsAskedOnceAndBeforeAnyOfIt) {
  Request request;
  RequestParser parser(request, door());
  EXPECT_FALSE(consume(parser, head("PUT /policy", body_bytes_max) + std::string(1, 'b')));
  EXPECT_EQ(asked, 0) << "no larger than others";
  parser.clear();
  EXPECT_FALSE(consume(parser, head("PUT /policy", bytes_max)));
  EXPECT_EQ(asked, 1);
  EXPECT_FALSE(consume(parser, std::string(bytes_max, 'b')));
  EXPECT_TRUE(parser.done());
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(refusal_of("PUT /policy", bytes_max + 1));
  EXPECT_EQ(asked, 1) << "too large for anybody";
}

TEST_F(LargeBodyTest, WhoIsNotAdmittedTakesNoPlaceAndIsToldAtTheHead) {
  refusal = Error{Errc::unauthenticated, "Credentials are required"};
  const std::string begun = head("PUT /policy", bytes_max);
  std::vector<std::unique_ptr<RequestParser>> parsers;
  std::array<Request, LargeBodies::places_max + 1> requests;
  for (Request& request : requests) {
    parsers.push_back(std::make_unique<RequestParser>(request, door()));
    const auto refused = consume(*parsers.back(), begun);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, Errc::unauthenticated);
    EXPECT_EQ(request.path, "/policy") << "told in the words of its operation";
  }
  refusal.reset();
  EXPECT_FALSE(refusal_of("PUT /policy", bytes_max));
}

TEST_F(LargeBodyTest, ABodyInChunksIsAskedForWhenItBecomesLarge) {
  refusal = Error{Errc::permission_denied, "Permission denied"};
  Request request;
  RequestParser parser(request, door());
  const std::string begun =
      "PUT /policy HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
      std::string("10000\r\n") + std::string(body_bytes_max, 'b');
  EXPECT_FALSE(consume(parser, begun));
  EXPECT_EQ(asked, 0);
  const auto refused = consume(parser, "\r\n1\r\nb\r\n");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, Errc::permission_denied);
  EXPECT_EQ(asked, 1);
  refusal.reset();
  parser.clear();
  EXPECT_FALSE(consume(parser, begun));
  EXPECT_FALSE(consume(parser, "\r\n1\r\nb\r\n1\r\nb\r\n0\r\n\r\n"));
  EXPECT_TRUE(parser.done());
  EXPECT_EQ(asked, 2);
}

TEST_F(LargeBodyTest, NobodyTakesAllPlaces) {
  sender = LargeBodySender{7};
  Request request;
  RequestParser parser(request, door());
  EXPECT_FALSE(consume(parser, head("PUT /policy", bytes_max)));
  const auto second = refusal_of("PUT /policy", bytes_max);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->code, Errc::unavailable);
  sender = LargeBodySender{8};
  EXPECT_FALSE(refusal_of("PUT /policy", bytes_max));
  sender = LargeBodySender{7};
  parser.clear();
  EXPECT_FALSE(refusal_of("PUT /policy", bytes_max));
}

TEST_F(LargeBodyTest, SomeKindsOfRequestsMayHaveALargeBodyAndNoOther) {
  EXPECT_FALSE(refusal_of("PUT /routes", 3 * bytes_max));
  EXPECT_TRUE(refusal_of("PUT /routes", 3 * bytes_max + 1));
  EXPECT_FALSE(refusal_of("PUT /policy", bytes_max));
  EXPECT_FALSE(refusal_of("PUT /policy?dry_run=true", bytes_max));
  const auto refused = refusal_of("PUT /policy", bytes_max + 1);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, Errc::payload_too_large);
  EXPECT_EQ(refused->message, "The body is larger than 128 KiB");
  for (const char* line : {"POST /policy", "PUT /policy/", "PUT /policyx", "PUT /limits"}) {
    const auto other = refusal_of(line, body_bytes_max + 1);
    ASSERT_TRUE(other) << line;
    EXPECT_EQ(other->code, Errc::payload_too_large) << line;
  }
}

TEST_F(LargeBodyTest, SoManyArriveAtOnceAndNoMore) {
  const std::string begun = head("PUT /policy", bytes_max);
  std::array<Request, LargeBodies::places_max + 1> requests;
  std::vector<std::unique_ptr<RequestParser>> parsers;
  for (Request& request : requests)
    parsers.push_back(std::make_unique<RequestParser>(request, door()));
  for (std::size_t i = 0; i < LargeBodies::places_max; ++i)
    EXPECT_FALSE(consume(*parsers[i], begun));
  const auto crowded = consume(*parsers.back(), begun);
  ASSERT_TRUE(crowded);
  EXPECT_EQ(crowded->code, Errc::unavailable);
  EXPECT_FALSE(refusal_of("PUT /policy", body_bytes_max)) << "no larger than others";
  parsers.front()->clear();
  EXPECT_FALSE(refusal_of("PUT /policy", bytes_max));
  parsers[1].reset();
  parsers.back()->clear();
  EXPECT_FALSE(consume(*parsers.back(), begun));
}

TEST(RequestParserTest, WaitsForContinueOnlyBeforeTheBody) {
  Request request;
  RequestParser parser(request);
  const std::string head = post + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_FALSE(parser.wants_continue());
  ASSERT_EQ(*parser.consume(head), head.size());
  EXPECT_TRUE(parser.wants_continue());
  parser.continued();
  EXPECT_FALSE(parser.wants_continue());
  ASSERT_TRUE(parser.consume(std::string("{}")));
  EXPECT_TRUE(parser.done());
}

TEST(RequestParserTest, HttpOneZeroIsToldNoInterimAnswer) {
  Request request;
  RequestParser parser(request);
  const std::string head = "POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  ASSERT_EQ(*parser.consume(head), head.size());
  EXPECT_FALSE(parser.wants_continue());
}

TEST(RequestParserTest, NothingOfARequestIsLeftForTheNext) {
  Request request;
  RequestParser parser(request);
  const std::string first = post + "X: secret\r\nContent-Length: 2\r\n\r\n{}";
  std::size_t used = *parser.consume(first);
  used += *parser.consume({first.data() + used, first.size() - used});
  ASSERT_TRUE(parser.done());
  parser.clear();
  EXPECT_FALSE(parser.done());
  EXPECT_FALSE(request.find("X"));
  EXPECT_TRUE(request.body.empty());
  const std::string second = "GET /b HTTP/1.1\r\nHost: b\r\n\r\n";
  ASSERT_TRUE(parser.consume(second));
  EXPECT_EQ(summary_of(request), "GET /b?\nHost: b\n\n");
}

}  // namespace
}  // namespace agentauth::http::internal

#include "http/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace agentauth::http {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string serialized(const Response& response, Response::Body body = Response::Body::send) {
  std::string text;
  const auto rest = response.serialize(text, "Sun, 06 Nov 1994 08:49:37 GMT", body);
  return text.append(rest);
}

TEST(ResponseTest, IsWrittenAsRfc9112Says) {
  Response response;
  response.set_status(201);
  response.set_content_type("application/json");
  response.add_header("X-A", "b");
  response.body = "{}";
  EXPECT_EQ(serialized(response),
            "HTTP/1.1 201 Created\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\nContent-Length: 2\r\nX-A: b\r\n\r\n{}");
}

TEST(ResponseTest, AnAnswerToHeadHasTheLengthAndNotTheBody) {
  Response response;
  response.body = "{}";
  const std::string text = serialized(response, Response::Body::omit);
  EXPECT_THAT(text, HasSubstr("Content-Length: 2\r\n"));
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(ResponseTest, AStaticBodyIsNotCopied) {
  static constexpr std::string_view page = "<html>";
  Response response;
  response.set_static_body(page);
  std::string text;
  const auto rest = response.serialize(text, "now", Response::Body::send);
  EXPECT_EQ(rest.data(), page.data());
  EXPECT_TRUE(text.ends_with("Content-Length: 6\r\n\r\n"));
  EXPECT_TRUE(response.serialize(text, "now", Response::Body::omit).empty());
}

TEST(ResponseTest, ALargeBodyIsNotKeptForTheNext) {
  Response response;
  response.body.assign(answer_bytes_kept / 2, 'b');
  const char* small = response.body.data();
  response.clear();
  EXPECT_EQ(response.body.data(), small) << "small ones are used again";
  response.body.assign(answer_bytes_kept * 2, 'b');
  response.clear();
  EXPECT_LT(response.body.capacity(), answer_bytes_kept);
}

TEST(ResponseTest, A204HasNeitherLengthNorBody) {
  Response response;
  response.set_status(204);
  response.body = "left over";
  const std::string text = serialized(response);
  EXPECT_THAT(text, Not(HasSubstr("Content-Length")));
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(ResponseTest, AHeaderCannotBeSplit) {
  Response response;
  response.add_header("X-A", "b\r\nSet-Cookie: c=d\r\n\r\n<html>");
  const std::string text = serialized(response);
  EXPECT_THAT(text, HasSubstr("X-A: bSet-Cookie: c=d<html>\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nSet-Cookie")));
}

RC_GTEST_PROP(Response, NoHeaderValueMakesASecondLine, (std::string value)) {
  Response response;
  response.add_header("X", value);
  const std::string text = serialized(response);
  const std::size_t start = text.find("X: ");
  RC_ASSERT(text.find("\r\n", start) + 4 == text.size());
  RC_ASSERT(text.find('\n', start) == text.size() - 3);
}

TEST(ResponseTest, NothingOfOneAnswerIsLeftForTheNext) {
  Response response;
  const std::string fresh = serialized(response);
  response.set_status(500);
  response.set_content_type("text/plain");
  response.add_header("X-A", "b");
  response.set_static_body("static");
  response.body = "body";
  response.close_connection();
  EXPECT_THAT(serialized(response), HasSubstr("Connection: close\r\n"));
  response.clear();
  EXPECT_EQ(serialized(response), fresh);
  EXPECT_FALSE(response.closes());
}

TEST(RequestTest, HeadersAreFoundWithoutCase) {
  Request request;
  request.add_header("Content-Type", "a");
  request.add_header("X", "1");
  request.add_header("x", "2");
  EXPECT_EQ(request.find("CONTENT-TYPE"), "a");
  EXPECT_EQ(request.find("X"), "1");
  EXPECT_EQ(request.count("X"), 2U);
  EXPECT_EQ(request.count("Content-Typ"), 0U);
  EXPECT_FALSE(request.find("Content_Type"));
  EXPECT_FALSE(request.find(""));
}

TEST(RequestTest, OnlyLettersHaveTwoCases) {
  EXPECT_TRUE(equal_ignoring_case("aZ-9", "Az-9"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
  EXPECT_FALSE(equal_ignoring_case("a_b", "a-b"));
  EXPECT_FALSE(equal_ignoring_case("-", "\r"));
  EXPECT_FALSE(equal_ignoring_case("\xC4", "\xE4"));
}

TEST(RequestTest, TakesAHundredHeadersAndNoMore) {
  Request request;
  for (std::size_t i = 0; i < headers_max; ++i) EXPECT_TRUE(request.add_header("X", "a"));
  EXPECT_FALSE(request.add_header("X", "a"));
  request.clear();
  EXPECT_TRUE(request.headers().empty());
}

TEST(RequestTest, ItsViewsFollowTheBuffer) {
  const std::string from = "GET /path?query X: y";
  Request request;
  request.method_text = std::string_view(from).substr(0, 3);
  request.path = std::string_view(from).substr(4, 5);
  request.query = std::string_view(from).substr(10, 5);
  request.add_header(std::string_view(from).substr(16, 1), std::string_view(from).substr(19, 1));
  const std::string to = from;
  request.rebase(from.data(), to.data());
  for (const std::string_view view : {request.method_text, request.path, request.query,
                                      request.headers()[0].name, request.headers()[0].value}) {
    EXPECT_GE(view.data(), to.data());
    EXPECT_LE(view.data() + view.size(), to.data() + to.size());
  }
  EXPECT_EQ(request.path, "/path");
}

}  // namespace
}  // namespace agentauth::http

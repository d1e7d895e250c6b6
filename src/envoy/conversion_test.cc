// Envoy's messages, as they are on the wire.
#include "envoy/conversion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ext_authz.pb.h"

namespace agentauth::envoy {
namespace {

namespace v3 = ::envoy::service::auth::v3;

// A field of the wire format with a length: messages, texts, entries of maps.
std::string field(int number, std::string_view bytes) {
  std::string out;
  out += static_cast<char>(number << 3 | 2);
  EXPECT_LT(bytes.size(), 128U) << "one byte of length";
  out += static_cast<char>(bytes.size());
  out += bytes;
  return out;
}
std::string entry(std::string_view key, std::string_view value) {
  return field(1, key) + field(2, value);
}
// attributes (1), request (4), http (2).
std::string http(const std::string& fields) { return field(1, field(4, field(2, fields))); }

class ConversionTest : public ::testing::Test {
 protected:
  const Question& read(const std::string& message) {
    EXPECT_TRUE(request_.ParseFromString(message));
    question_ = read_question(request_, "192.0.2.1", headers_);
    return question_;
  }
  static bool is_message(const std::string& bytes) {
    v3::CheckRequest request;
    return request.ParseFromString(bytes);
  }

 private:
  v3::CheckRequest request_;
  std::vector<Header> headers_;
  Question question_;
};

TEST_F(ConversionTest, AQuestionIsReadFromEnvoysFields) {
  const Question& question =
      read(field(1, field(1, field(1, field(1, field(2, "198.51.100.7"))))) +
           http(field(2, "GET") + field(3, entry("authorization", "Bearer x")) + field(4, "/a?b") +
                field(5, "api.example.com")));
  EXPECT_EQ(question.method, "GET");
  EXPECT_EQ(question.path, "/a?b");
  EXPECT_EQ(question.host, "api.example.com");
  EXPECT_EQ(question.source, "198.51.100.7");
  EXPECT_EQ(question.peer, "192.0.2.1");
  ASSERT_EQ(question.headers.size(), 1U);
  EXPECT_EQ(question.headers[0].name, "authorization");
  EXPECT_EQ(question.headers[0].value, "Bearer x");
}

TEST_F(ConversionTest, AnEntryOfTheMapThatIsThereTwiceIsSeenTwice) {
  const Question& question = read(http(field(3, entry("a", "1")) + field(3, entry("a", "2"))));
  ASSERT_EQ(question.headers.size(), 2U);
  EXPECT_EQ(question.headers[1].value, "2");
}

TEST_F(ConversionTest, RawHeadersAreReadToo) {
  const Question& question =
      read(http(field(13, field(1, field(1, "a") + field(3, "\xFF")) + field(1, entry("b", "2")))));
  ASSERT_EQ(question.headers.size(), 2U);
  EXPECT_EQ(question.headers[0].value, "\xFF");
  EXPECT_EQ(question.headers[1].value, "2");
}

TEST_F(ConversionTest, WhatIsNotThereIsEmptyAndWhatIsNotKnownIsSkipped) {
  EXPECT_EQ(read("").method, "");
  EXPECT_EQ(read(field(1, "")).path, "");
  const std::string unknown = http(field(12, "a body"));
  EXPECT_EQ(read(unknown).message_bytes, unknown.size()) << "it is held all the same";
  EXPECT_EQ(read(field(9, "of tomorrow") + http(field(15, "x") + field(2, "GET"))).method, "GET");
}

TEST_F(ConversionTest, WhatIsCutOffOrOfAnotherTypeIsNoMessage) {
  const std::string whole = http(field(2, "GET"));
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_FALSE(is_message(whole.substr(0, size))) << size;
  EXPECT_FALSE(is_message("\xFF\xFF\xFF"));
}

TEST(Verdict, IsWrittenAsEnvoyReadsIt) {
  const Header headers[] = {{"x-agent-id", "1"}};
  const std::string_view removed[] = {"x_agent_id"};
  v3::CheckResponse response;
  write_verdict({.passes = true, .status = 200, .headers = headers, .removed = removed}, response);
  // Replaced in the words of older (append, 2) and newer versions (append_action, 3).
  const std::string option =
      field(1, entry("x-agent-id", "1")) + field(2, "") + std::string("\x18\x02");
  EXPECT_EQ(response.SerializeAsString(),
            field(1, "") + field(3, field(2, option) + field(5, "x_agent_id")));
}

TEST(Verdict, OfNoIsNeverOkInAnyOfItsPlaces) {
  for (const int status : {0, 200, 204, 302, 400, 401, 403, 404, 429, 431, 500, 503}) {
    v3::CheckResponse response;
    write_verdict({.passes = false, .status = status, .body = "why"}, response);
    EXPECT_NE(response.status().code(), 0) << status;
    ASSERT_TRUE(response.has_denied_response());
    EXPECT_GE(response.denied_response().status().code(), 400);
    EXPECT_EQ(response.denied_response().body(), "why");
  }
}

TEST(Peer, IsAnAddressOrNothing) {
  EXPECT_EQ(address_of_peer("ipv4:192.0.2.1:50000"), "192.0.2.1");
  EXPECT_EQ(address_of_peer("ipv6:[2001:db8::1]:443"), "2001:db8::1");
  EXPECT_EQ(address_of_peer("ipv6:%5B::1%5D:443"), "::1");
  EXPECT_EQ(address_of_peer("ipv6:%5Bfe80::1%25eth0%5D:443"), "fe80::1");
  for (const char* other : {"", "ipv4:", "ipv4", "unix:/run/x:1", "ipv6:", ":", "ipv", "unix:"})
    EXPECT_EQ(address_of_peer(other), "") << other;
}

}  // namespace
}  // namespace agentauth::envoy

// The tables and what is printed from them: errors, operations, OpenAPI, metrics, reference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "api/errors.h"
#include "api/openapi.h"
#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using testing::HasSubstr;

TEST(ErrorTableTest, EveryErrorHasAStatusAWordAndAMeaning) {
  ASSERT_EQ(error_table().size(), errc_count);
  std::set<std::string_view> words;
  for (const ErrorRow& row : error_table()) {
    EXPECT_EQ(&error_row(row.code), &row);
    EXPECT_TRUE(words.insert(row.word).second) << row.word;
    EXPECT_FALSE(row.about.empty()) << row.word;
    EXPECT_GE(row.status, 400) << row.word;
    EXPECT_FALSE(http::reason_phrase(row.status).empty()) << row.word;
    EXPECT_TRUE(std::all_of(row.word.begin(), row.word.end(),
                            [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }));
  }
}

// Who sends one is known before it is read: see Dispatcher::admit_large_body.
TEST(OperationTableTest, LargeBodiesAreOfCallersWithAPermission) {
  for (const Operation& operation : operations()) {
    if (operation.body_bytes_max == http::body_bytes_max) continue;
    // Who may only ask about itself is refused before its body is read.
    EXPECT_TRUE(operation.access == Access::permission ||
                operation.access == Access::permission_or_about_self)
        << operation.name;
    EXPECT_EQ(operation.path.find('{'), operation.path.npos) << operation.name;
  }
}

TEST(ErrorTableTest, StatusesAreThoseThatWerePromised) {
  const std::map<std::string_view, int> promised = {
      {"malformed_request", 400},
      {"unauthenticated", 401},
      {"permission_denied", 403},
      {"registration_closed", 403},
      {"not_found", 404},
      {"method_not_allowed", 405},
      {"request_timeout", 408},
      {"conflict", 409},
      {"already_created", 409},
      {"gone", 410},
      {"payload_too_large", 413},
      {"uri_too_long", 414},
      {"unsupported_media_type", 415},
      {"invalid_argument", 422},
      {"idempotency_key_reused", 422},
      {"rate_limited", 429},
      {"headers_too_large", 431},
      {"internal", 500},
      {"not_implemented", 501},
      {"unavailable", 503},
      {"http_version_not_supported", 505},
  };
  std::map<std::string_view, int> found;
  for (const ErrorRow& row : error_table()) found[row.word] = row.status;
  EXPECT_EQ(found, promised);
}

TEST(ProblemTest, EveryErrorIsAnRfc9457ProblemWithoutItsDetail) {
  for (const ErrorRow& row : error_table()) {
    http::Response response;
    write_problem(response,
                  {row.code, "For the caller \"", "for the log", {{"f\n", "m"}}, {{"more", "x"}}},
                  "id-1");
    EXPECT_EQ(response.status(), row.status);
    const auto json = parse_json(response.body);
    ASSERT_TRUE(json) << response.body;
    EXPECT_EQ(json->find("type")->text, "about:blank");
    EXPECT_EQ(json->find("title")->text, http::reason_phrase(row.status));
    EXPECT_EQ(json->find("status")->integer, row.status);
    EXPECT_EQ(json->find("detail")->text, "For the caller \"");
    EXPECT_EQ(json->find("code")->text, row.word);
    EXPECT_EQ(json->find("request_id")->text, "id-1");
    EXPECT_EQ(json->find("more")->text, "x");
    EXPECT_EQ(json->find("errors")->items.at(0).find("field")->text, "f\n");
    EXPECT_EQ(response.body.find("for the log"), std::string::npos);
    std::string whole;
    EXPECT_TRUE(response.serialize(whole, "now", http::Response::Body::send).empty());
    EXPECT_THAT(whole, HasSubstr("Content-Type: application/problem+json"));
    EXPECT_EQ(whole.find("Retry-After: ") != std::string::npos,
              row.status == 503 || row.status == 429);
  }
}

TEST(OperationTableTest, EveryOperationIsWholeAndNamedOnce) {
  std::set<std::string_view> names;
  std::set<std::pair<http::Method, std::string_view>> routes;
  for (const Operation& operation : operations()) {
    EXPECT_TRUE(names.insert(operation.name).second) << operation.name;
    EXPECT_TRUE(routes.insert({operation.method, operation.path}).second) << operation.name;
    EXPECT_FALSE(operation.summary.empty()) << operation.name;
    EXPECT_NE(operation.binding.handle, nullptr) << operation.name;
    EXPECT_FALSE(http::reason_phrase(operation.status).empty()) << operation.name;
    const bool names_permission = operation.access != Access::anonymous &&
                                  operation.access != Access::any_agent &&
                                  operation.access != Access::gateway;
    EXPECT_EQ(!operation.permission.empty(), names_permission) << operation.name;
    EXPECT_EQ(is_concrete_permission(operation.permission), names_permission) << operation.name;
    EXPECT_EQ(operation.runs == Runs::hasher_if_new || operation.runs == Runs::worker_if_needed,
              operation.binding.attempt != nullptr);
    if (operation.access == Access::permission_or_self) {
      EXPECT_TRUE(operation.path.starts_with("/agents/{id}")) << operation.name;
    }
    if (operation.method != http::Method::get && operation.access != Access::gateway) {
      EXPECT_NE(operation.runs, Runs::inline_) << operation.name << " touches the database";
    }
  }
}

TEST(OperationTableTest, WhateverChangesSomethingHasANameInTheAuditTrail) {
  for (const Operation& operation : operations()) {
    const bool reads = operation.method == http::Method::get ||
                       operation.access == Access::gateway ||
                       operation.path.starts_with("/access/v1/");
    EXPECT_EQ(operation.binding.audit == AuditAction::request, reads) << operation.name;
  }
}

TEST(OperationTableTest, EveryCaptureOfAPathIsAFieldOfTheRequest) {
  for (const Operation& operation : operations()) {
    if (operation.binding.request == nullptr) continue;
    for (const Field& field : operation.binding.request()) {
      const std::string capture = "{" + std::string(field.rule.name) + "}";
      EXPECT_EQ(operation.path.find(capture) != std::string_view::npos,
                field.rule.place == Place::path)
          << operation.name << " " << field.rule.name;
    }
  }
}

class OpenApiTest : public ApiFixture {};

TEST_F(OpenApiTest, ItIsJsonAndDescribesEveryOperation) {
  const Answer answer = get("/openapi.json");
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  const auto document = parse_json(answer.body);
  ASSERT_TRUE(document) << document.error().detail;
  EXPECT_EQ(document->find("openapi")->text, "3.1.0");
  EXPECT_EQ(document->find("info")->find("version")->text, "1.2.3");
  const JsonValue& paths = *document->find("paths");
  std::size_t described = 0;
  for (const JsonMember& path : paths.members) described += path.value.members.size();
  std::size_t expected = 0;
  for (const Operation& operation : operations()) {
    // What a page consists of is nothing to call.
    if (operation.path.ends_with("/{file}")) continue;
    // Whatever method it is asked by.
    expected += operation.method == http::Method::any ? 7 : 1;
    const JsonValue* path = paths.find(operation.path);
    ASSERT_NE(path, nullptr) << operation.path;
    std::string method(http::to_string(operation.method));
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    if (operation.method == http::Method::any) method = "get";
    const JsonValue* item = path->find(method);
    ASSERT_NE(item, nullptr) << operation.name;
    EXPECT_EQ(item->find("operationId")->text, operation.name);
    const JsonValue& responses = *item->find("responses");
    EXPECT_NE(responses.find(std::to_string(operation.status)), nullptr) << operation.name;
    if (operation.access != Access::anonymous) {
      EXPECT_NE(responses.find("401"), nullptr) << operation.name;
    }
    // Any may be limited; to nginx a refusal is one of its verdicts.
    EXPECT_EQ(responses.find("429") == nullptr, operation.only_verdicts) << operation.name;
    // Every {name} of a path is a parameter of it.
    std::size_t captures = 0;
    for (const char c : operation.path) captures += c == '{' ? 1 : 0;
    std::size_t in_path = 0;
    for (const JsonValue& parameter : item->find("parameters")->items)
      in_path += parameter.find("in")->text == "path" ? 1 : 0;
    EXPECT_EQ(in_path, captures) << operation.name;
  }
  EXPECT_EQ(described, expected);
}

TEST_F(OpenApiTest, WhatIsAnsweredToEveryMethodIsDescribedForEach) {
  const Answer answer = get("/openapi.json");
  const auto document = parse_json(answer.body);
  ASSERT_TRUE(document);
  const JsonValue& item = *document->find("paths")->find("/gateway/forward-auth");
  std::set<std::string_view> names;
  for (const char* method : {"get", "head", "post", "put", "patch", "delete", "options"}) {
    ASSERT_NE(item.find(method), nullptr) << method;
    names.insert(item.find(method)->find("operationId")->text);
  }
  EXPECT_EQ(names.size(), 7U);
  const JsonValue& limited = *document->find("components")->find("responses")->find("RateLimited");
  for (const char* name : {"Retry-After", "RateLimit", "RateLimit-Policy"})
    EXPECT_NE(limited.find("headers")->find(name), nullptr) << name;
}

TEST_F(OpenApiTest, OperationsAreGroupedByTheirNoun) {
  const Answer answer = get("/openapi.json");
  const auto document = parse_json(answer.body);
  ASSERT_TRUE(document);
  const JsonValue& paths = *document->find("paths");
  const auto tag = [&](std::string_view path, std::string_view method) {
    return paths.find(path)->find(method)->find("tags")->items.at(0).text;
  };
  EXPECT_EQ(tag("/agents/{id}", "patch"), "agents");
  EXPECT_EQ(tag("/agents/{id}/permissions", "post"), "permissions");
  EXPECT_EQ(tag("/agents/{id}/keys/{key_id}", "delete"), "keys");
  EXPECT_EQ(tag("/auth/login", "post"), "login");
  EXPECT_EQ(tag("/data/stock", "get"), "demonstration");
  EXPECT_EQ(tag("/readyz", "get"), "server");
}

TEST_F(OpenApiTest, ARepeatIsDescribedByWhetherItsAnswerHeldAKey) {
  for (const Operation& operation : operations()) {
    if (!operation.creates) continue;
    const bool makes_keys = operation.path == "/agents/register" ||
                            operation.path == "/auth/rotate" ||
                            operation.path.find("/keys") != std::string_view::npos;
    EXPECT_EQ(answers_with_key(operation), makes_keys) << operation.name;
  }
  EXPECT_THAT(get("/openapi.json").body, HasSubstr("409 already_created"));
  EXPECT_THAT(api_reference(), HasSubstr("409 `already_created`"));
}

// A description's default bounds once said that a token lasts at most 255 seconds.
TEST_F(OpenApiTest, OnlyRequestsHaveBounds) {
  const Answer answer = get("/openapi.json");
  const auto document = parse_json(answer.body);
  ASSERT_TRUE(document);
  const JsonValue& login = *document->find("paths")->find("/auth/login")->find("post");
  const auto schema = [](const JsonValue& body) {
    return *body.find("content")->find("application/json")->find("schema")->find("properties");
  };
  const JsonValue answered = schema(*login.find("responses")->find("200"));
  EXPECT_EQ(answered.find("expires_in")->find("maximum"), nullptr);
  EXPECT_EQ(answered.find("access_token")->find("maxLength"), nullptr);
  const JsonValue& create =
      *document->find("paths")->find("/agents/{id}/keys")->find("post")->find("requestBody");
  EXPECT_NE(schema(create).find("expires_in")->find("maximum"), nullptr);
  EXPECT_NE(schema(create).find("name")->find("maxLength"), nullptr);
}

TEST_F(OpenApiTest, BothStatusesOfASuccessAreDescribed) {
  const Answer answer = get("/openapi.json");
  const auto document = parse_json(answer.body);
  ASSERT_TRUE(document);
  const JsonValue& responses =
      *document->find("paths")->find("/agents/{id}/permissions")->find("post")->find("responses");
  for (const char* status : {"200", "201"}) {
    ASSERT_NE(responses.find(status), nullptr) << status;
    EXPECT_NE(responses.find(status)->find("content"), nullptr) << status;
  }
  EXPECT_THAT(api_reference(), HasSubstr("Answers 201, or 200 when it was so already."));
}

TEST(ReferenceTest, ThePagesNameEverythingOfTheirTables) {
  const std::string api = api_reference();
  for (const Operation& operation : operations())
    EXPECT_THAT(api, HasSubstr("## " + std::string(http::to_string(operation.method)) + " " +
                               std::string(operation.path) + "\n"));
  const std::string errors = error_reference();
  for (const ErrorRow& row : error_table())
    EXPECT_THAT(errors, HasSubstr("| `" + std::string(row.word) + "` |"));
  const std::string metrics = metric_reference();
  for (const MetricRow& row : metric_table())
    EXPECT_THAT(metrics, HasSubstr("| `" + std::string(row.name) + "` |"));
}

class MetricsTest : public ApiFixture {
 protected:
  std::vector<std::string> lines() {
    std::istringstream text(get("/metrics").body);
    std::vector<std::string> all;
    for (std::string line; std::getline(text, line);) all.push_back(line);
    return all;
  }
};

TEST_F(MetricsTest, TheExpositionIsWellFormed) {
  const std::string token = token_with({"read_weather"});
  get("/data/weather", token);
  get("/data/stock", token);
  get("/nowhere");
  post("/auth/login", R"({"api_key":"x"})");
  const std::regex sample(
      R"re(([a-z_]+)(\{([a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*)\})? [0-9][0-9.e+-]*)re");
  std::map<std::string, std::string> types;
  for (const std::string& line : lines()) {
    if (line.starts_with("# HELP ")) continue;
    if (line.starts_with("# TYPE ")) {
      const std::size_t space = line.find(' ', 7);
      const std::string name = line.substr(7, space - 7);
      EXPECT_TRUE(types.emplace(name, line.substr(space + 1)).second) << "twice: " << name;
      continue;
    }
    std::smatch match;
    ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
    std::string name = match[1];
    for (const char* suffix : {"_bucket", "_sum", "_count"})
      if (!types.contains(name) && name.ends_with(suffix))
        name.resize(name.size() - std::string_view(suffix).size());
    EXPECT_TRUE(types.contains(name)) << line;
  }
  for (const MetricRow& row : metric_table())
    EXPECT_EQ(types[std::string(row.name)], row.type) << row.name;
}

TEST_F(MetricsTest, TheTableNamesTheLabelsOfEverySample) {
  get("/data/stock", token_with({}));
  const std::regex sample(R"re(([a-z_]+)\{(.*)\} .*)re");
  const std::regex assignment(R"re(([a-z]+)="[^"]*")re");
  for (const std::string& line : lines()) {
    std::smatch match;
    if (!std::regex_match(line, match, sample)) continue;
    std::string name = match[1];
    for (const std::string suffix : {"_bucket", "_sum", "_count"})
      if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
    std::string labels;
    const std::string assignments = match[2];
    for (std::sregex_iterator it(assignments.begin(), assignments.end(), assignment), end;
         it != end; ++it)
      if (const std::string label = (*it)[1]; label != "le")  // every histogram has it
        labels += (labels.empty() ? "" : ", ") + label;
    const auto rows = metric_table();
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.name == name; });
    ASSERT_NE(row, rows.end()) << line;
    EXPECT_EQ(row->labels, labels) << line;
  }
}

TEST_F(MetricsTest, RequestsAreCountedByRouteAndStatus) {
  const std::string token = token_with({"read_weather"});
  for (int i = 0; i < 3; ++i) get("/data/weather", token);
  get("/data/stock", token);
  get("/nowhere");
  const std::string text = get("/metrics").body;
  EXPECT_THAT(text, HasSubstr("agentauth_requests_total{route=\"/data/weather\",method=\"GET\","
                              "status=\"200\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("agentauth_denials_total{route=\"/data/stock\",method=\"GET\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("route=\"unmatched\",method=\"any\",status=\"404\"} 1\n"));
}

TEST_F(MetricsTest, BucketsAddUp) {
  using namespace std::chrono_literals;
  Metrics own(2);
  for (const auto took : {1ns, 2'500ns, 2'501ns, 3'000'000ns, 10'000'000'000ns, -1ns})
    own.count_request(static_cast<std::size_t>(took.count()) % 2, 0, 200, took);
  std::string text;
  own.write(text);
  EXPECT_THAT(text, HasSubstr("le=\"2.5e-06\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("le=\"5e-06\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("le=\"5\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("le=\"+Inf\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("_count{route=\"/agents/register\",method=\"POST\"} 6\n"));
}

TEST_F(MetricsTest, LoginsAreCountedByOutcome) {
  const std::string key = key_of(replica.add_agent());
  const std::string body = R"({"api_key":")" + key + R"("})";
  post("/auth/login", body);
  post("/auth/login", body);
  post("/auth/login", body);
  post("/auth/login", R"({"api_key":"x"})");
  const std::string text = get("/metrics").body;
  EXPECT_THAT(text, HasSubstr("agentauth_logins_total{outcome=\"verified\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("agentauth_logins_total{outcome=\"remembered\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("agentauth_logins_total{outcome=\"refused\"} 1\n"));
}

TEST_F(MetricsTest, NothingACallerChoosesBecomesALabel) {
  get("/agents/attacker-chosen");
  get("/attacker-chosen");
  call({.method = http::Method::other, .target = "/attacker-chosen"});
  EXPECT_EQ(get("/metrics").body.find("attacker"), std::string::npos);
}

// What is put on record of a denial is its reason.
TEST(ReasonTest, EveryReasonOfADenialIsAWordOfTheAuditTrail) {
  for (std::size_t i = 0; i < reason_count; ++i) {
    const auto reason = static_cast<Reason>(i);
    AuditReason recorded = AuditReason::none;
    EXPECT_EQ(parse(to_string(reason), recorded), reason != Reason::granted) << to_string(reason);
  }
}

}  // namespace
}  // namespace agentauth::api

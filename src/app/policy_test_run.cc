// agentauth policy test: asks the server every row and compares.
#include <algorithm>

#include "app/access_questions.h"
#include "app/policy_commands.h"
#include "app/policy_test_file.h"

namespace agentauth::app {
namespace {

using Kind = PolicyTest::Kind;

struct Failed {
  const PolicyTest* test;
  std::string why;
};

Result<std::string> question_of(const PolicyTest& test) {
  std::string text;
  JsonWriter out(text);
  out.open();
  TRY(write_entity("subject", test.subject, out));
  out.name("action");
  out.open();
  out.member("name", test.action);
  out.close();
  TRY(write_entity("resource", test.resource.empty() ? no_resource : test.resource, out));
  if (!test.context.empty()) {
    out.name("context");
    out.raw(test.context);
  }
  out.close();
  return text;
}

class Runner {
 public:
  explicit Runner(ApiClient& api) : api_(api) {}

  Result<void> run(const std::vector<PolicyTest>& tests) {
    for (const PolicyTest& test : tests) {
      if (test.kind == Kind::list) {
        TRY(run_list(test));
        continue;
      }
      const std::string question = TRY(question_of(test));
      if (asked_.size() == batch_max || questions_.size() + question.size() > batch_bytes_max)
        TRY(ask());
      questions_.append(questions_.empty() ? "" : ",") += question;
      asked_.push_back(&test);
    }
    return ask();
  }
  // In the order of the file.
  std::vector<Failed> take() {
    std::sort(failed_.begin(), failed_.end(),
              [](const Failed& a, const Failed& b) { return a.test < b.test; });
    return std::move(failed_);
  }

 private:
  // One body stays below the 64 KiB that the server reads.
  static constexpr std::size_t batch_max = 50;
  static constexpr std::size_t batch_bytes_max = 32 * std::size_t{1024};

  Result<void> ask() {
    if (asked_.empty()) return {};
    const std::string body =
        TRY(api_.call("POST", "/access/v1/evaluations", "{\"evaluations\":[" + questions_ + "]}"));
    const auto answer = parse_json(body);
    const JsonValue* rows = answer ? answer->find("evaluations") : nullptr;
    if (rows == nullptr || rows->items.size() != asked_.size())
      return failure(Errc::internal, "the server did not answer every question");
    for (std::size_t i = 0; i < asked_.size(); ++i) TRY(judge(*asked_[i], rows->items[i]));
    asked_.clear();
    questions_.clear();
    return {};
  }

  Result<void> judge(const PolicyTest& test, const JsonValue& row) {
    const JsonValue* decision = row.find("decision");
    // Anything but a plain yes or no must not pass for either.
    if (decision == nullptr || decision->type != JsonValue::Type::boolean)
      return failure(Errc::internal, "the server's answer holds no decision");
    const JsonValue* context = row.find("context");
    // A question that was not understood is answered no; that must not pass for a denial.
    if (const JsonValue* error = context != nullptr ? context->find("error") : nullptr) {
      failed_.push_back({&test, "could not be asked: " + member_text(*error, "message")});
      return {};
    }
    if (decision->boolean == (test.kind == Kind::allow)) return {};
    const std::string reason = context != nullptr ? member_text(*context, "reason") : "";
    failed_.push_back({&test, std::string(decision->boolean ? "is allowed" : "is denied") +
                                  (reason.empty() ? "" : " (" + reason + ")")});
    return {};
  }

  Result<void> run_list(const PolicyTest& test) {
    auto found = TRY(search(api_, "/access/v1/search/action",
                            {.subject = test.subject, .resource = test.resource}));
    std::sort(found.begin(), found.end());
    std::string why;
    const auto add_missing = [&](const auto& from, const auto& in, const char* word) {
      for (const std::string& action : from)
        if (!std::binary_search(in.begin(), in.end(), action))
          why.append(why.empty() ? "" : ", ").append(word) += action;
    };
    add_missing(test.actions, found, "may not ");
    add_missing(found, test.actions, "may also ");
    if (!why.empty()) failed_.push_back({&test, std::move(why)});
    return {};
  }

  ApiClient& api_;
  std::string questions_;
  std::vector<const PolicyTest*> asked_;
  std::vector<Failed> failed_;
};

void print_as_json(const Call& call, std::size_t count, const std::vector<Failed>& failed) {
  std::string text;
  JsonWriter out(text);
  out.open();
  out.member("tests", static_cast<std::int64_t>(count));
  out.name("failed");
  out.open_array();
  for (const Failed& failure : failed) {
    out.open();
    out.member("place", failure.test->place);
    out.member("test", failure.test->shown());
    out.member("message", failure.why);
    out.close();
  }
  out.close_array();
  out.close();
  call.out << text << '\n';
}

}  // namespace

Result<int> test_policy(const Call& call) {
  const std::string text = TRY(read_text_file(call.positional(0), policy_bytes_max));
  const auto tests = TRY(parse_policy_tests(text));
  // A file that lost its tests must not pass for one whose tests hold.
  if (tests.empty()) return failure(Errc::conflict, "the file holds no tests");
  Runner runner(call.api);
  TRY(runner.run(tests));
  const auto failed = runner.take();
  if (call.line.wants_json()) {
    print_as_json(call, tests.size(), failed);
  } else {
    for (const Failed& failure : failed)
      call.out << "FAIL " << failure.test->place << ": " << printable(failure.test->shown()) << ' '
               << printable(failure.why) << '\n';
    call.out << tests.size() << " tests, " << failed.size() << " failed\n";
  }
  return failed.empty() ? exit_done : exit_failed;
}

}  // namespace agentauth::app

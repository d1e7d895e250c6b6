#include "app/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/client_commands.h"

namespace agentauth::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class RunTest : public testing::Test {
 protected:
  int run(const std::vector<std::string>& arguments) {
    out_.str("");
    error_.str("");
    return app::run(arguments, environment_, out_, error_);
  }
  std::size_t error_lines() const {
    const std::string text = error_.str();
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  Environment environment_;
  std::ostringstream out_;
  std::ostringstream error_;
};

TEST_F(RunTest, WhatIsAskedForGoesToStandardOutput) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"help"},
                                                {"version"},
                                                {"--version"},
                                                {"serve", "--help"},
                                                {"help", "reference"},
                                                {"help", "reference", "configuration"},
                                                {"completion", "zsh"}}) {
    EXPECT_EQ(run(words), exit_done) << words.front();
    EXPECT_THAT(out_.str(), Not(IsEmpty()));
    EXPECT_THAT(error_.str(), IsEmpty());
  }
}

TEST_F(RunTest, ASecretOnTheCommandLineIsWarnedOfWithoutItsValue) {
  environment_["AGENTAUTH_API_KEY"] = "quiet-secret";
  EXPECT_EQ(run({"config"}), exit_done);
  EXPECT_THAT(error_.str(), IsEmpty());
  EXPECT_EQ(run({"config", "--api-key", "loud-secret"}), exit_done);
  EXPECT_THAT(error_.str(), AllOf(HasSubstr("use --api-key-file"), Not(HasSubstr("loud"))));
  EXPECT_EQ(error_lines(), 1U);
}

TEST_F(RunTest, AKeyFileThatOthersMayReadIsWarnedOfAndUsed) {
  const std::string path = testing::TempDir() + "/agentauth-open-key";
  std::ofstream(path) << "some-key";
  const std::vector<std::string> list = {"agent", "list",     "--api-key-file",
                                         path,    "--server", "http://127.0.0.1:1"};
  for (const mode_t mode : {0644u, 0640u, 0604u}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_EQ(run(list), exit_unreachable) << "it goes on";
    EXPECT_EQ(error_lines(), 2U) << error_.str();
    EXPECT_THAT(error_.str(), AllOf(HasSubstr("others may read the key in " + path),
                                    HasSubstr("chmod 600"), Not(HasSubstr("some-key"))));
  }
  for (const mode_t mode : {0600u, 0400u}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_EQ(run(list), exit_unreachable);
    EXPECT_EQ(error_lines(), 1U) << error_.str();
  }
  std::filesystem::remove(path);
}

TEST_F(RunTest, AMistakeIsOneLineAndTheExitCodeOfUsage) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                {"fly"},
                                                {"help", "fly"},
                                                {"help", "reference", "fly"},
                                                {"serve", "--token-ttl", "1"},
                                                {"agent", "list"},
                                                {"config", "--listen", "a\nb"}}) {
    EXPECT_EQ(run(words), exit_usage);
    EXPECT_EQ(error_lines(), 1U) << error_.str();
    EXPECT_THAT(error_.str(), testing::StartsWith("agentauth: "));
    EXPECT_THAT(out_.str(), IsEmpty());
  }
}

TEST_F(RunTest, AServerOutOfReachHasItsOwnExitCode) {
  environment_["AGENTAUTH_API_KEY"] = "some-key";
  EXPECT_EQ(run({"agent", "list", "--server", "http://127.0.0.1:1"}), exit_unreachable);
  EXPECT_THAT(error_.str(), AllOf(HasSubstr("127.0.0.1:1"), Not(HasSubstr("some-key"))));
}

TEST_F(RunTest, ConfigShowsValueAndSourceAndNoSecret) {
  environment_["AGENTAUTH_API_KEY"] = "hidden-key";
  environment_["AGENTAUTH_DATABASE"] = "postgresql://u:hidden-password@h/d";
  EXPECT_EQ(run({"config", "--token-ttl", "60"}), exit_done);
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("flag --token-ttl"), HasSubstr("***"),
                    HasSubstr("environment AGENTAUTH_API_KEY"), Not(HasSubstr("hidden"))));
  EXPECT_EQ(run({"config", "--json"}), exit_done);
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr(R"({"name":"api-key","value":"***","source":"environment AGEN)"),
                    HasSubstr(R"({"name":"tls-cert","value":null,"source":"default"})"),
                    Not(HasSubstr("hidden"))));
}

TEST_F(RunTest, AWeakSigningSecretIsAnOptionOutOfBounds) {
  EXPECT_EQ(run({"config", "--signing-secret", std::string(40, 'a')}), exit_usage);
  EXPECT_THAT(error_.str(), HasSubstr("--signing-secret is well known"));
}

TEST_F(RunTest, ADatabaseUrlThatIsNoneIsAnOptionOutOfBounds) {
  const std::string folder = testing::TempDir() + "/agentauth-no-url";
  for (const char* url : {"postgresql://[secret", "postgresql://u@h/d?secret=1"}) {
    EXPECT_EQ(run({"migrate", "--data-dir", folder, "--database", url}), exit_usage) << url;
    EXPECT_EQ(error_lines(), 1U) << error_.str();
    EXPECT_THAT(error_.str(), AllOf(HasSubstr("--database"), Not(HasSubstr("secret"))));
  }
  std::filesystem::remove_all(folder);
}

TEST_F(RunTest, OutputThatCannotBeWrittenIsAFailure) {
  out_.setstate(std::ios::badbit);
  EXPECT_EQ(app::run({"version"}, {}, out_, error_), exit_failed);
  EXPECT_THAT(error_.str(), HasSubstr("could not write"));
}

}  // namespace
}  // namespace agentauth::app

#include "app/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "app/option_sources.h"
#include "app/option_table.h"
#include "app/option_values.h"

namespace agentauth::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

// A signing secret that is neither short nor well known.
std::string strong(char last) { return std::string("jR4mX0v9Qz7Lw2Tt5Yb8Nc1Kd6Hf3Ga") + last; }

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "options-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~OptionsTest() override { std::filesystem::remove_all(folder_); }

  void flag(const std::string& name, const std::string& value) { inputs_.flags[name] = {value}; }
  void variable(const std::string& name, const std::string& value) {
    inputs_.environment["AGENTAUTH_" + name] = value;
  }
  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }
  void toml(const std::string& text) { flag("config", write("agentauth.toml", text)); }
  void command(CommandId id) { inputs_.command = id; }

  Options options() {
    auto resolved = resolve_options(inputs_);
    EXPECT_TRUE(resolved) << (resolved ? "" : resolved.error().message);
    return resolved ? resolved->options : Options{};
  }
  Setting setting(std::string_view name) {
    const auto resolved = resolve_options(inputs_);
    EXPECT_TRUE(resolved) << (resolved ? "" : resolved.error().message);
    if (resolved)
      for (const Setting& candidate : resolved->settings)
        if (candidate.option->name == name) return candidate;
    ADD_FAILURE() << "no setting " << name;
    return {};
  }
  std::string refusal() {
    const auto resolved = resolve_options(inputs_);
    return resolved ? "not refused" : resolved.error().message;
  }

  std::filesystem::path folder_;
  OptionInputs inputs_{CommandId::config, {}, {}};
};

TEST_F(OptionsTest, WithNothingGivenTheDefaultsOfTheContractStand) {
  const Options defaults = options();
  EXPECT_EQ(defaults.listen.to_string(), "127.0.0.1:8000");
  EXPECT_EQ(defaults.database, "sqlite:./agentauth-data/agentauth.db");
  EXPECT_EQ(defaults.bcrypt_cost, 12);
  EXPECT_EQ(defaults.token_ttl, 900s);
  EXPECT_EQ(defaults.max_staleness, 5s);
  EXPECT_EQ(defaults.drain_seconds, 10s);
  EXPECT_EQ(defaults.registration, Registration::open);
  EXPECT_EQ(defaults.issuer, "agentauth");
  EXPECT_EQ(defaults.audience, "agentauth");
  EXPECT_EQ(defaults.log_format, LogFormat::json);
  EXPECT_EQ(defaults.log_level, LogLevel::info);
  EXPECT_TRUE(defaults.limits);
  EXPECT_FALSE(defaults.dev);
  EXPECT_GE(defaults.threads, 1);
  EXPECT_GE(defaults.hashers, 1);
  EXPECT_FALSE(defaults.master_key_file);
  EXPECT_TRUE(defaults.signing_secret.empty());
}

TEST_F(OptionsTest, AFlagWinsOverTheEnvironmentTheEnvironmentOverTheFile) {
  EXPECT_EQ(setting("token-ttl").source, Source::fallback);

  toml("token_ttl = 100");
  EXPECT_EQ(options().token_ttl, 100s);
  EXPECT_EQ(setting("token-ttl").source, Source::file);
  EXPECT_THAT(setting("token-ttl").origin, HasSubstr("agentauth.toml:1"));

  variable("TOKEN_TTL", "200");
  EXPECT_EQ(options().token_ttl, 200s);
  EXPECT_EQ(setting("token-ttl").origin, "environment AGENTAUTH_TOKEN_TTL");

  flag("token-ttl", "300");
  EXPECT_EQ(options().token_ttl, 300s);
  EXPECT_EQ(setting("token-ttl").origin, "flag --token-ttl");
}

TEST_F(OptionsTest, TheFileMayBeNamedByTheEnvironment) {
  variable("CONFIG", write("other.toml", "bcrypt_cost = 10"));
  EXPECT_EQ(options().bcrypt_cost, 10);
}

TEST_F(OptionsTest, AFileHoldsTextsNumbersBooleansAndLists) {
  toml(
      "issuer = 'https://auth.example'\nworkers = 7\ndev = true\n"
      "trusted_proxies = ['10.0.0.0/8', '::1']\nlimits = 'off'\n");
  const Options read = options();
  EXPECT_EQ(read.issuer, "https://auth.example");
  EXPECT_EQ(read.workers, 7);
  EXPECT_TRUE(read.dev);
  EXPECT_FALSE(read.limits);
  ASSERT_EQ(read.trusted_proxies.size(), 2U);
  EXPECT_TRUE(read.trusted_proxies[0].contains(*parse_ip_address("10.1.2.3")));
}

TEST_F(OptionsTest, AnUnknownKeyOfTheFileIsRefusedByName) {
  toml("issuer = 'a'\ntoken_tll = 100\n");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("agentauth.toml:2"), HasSubstr("token_tll"),
                               HasSubstr("did you mean token_ttl?")));
  toml("[server]\nlisten = 'x'\n");
  EXPECT_THAT(refusal(), HasSubstr("server"));
  toml("config = 'another.toml'");
  EXPECT_THAT(refusal(), HasSubstr("unknown option config"));
}

TEST_F(OptionsTest, AFileThatIsNotTomlIsRefusedWithItsLine) {
  toml("issuer = 'a'\nthis is not TOML\n");
  EXPECT_THAT(refusal(), HasSubstr("agentauth.toml:2"));
  flag("config", (folder_ / "missing.toml").string());
  EXPECT_THAT(refusal(), AllOf(HasSubstr("--config"), HasSubstr("missing.toml")));
  flag("config", folder_.string());
  EXPECT_THAT(refusal(), HasSubstr("is a directory"));
}

TEST_F(OptionsTest, AMisspeltVariableIsRefusedAndAForeignOneIsNot) {
  variable("SERVICE_HOST", "10.0.0.1");
  variable("PORT", "tcp://10.0.0.1:8000");
  variable("BINARY", "/opt/agentauth");
  EXPECT_EQ(options().token_ttl, 900s);
  // These are told to the log; what an option has, in any command, is not.
  variable("API_KEY_FILE", "/run/key");
  EXPECT_THAT(unknown_variables(inputs_.environment),
              ElementsAre("AGENTAUTH_BINARY", "AGENTAUTH_PORT", "AGENTAUTH_SERVICE_HOST"));
  variable("REGISTATION", "closed");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("AGENTAUTH_REGISTATION"),
                               HasSubstr("did you mean AGENTAUTH_REGISTRATION?")));
}

TEST_F(OptionsTest, AnEmptyVariableIsNotSet) {
  variable("TOKEN_TTL", "");
  EXPECT_EQ(setting("token-ttl").source, Source::fallback);
}

TEST_F(OptionsTest, EveryNumberIsRefusedJustOutsideItsBounds) {
  for (const Option& option : option_table()) {
    if (option.kind != OptionKind::integer && option.kind != OptionKind::seconds) continue;
    SCOPED_TRACE(option.name);
    EXPECT_TRUE(parse_option(option, std::to_string(option.min)));
    EXPECT_TRUE(parse_option(option, std::to_string(option.max)));
    for (const std::string& text :
         {std::to_string(option.min - 1), std::to_string(option.max + 1), std::string("12x"),
          std::string(), std::string("1.5"), std::string("99999999999999999999")})
      EXPECT_FALSE(parse_option(option, text)) << text;
  }
}

TEST_F(OptionsTest, ARefusalNamesTheOptionItsBoundsTheValueAndItsSource) {
  variable("BCRYPT_COST", "9");
  EXPECT_EQ(refusal(),
            "--bcrypt-cost must be 10 to 14, not \"9\" (environment AGENTAUTH_BCRYPT_COST)");
}

TEST_F(OptionsTest, EveryDefaultIsWithinItsOwnBounds) {
  for (const Option& option : option_table()) {
    if (option.fallback.empty()) continue;
    EXPECT_TRUE(parse_option(option, option.fallback)) << option.name;
  }
}

TEST_F(OptionsTest, EveryChoiceReachesTheValueOfItsName) {
  const std::vector<std::pair<std::string, LogLevel>> levels = {{"debug", LogLevel::debug},
                                                                {"info", LogLevel::info},
                                                                {"warning", LogLevel::warning},
                                                                {"error", LogLevel::error},
                                                                {"off", LogLevel::off}};
  for (const auto& [word, level] : levels) {
    flag("log-level", word);
    EXPECT_EQ(options().log_level, level);
  }
  flag("log-format", "text");
  EXPECT_EQ(options().log_format, LogFormat::text);
  flag("registration", "closed");
  EXPECT_EQ(options().registration, Registration::closed);
  flag("registration", "Open");
  EXPECT_THAT(refusal(), HasSubstr("open, token or closed"));
}

TEST_F(OptionsTest, ASecretIsNeverShown) {
  const std::string secret = strong('s');
  flag("signing-secret", secret);
  EXPECT_EQ(options().signing_secret.reveal(), secret);
  EXPECT_EQ(setting("signing-secret").shown, "***");

  flag("signing-secret", "tooshort");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("--signing-secret"), Not(HasSubstr("tooshort"))));
}

TEST_F(OptionsTest, EverySecretIsMaskedWhicheverItIs) {
  for (const Option& option : option_table()) {
    if (!option.is_secret()) continue;
    EXPECT_EQ(shown_value(option, "value"), "***") << option.name;
  }
}

TEST_F(OptionsTest, OfSecretsOnlyThoseOnTheCommandLineAreToldOf) {
  const auto told = [&] { return secrets_in_flags(resolve_options(inputs_).value()); };
  variable("API_KEY", "the-key");
  flag("signing-secret-file", write("secret", strong('f')));
  flag("listen", "127.0.0.1:0");
  EXPECT_TRUE(told().empty());
  flag("registration-token", strong('t'));
  EXPECT_EQ(told(), std::vector<std::string>{"--registration-token"});
  flag("database", "postgresql://agentauth@db/agentauth");
  EXPECT_EQ(told().size(), 1U) << "it holds no password";
  flag("redis", "redis://127.0.0.1:6390");
  EXPECT_EQ(told().size(), 1U) << "nor does this";
  flag("database", "postgresql://agentauth:secret@db/agentauth");
  EXPECT_EQ(told(), (std::vector<std::string>{"--database", "--registration-token"}));
  flag("redis", "rediss://:secret@127.0.0.1/1");
  EXPECT_THAT(told(), testing::Contains("--redis"));
}

TEST_F(OptionsTest, AUrlWithAPasswordMayComeFromAFile) {
  variable("DATABASE_FILE", write("url", "postgresql://agentauth:secret@db/agentauth\n"));
  EXPECT_EQ(options().database, "postgresql://agentauth:secret@db/agentauth");
  EXPECT_EQ(setting("database").shown, "postgresql://agentauth:***@db/agentauth");
  EXPECT_EQ(setting("database").origin, "environment AGENTAUTH_DATABASE_FILE");
}

TEST_F(OptionsTest, ASecretMayComeFromAFileWithoutItsLineBreak) {
  const std::string secret = strong('k');
  variable("SIGNING_SECRET_FILE", write("secret", secret + "\n"));
  EXPECT_EQ(options().signing_secret.reveal(), secret);
  EXPECT_EQ(setting("signing-secret").shown, "***");
  EXPECT_EQ(setting("signing-secret").origin, "environment AGENTAUTH_SIGNING_SECRET_FILE");
}

TEST_F(OptionsTest, ASecretFileInTomlWorksAndItsFlagWins) {
  toml("signing_secret_file = '" + write("secret", strong('f')) + "'");
  EXPECT_EQ(options().signing_secret.reveal(), strong('f'));
  flag("signing-secret", strong('g'));
  EXPECT_EQ(options().signing_secret.reveal(), strong('g'));
}

TEST_F(OptionsTest, ASecretGivenTwiceInOneSourceIsRefused) {
  flag("signing-secret", strong('s'));
  flag("signing-secret-file", write("secret", strong('f')));
  EXPECT_THAT(refusal(), AllOf(HasSubstr("--signing-secret"), HasSubstr("both")));
}

TEST_F(OptionsTest, ASecretFileThatCannotBeUsedIsRefusedByName) {
  flag("api-key-file", (folder_ / "missing").string());
  EXPECT_THAT(refusal(), AllOf(HasSubstr("--api-key-file"), HasSubstr("missing")));
  flag("api-key-file", write("empty", "\n"));
  EXPECT_THAT(refusal(), HasSubstr("is empty"));
  flag("api-key-file", folder_.string());
  EXPECT_THAT(refusal(), HasSubstr("is a directory"));
}

TEST_F(OptionsTest, ThePasswordOfADatabaseUrlIsMasked) {
  flag("database", "postgresql://auth:hunter2@db:5432/agentauth");
  EXPECT_EQ(setting("database").shown, "postgresql://auth:***@db:5432/agentauth");
  EXPECT_EQ(options().database, "postgresql://auth:hunter2@db:5432/agentauth");
  EXPECT_EQ(mask_url_password("postgresql://a:p@ss/w@db/x"), "postgresql://a:***@db/x");
  EXPECT_EQ(mask_url_password("postgresql://db/x?user=a&password=p&x=1"),
            "postgresql://db/x?user=a&password=***&x=1");
  EXPECT_EQ(mask_url_password("postgresql://auth@db:5432/x"), "postgresql://auth@db:5432/x");
  EXPECT_EQ(mask_url_password("sqlite:/var/lib/a.db"), "sqlite:/var/lib/a.db");
}

TEST_F(OptionsTest, ARefusedDatabaseUrlDoesNotShowItsPassword) {
  flag("database", "mysql://auth:hunter2@db/x");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("--database"), Not(HasSubstr("hunter2"))));
}

TEST_F(OptionsTest, TheDefaultDatabaseFollowsTheDataDirectory) {
  flag("data-dir", "/srv/auth");
  EXPECT_EQ(options().database, "sqlite:/srv/auth/agentauth.db");
  EXPECT_EQ(setting("database").shown, "sqlite:/srv/auth/agentauth.db");
}

TEST_F(OptionsTest, HalfOfATlsPairIsRefused) {
  flag("tls-cert", "cert.pem");
  EXPECT_THAT(refusal(), HasSubstr("--tls-cert needs --tls-key"));
  inputs_.flags.clear();
  flag("tls-key", "key.pem");
  EXPECT_THAT(refusal(), HasSubstr("--tls-key needs --tls-cert"));
}

TEST_F(OptionsTest, ASigningKeyIsKnownToEveryNodeThatAnswersBeforeItSigns) {
  EXPECT_EQ(options().signing_key_rotation, 720h);
  flag("signing-key-lead", "9");
  EXPECT_THAT(refusal(), HasSubstr("--signing-key-lead must be at least twice --max-staleness"));
  variable("MAX_STALENESS", "4");
  EXPECT_EQ(options().signing_key_lead, 9s);
}

TEST_F(OptionsTest, AKeySignsNoShorterThanTheNextOneIsPublishedBefore) {
  flag("signing-key-rotation", "599");
  EXPECT_THAT(refusal(), HasSubstr("--signing-key-rotation must be 0 or at least"));
  variable("SIGNING_KEY_LEAD", "599");
  EXPECT_EQ(options().signing_key_rotation, 599s);
  inputs_.flags.clear();
  flag("signing-key-rotation", "0");
  EXPECT_EQ(options().signing_key_rotation, 0s);
}

TEST_F(OptionsTest, DevListensOnLoopbackOnly) {
  flag("dev", "true");
  for (const char* text : {"127.0.0.1:0", "[::1]:8000", "localhost:8000", "127.9.9.9:1"}) {
    flag("listen", text);
    EXPECT_TRUE(options().dev) << text;
  }
  for (const char* text : {"0.0.0.0:8000", "[::]:8000", "example.com:8000", "10.0.0.1:80"}) {
    flag("listen", text);
    EXPECT_THAT(refusal(), AllOf(HasSubstr("--listen"), HasSubstr("--dev"))) << text;
  }
  flag("listen", "127.0.0.1:0");
  flag("envoy-listen", "0.0.0.0:9001");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("--envoy-listen"), HasSubstr("--dev")));
}

TEST_F(OptionsTest, EnvoyIsNotListenedForUnlessAsked) {
  EXPECT_FALSE(options().envoy_listen);
  flag("envoy-listen", "[::1]:9001");
  EXPECT_EQ(options().envoy_listen->to_string(), "[::1]:9001");
  flag("envoy-listen", "9001");
  EXPECT_THAT(refusal(), HasSubstr("--envoy-listen must be HOST:PORT"));
}

TEST_F(OptionsTest, WhatIsNoListenAddressIsRefused) {
  for (const char* text : {"8000", ":8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                           "127.0.0.1:-1", "::1:8000", "[::1]", "[1.2.3.4]:80", "a b:80", ""}) {
    flag("listen", text);
    EXPECT_THAT(refusal(), HasSubstr("--listen must be HOST:PORT")) << text;
  }
}

TEST_F(OptionsTest, RegistrationByTokenNeedsAToken) {
  flag("registration", "token");
  EXPECT_THAT(refusal(), HasSubstr("--registration-token"));
  flag("registration-token", "open-sesame");
  EXPECT_EQ(options().registration, Registration::token);
}

TEST_F(OptionsTest, ACommandLooksOnlyAtTheOptionsItTakes) {
  command(CommandId::agent_list);
  variable("BCRYPT_COST", "99");
  variable("SERVER", "https://auth.example");
  EXPECT_EQ(options().server, "https://auth.example");
}

TEST_F(OptionsTest, RereadingSeesTheFileAsItIsNowAndTheSameFlags) {
  toml("token_ttl = 100\nissuer = 'a'\n");
  flag("issuer", "b");
  const auto before = resolve_options(inputs_);
  ASSERT_TRUE(before);
  toml("token_ttl = 200\nissuer = 'c'\n");
  const auto after = resolve_again(*before);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->options.token_ttl, 200s);
  EXPECT_EQ(after->options.issuer, "b");
}

TEST_F(OptionsTest, WhatAServerCannotTakeOverIsNamedWhenItChanges) {
  command(CommandId::serve);
  toml("tls_cert = 'a'\ntls_key = 'b'\nlog_level = 'info'\nissuer = 'x'\n");
  const auto before = resolve_options(inputs_);
  toml("tls_cert = 'c'\ntls_key = 'd'\nlog_level = 'debug'\nissuer = 'x'\n");
  EXPECT_THAT(changes_for_a_restart(*before, *resolve_again(*before)), IsEmpty());
  toml("log_level = 'debug'\nissuer = 'y'\nsigning_secret = '" + strong('a') + "'\n");
  EXPECT_THAT(changes_for_a_restart(*before, *resolve_again(*before)),
              UnorderedElementsAre("--tls-cert", "--tls-key", "--issuer", "--signing-secret"));
}

TEST(OptionTable, NoCommandTakesTwoOptionsOfOneName) {
  for (const Command& command : commands()) {
    for (const Option& option : option_table()) {
      if (!option.commands.contains(command.id)) continue;
      EXPECT_EQ(find_option(option.name, command.id), &option)
          << command.name << " --" << option.name;
    }
  }
}

TEST(OptionTable, EveryOptionSaysWhatItIsFor) {
  for (const Option& option : option_table()) {
    EXPECT_FALSE(option.about.empty()) << option.name;
    EXPECT_FALSE(option.about.ends_with('.')) << option.name;
    if (option.kind == OptionKind::flag || option.kind == OptionKind::choice) continue;
    EXPECT_FALSE(option.value_name.empty()) << option.name;
  }
}

}  // namespace
}  // namespace agentauth::app

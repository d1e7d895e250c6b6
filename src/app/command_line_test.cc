#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/option_table.h"

namespace agentauth::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Words = std::vector<std::string>;

CommandLine parse(const Words& words) {
  auto line = parse_command_line(words);
  EXPECT_TRUE(line) << (line ? "" : line.error().message);
  return line ? *line : CommandLine{};
}

std::string refusal(const Words& words) {
  const auto line = parse_command_line(words);
  return line ? "not refused" : line.error().message;
}

TEST(CommandLine, ACommandOfTwoWordsTakesItsArguments) {
  const CommandLine line = parse({"permission", "grant", "WeatherBot", "read_weather", "--json"});
  EXPECT_EQ(line.command->id, CommandId::permission_grant);
  EXPECT_THAT(line.positionals, ElementsAre("WeatherBot", "read_weather"));
  EXPECT_TRUE(line.wants_json());
}

TEST(CommandLine, AValueStandsBehindASpaceOrAnEqualsSign) {
  EXPECT_THAT(parse({"serve", "--listen", "127.0.0.1:0"}).flags["listen"],
              ElementsAre("127.0.0.1:0"));
  EXPECT_THAT(parse({"serve", "--listen=127.0.0.1:0"}).flags["listen"], ElementsAre("127.0.0.1:0"));
}

TEST(CommandLine, OptionsMayStandBeforeAndBehindArguments) {
  const CommandLine line = parse({"check", "--json", "a", "--server", "http://h", "b", "c"});
  EXPECT_THAT(line.positionals, ElementsAre("a", "b", "c"));
}

TEST(CommandLine, AfterTwoDashesEverythingIsAnArgument) {
  EXPECT_THAT(parse({"agent", "show", "--", "--odd-name"}).positionals, ElementsAre("--odd-name"));
}

TEST(CommandLine, EveryCommandTakesEveryOptionOfTheTable) {
  for (const Command& command : commands()) {
    for (const Option& option : option_table()) {
      if (!option.commands.contains(command.id)) continue;
      Words words;
      for (const std::string_view word : split(command.name, ' ')) words.emplace_back(word);
      words.push_back("--" + std::string(option.name));
      if (option.kind != OptionKind::flag) words.emplace_back("x");
      EXPECT_THAT(refusal(words), testing::Not(HasSubstr("unknown option"))) << command.name;
    }
  }
}

TEST(CommandLine, WhatIsWrongIsNamed) {
  EXPECT_THAT(refusal({}), HasSubstr("a command is missing"));
  EXPECT_THAT(refusal({"fly"}), HasSubstr("unknown command \"fly\""));
  EXPECT_THAT(refusal({"agent"}), HasSubstr("agent needs a command"));
  EXPECT_THAT(refusal({"agent", "fly"}), HasSubstr("unknown command \"agent fly\""));
  EXPECT_THAT(refusal({"serve", "--fly"}), HasSubstr("unknown option --fly"));
  EXPECT_THAT(refusal({"serve", "--fly=high"}), HasSubstr("unknown option --fly;"));
  EXPECT_THAT(refusal({"serve", "--fly", "high"}), HasSubstr("unknown option --fly"));
  EXPECT_THAT(refusal({"serve", "-x"}), HasSubstr("unknown option -x"));
  EXPECT_THAT(refusal({"agent", "list", "--bcrypt-cost", "10"}), HasSubstr("--bcrypt-cost"));
  EXPECT_THAT(refusal({"serve", "--listen"}), HasSubstr("--listen needs a value"));
  EXPECT_THAT(refusal({"serve", "--listen", "a:1", "--listen", "b:1"}),
              HasSubstr("--listen is given more than once"));
  EXPECT_THAT(refusal({"serve", "here"}), HasSubstr("unexpected argument \"here\""));
  EXPECT_THAT(refusal({"agent", "show"}), HasSubstr("AGENT is missing"));
  EXPECT_THAT(refusal({"agent", "show", ""}), HasSubstr("AGENT is empty"));
  EXPECT_THAT(refusal({"agent", "create", "x"}), HasSubstr("--email is missing"));
  EXPECT_THAT(refusal({"completion", "fish"}), HasSubstr("bash|zsh"));
  EXPECT_THAT(refusal({"key", "create", "a", "--expires-in", "0"}), HasSubstr("--expires-in"));
  EXPECT_THAT(refusal({"serve", "--dev=perhaps"}), HasSubstr("--dev must be true or false"));
  EXPECT_EQ(parse({"serve", "--dev=no"}).argument("dev"), "false");
}

TEST(CommandLine, ASlipOfOneCommandPointsToItsHelp) {
  EXPECT_THAT(refusal({"agent", "show"}), HasSubstr("see agentauth help agent show"));
}

TEST(CommandLine, HelpIsUnderstoodEverywhere) {
  EXPECT_EQ(parse({"--help"}).command->id, CommandId::help);
  EXPECT_EQ(parse({"-h"}).command->id, CommandId::help);
  EXPECT_THAT(parse({"serve", "--help"}).positionals, ElementsAre("serve"));
  EXPECT_THAT(parse({"agent", "--help"}).positionals, ElementsAre("agent"));
  EXPECT_THAT(parse({"agent", "create", "--help"}).positionals, ElementsAre("agent", "create"));
  EXPECT_THAT(parse({"agent", "create", "x", "--json", "-h"}).positionals,
              ElementsAre("agent", "create"));
  EXPECT_THAT(parse({"help", "reference", "cli"}).positionals, ElementsAre("reference", "cli"));
  EXPECT_EQ(parse({"help", "--help"}).command->id, CommandId::help);
}

TEST(CommandLine, AnOptionThatRepeatsKeepsAllItsValues) {
  EXPECT_THAT(parse({"agent", "update", "a", "--label", "x=1", "--label", "y=2"}).flags["label"],
              ElementsAre("x=1", "y=2"));
}

TEST(CommandLine, AnArgumentHasItsDefault) {
  EXPECT_EQ(parse({"admin", "create", "root"}).argument("email"), "administrator@localhost");
  EXPECT_EQ(parse({"agent", "list"}).argument("owner"), std::nullopt);
}

}  // namespace
}  // namespace agentauth::app

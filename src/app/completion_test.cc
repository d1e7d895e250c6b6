#include "app/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/command_table.h"
#include "app/help.h"
#include "app/option_table.h"
#include "app/reference.h"

namespace agentauth::app {
namespace {

using testing::HasSubstr;

TEST(Completion, BothShellsKnowEveryOption) {
  for (const std::string& script : {bash_completion(), zsh_completion()})
    for (const Option& option : option_table()) {
      EXPECT_THAT(script, HasSubstr("--" + std::string(option.name)));
      if (!option.may_be_in_file()) continue;
      EXPECT_THAT(script, HasSubstr("--" + std::string(option.name) + "-file"));
    }
}

TEST(Completion, BothShellsKnowEveryCommandAndEveryChoice) {
  for (const std::string& script : {bash_completion(), zsh_completion()}) {
    for (const Command& command : commands())
      EXPECT_THAT(script, HasSubstr("'" + std::string(command.name)));
    EXPECT_THAT(script, HasSubstr("open token closed"));
    EXPECT_THAT(script, HasSubstr("bash zsh"));
    for (const ReferencePage& page : reference_pages()) EXPECT_THAT(script, HasSubstr(page.name));
  }
}

TEST(Help, EveryCommandIsInTheOverviewAndExplainsItsOptions) {
  const std::string overview = help_overview();
  for (const Command& command : commands()) {
    EXPECT_THAT(overview, HasSubstr(command.name));
    const std::string text = help_for(command);
    EXPECT_THAT(text, HasSubstr(usage_line(command)));
    for (const Option& option : option_table()) {
      if (!option.commands.contains(command.id)) continue;
      EXPECT_THAT(text, HasSubstr(flag_usage(option)));
    }
  }
}

TEST(Help, NoLineIsWiderThanATerminalOf100) {
  for (const Command& command : commands())
    for (const std::string_view line : split(help_for(command), '\n'))
      EXPECT_LE(line.size(), 100U) << line;
}

TEST(Reference, TheConfigurationPageNamesEverySettingInItsThreeSpellings) {
  const std::string page = configuration_reference();
  for (const Option& option : option_table()) {
    if (!option.is_setting()) continue;
    EXPECT_THAT(page, HasSubstr("### `--" + std::string(option.name) + "`"));
    EXPECT_THAT(page, HasSubstr("`" + environment_name(option.name) + "`"));
    if (option.name == "config") continue;
    EXPECT_THAT(page, HasSubstr("`" + file_key(option.name) + "`"));
  }
}

TEST(Reference, TheCommandLinePageHoldsEveryCommand) {
  const std::string page = command_line_reference();
  for (const Command& command : commands())
    EXPECT_THAT(page, HasSubstr("## `agentauth " + std::string(command.name) + "`"));
}

TEST(Reference, PagesAreFoundByName) {
  ASSERT_NE(find_reference_page("configuration"), nullptr);
  EXPECT_EQ(find_reference_page("configuration")->text(), configuration_reference());
  EXPECT_EQ(find_reference_page("nothing"), nullptr);
}

}  // namespace
}  // namespace agentauth::app

// The reference pages that the binary prints: `agentauth help reference NAME`.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace agentauth::app {

struct ReferencePage {
  std::string_view name;
  std::string_view about;
  std::string (*text)();  // Markdown
};

std::span<const ReferencePage> reference_pages();
// nullptr when there is none of that name.
const ReferencePage* find_reference_page(std::string_view name);

std::string configuration_reference();
std::string command_line_reference();

}  // namespace agentauth::app

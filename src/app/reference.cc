#include "app/reference.h"

#include <algorithm>
#include <array>

#include "api/openapi.h"

namespace agentauth::app {
namespace {

constexpr auto pages = std::to_array<ReferencePage>({
    {"api", "every operation, who may call it, what it takes and answers", api::api_reference},
    {"errors", "every error, its status and its meaning", api::error_reference},
    {"metrics", "every metric, its labels and its meaning", api::metric_reference},
    {"configuration", "every option, its names and its bounds", configuration_reference},
    {"cli", "every command, its arguments and its exit codes", command_line_reference},
});

}  // namespace

std::span<const ReferencePage> reference_pages() { return pages; }

const ReferencePage* find_reference_page(std::string_view name) {
  const auto found = std::find_if(pages.begin(), pages.end(),
                                  [&](const ReferencePage& page) { return page.name == name; });
  return found == pages.end() ? nullptr : &*found;
}

}  // namespace agentauth::app

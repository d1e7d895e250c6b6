#include "app/limits_file.h"

#include "app/client_call.h"

namespace agentauth::app {
namespace {

Error in_file(const std::filesystem::path& file, const Error& error) {
  std::string message = file.string() + ": " + error.message;
  for (const FieldError& field : error.fields)
    message.append("; ").append(field.field).append(" ").append(field.message);
  return {Errc::invalid_argument, std::move(message)};
}

}  // namespace

Result<LimitConfiguration> configured_limits(const Options& options,
                                             std::span<const LimitedRoute> routes) {
  LimitConfiguration configuration{.enforced = options.limits, .defaults = {}};
  if (!options.limits_file) return configuration;
  const std::string text = TRY(read_text_file(options.limits_file->string()));
  auto set = decode<LimitSet>({{}, {}, text});
  if (!set) return tl::unexpected(in_file(*options.limits_file, set.error()));
  configuration.defaults = *std::move(set);
  if (const auto checked = check_limits(*configuration.defaults, routes); !checked)
    return tl::unexpected(in_file(*options.limits_file, checked.error()));
  return configuration;
}

}  // namespace agentauth::app

#include "app/options.h"

#include <algorithm>
#include <thread>

#include "app/option_sources.h"
#include "app/option_table.h"
#include "app/option_values.h"
#include "tokens/signing_key.h"

namespace agentauth::app {
namespace {

Result<Setting> resolve_one(const Option& option, const OptionSources& sources, Options& options) {
  const auto found = TRY(sources.find(option));
  if (!found) return Setting{&option, "", "default", Source::fallback};
  auto value = parse_option(option, found->text);
  if (!value) {
    std::string message =
        "--" + std::string(option.name) + " must be " + std::move(value).error().message;
    if (found->source != Source::flag) message += " (" + found->origin + ")";
    return failure(Errc::invalid_argument, message);
  }
  option.assign(options, *value);
  return Setting{&option,       shown_value(option, found->text),      found->origin,
                 found->source, std::hash<std::string>{}(found->text), found->file};
}

// What a default says in words, in figures: DATA_DIR, "all cores".
void resolve_derived(Configuration& configuration) {
  Options& options = configuration.options;
  const int cores = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 64);
  if (options.threads == 0) options.threads = cores;
  if (options.hashers == 0) options.hashers = std::max(1, cores / 2);
  for (Setting& setting : configuration.settings) {
    if (setting.option->name == "threads") setting.shown = std::to_string(options.threads);
    if (setting.option->name == "hashers") setting.shown = std::to_string(options.hashers);
    if (setting.option->name != "database" || setting.source != Source::fallback) continue;
    options.database = "sqlite:" + (options.data_dir / "agentauth.db").string();
    setting.shown = options.database;
  }
}

Result<void> refuse_contradictions(const Options& options) {
  const auto refuse = [](std::string_view message) {
    return failure(Errc::invalid_argument, message);
  };
  if (options.tls_cert && !options.tls_key) return refuse("--tls-cert needs --tls-key beside it");
  if (options.tls_key && !options.tls_cert) return refuse("--tls-key needs --tls-cert beside it");
  if (options.redis_ca_file && !options.redis.reveal().starts_with("rediss://"))
    return refuse("--redis-ca-file needs a --redis that begins with rediss://");
  if (options.registration == Registration::token && options.registration_token.empty())
    return refuse("--registration token needs --registration-token or --registration-token-file");
  if (!options.signing_secret.empty())
    if (const auto keys = configured_signing_keys(options.signing_secret); !keys)
      return refuse("--" + keys.error().message);
  // A node that has not heard of a key yet must not meet its tokens.
  if (options.signing_key_lead < 2 * options.max_staleness)
    return refuse("--signing-key-lead must be at least twice --max-staleness");
  const bool rotates = options.signing_key_rotation > std::chrono::seconds{0};
  if (rotates && options.signing_key_rotation < options.signing_key_lead)
    return refuse("--signing-key-rotation must be 0 or at least --signing-key-lead");
  if (options.dev && !options.listen.is_loopback())
    return refuse("--listen must be a loopback address with --dev, not \"" +
                  options.listen.to_string() + "\"");
  if (options.dev && options.envoy_listen && !options.envoy_listen->is_loopback())
    return refuse("--envoy-listen must be a loopback address with --dev, not \"" +
                  options.envoy_listen->to_string() + "\"");
  return {};
}

}  // namespace

std::string ListenAddress::to_string() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

bool ListenAddress::is_loopback() const {
  if (host == "localhost") return true;
  const auto address = parse_ip_address(host);
  return address && agentauth::is_loopback(*address);
}

Result<Configuration> resolve_options(OptionInputs inputs) {
  Configuration configuration;
  const auto kept = std::make_shared<const OptionInputs>(std::move(inputs));
  configuration.options.inputs = kept;
  const OptionSources sources = TRY(OptionSources::open(*kept));
  for (const Option& option : option_table()) {
    if (!option.is_setting()) continue;
    configuration.settings.push_back(TRY(resolve_one(option, sources, configuration.options)));
  }
  resolve_derived(configuration);
  TRY(refuse_contradictions(configuration.options));
  std::erase_if(configuration.settings, [&](const Setting& setting) {
    return !setting.option->commands.contains(kept->command);
  });
  return configuration;
}

Result<Configuration> resolve_again(const Configuration& configuration) {
  return resolve_options(*configuration.options.inputs);
}

std::vector<std::string> secrets_in_flags(const Configuration& configuration) {
  const FlagValues& flags = configuration.options.inputs->flags;
  std::vector<std::string> names;
  for (const Setting& setting : configuration.settings) {
    const auto given = flags.find(setting.option->name);
    if (given == flags.end() || given->second.empty()) continue;
    const std::string& text = given->second.back();
    // Of a URL, even one that is never shown, only the password is secret.
    const bool is_url = setting.option->masks_password;
    if ((is_url ? mask_url_password(text) : shown_value(*setting.option, text)) != text)
      names.push_back("--" + std::string(setting.option->name));
  }
  return names;
}

std::vector<std::string> changes_for_a_restart(const Configuration& before,
                                               const Configuration& after) {
  // TLS is replaced where there is TLS; it neither begins nor ends on an open port.
  const bool keeps_tls = before.options.tls_cert.has_value() == after.options.tls_cert.has_value();
  std::vector<std::string> names;
  for (const Setting& old : before.settings) {
    const auto now = std::find_if(after.settings.begin(), after.settings.end(),
                                  [&](const Setting& s) { return s.option == old.option; });
    const bool is_tls = old.option->kind == OptionKind::path;
    if (now == after.settings.end() || now->digest == old.digest) continue;
    if (old.option->reloads && (keeps_tls || !is_tls)) continue;
    names.push_back("--" + std::string(old.option->name));
  }
  return names;
}

}  // namespace agentauth::app

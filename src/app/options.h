// The resolved settings, typed: what the rest of the program reads. Start here.
//
// Every value comes from the one table in option_table.cc; a flag wins over the environment, the
// environment over the TOML file, the file over the default.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/command_table.h"
#include "base/log.h"
#include "base/network.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "model/registration.h"

namespace agentauth::app {

struct ListenAddress {
  std::string host;  // an IP address without brackets, or a host name
  std::uint16_t port = 0;

  std::string to_string() const;
  bool is_loopback() const;
};

using FlagValues = std::map<std::string, std::vector<std::string>, std::less<>>;
using Environment = std::map<std::string, std::string, std::less<>>;

// Where values come from. Kept, so that SIGHUP can read the file again.
struct OptionInputs {
  CommandId command{};
  FlagValues flags;         // by option name, without the dashes
  Environment environment;  // variables that begin with AGENTAUTH_, and TRACEPARENT
};

struct Options {
  ListenAddress listen;
  std::string database;  // sqlite:PATH or postgresql://…; holds a password perhaps: never log it
  std::filesystem::path data_dir;
  std::optional<std::filesystem::path> config;
  bool dev = false;

  int threads = 1;  // cores that serve HTTP; "all" is resolved
  int workers = 1;
  int hashers = 1;  // resolved too
  int bcrypt_cost = 12;

  std::chrono::seconds refresh_ttl{2'592'000};
  std::chrono::seconds refresh_idle{604'800};
  std::chrono::seconds token_ttl{};
  std::string issuer;
  std::string audience;
  Registration registration = Registration::open;
  Secret registration_token;                    // not empty when registration is by token
  Secret signing_secret;                        // empty: signing keys come from the database
  std::chrono::seconds signing_key_rotation{};  // 0: by command only
  std::chrono::seconds signing_key_lead{};
  // None: DATA_DIR/master.key, made on first start.
  std::optional<std::filesystem::path> master_key_file;

  std::vector<Network> trusted_proxies;
  std::chrono::seconds max_staleness{};
  bool limits = true;
  std::optional<std::filesystem::path> limits_file;  // none: the default ones
  Secret redis;                                      // its URL; empty: every node counts by itself
  std::optional<std::filesystem::path> redis_ca_file;
  std::chrono::seconds drain_seconds{};
  // Both or neither.
  std::optional<std::filesystem::path> tls_cert;
  std::optional<std::filesystem::path> tls_key;
  std::optional<ListenAddress> envoy_listen;  // none: gRPC is not spoken

  // None: the database alone holds the audit trail.
  std::optional<std::filesystem::path> audit_file;
  int audit_retention_days = 0;  // 0: everything is kept

  std::chrono::days key_expiry_notice{7};  // 0: none is given

  LogFormat log_format = LogFormat::json;
  LogLevel log_level = LogLevel::info;

  // For the commands that speak HTTP.
  std::string server;
  Secret api_key;
  std::optional<std::filesystem::path> ca_file;
  std::chrono::seconds timeout{};

  std::shared_ptr<const OptionInputs> inputs;
};

struct Option;

enum class Source : std::uint8_t { flag, environment, file, fallback };

// One option as `agentauth config` shows it.
struct Setting {
  const Option* option;
  std::string shown;   // secrets as ***, passwords in URLs masked; empty when there is no value
  std::string origin;  // "flag --listen", "environment AGENTAUTH_LISTEN", "file F", "default"
  Source source;
  std::size_t digest = 0;  // of the value, secrets included: to see whether it changed
  std::string file = {};   // that a secret was read from; empty when it was in none
};

struct Configuration {
  Options options;
  std::vector<Setting> settings;  // of the options the command takes, in the table's order
};

// Errors, in one line that names the option: unavailable for a file that cannot be read,
// invalid_argument for the rest.
Result<Configuration> resolve_options(OptionInputs inputs);

// The same flags and environment with the files as they are now.
Result<Configuration> resolve_again(const Configuration& configuration);

// The secrets whose values are on the command line, where whoever lists processes reads them.
std::vector<std::string> secrets_in_flags(const Configuration& configuration);

// The options whose values differ and that a running server cannot take over, with their dashes.
std::vector<std::string> changes_for_a_restart(const Configuration& before,
                                               const Configuration& after);

}  // namespace agentauth::app

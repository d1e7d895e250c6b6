#include "app/serve.h"

#include <iostream>
#include <thread>

#include "app/client_commands.h"
#include "app/database_advice.h"
#include "app/demonstration.h"
#include "app/follower.h"
#include "app/option_sources.h"
#include "app/option_table.h"
#include "app/pid_file.h"
#include "app/signals.h"
#include "app/wiring.h"
#include "authz/decision.h"
#include "store/migrations.h"

namespace agentauth::app {
namespace {

std::string url_of(const Options& options, std::uint16_t port) {
  const bool v6 = options.listen.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + options.listen.host + "]" : options.listen.host;
  return std::string(options.tls_cert ? "https" : "http") + "://" + host + ":" +
         std::to_string(port);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

// All or nothing: with a mistake in a file or in the certificate everything stays as it was.
Result<Configuration> take_over(const Configuration& started, Node& node, Log& log) {
  auto again = TRY(resolve_again(started));
  const Options& options = again.options;
  auto limits = TRY(node.read_limits(options));
  if (started.options.tls_cert && options.tls_cert)
    TRY(node.use_certificate(options.tls_cert->string(), options.tls_key->string()));
  node.use_limits(std::move(limits));
  log.set_level(options.log_level);
  return again;
}

// gRPC watches the two files that it was given at the start, and can be given no others.
bool is_envoy_left_behind(const Options& started, const Options& now) {
  return started.envoy_listen && started.tls_cert && now.tls_cert &&
         (*started.tls_cert != *now.tls_cert || *started.tls_key != *now.tls_key);
}

void reload(const Configuration& started, Node& node, Log& log) {
  const auto again = take_over(started, node, log);
  if (!again) {
    log.error("reload_failed",
              {{"error", again.error().message}, {"note", "everything stays as it was"}});
    return;
  }
  log.info("reloaded", {{"log_level", to_string(again->options.log_level)}});
  const auto waiting = changes_for_a_restart(started, *again);
  if (!waiting.empty())
    log.warning("restart_needed", {{"options", joined(waiting)},
                                   {"note", "changed, and in force only after a restart"}});
  if (is_envoy_left_behind(started.options, again->options))
    log.warning("restart_needed",
                {{"options", "--tls-cert, --tls-key"},
                 {"note",
                  "in force for HTTPS; at --envoy-listen only after a restart, which "
                  "goes on with the files of the start"}});
}

// "admin create" on the database this server has, from whatever folder and environment.
std::vector<std::string> admin_create_words(const Configuration& configuration) {
  const Options& options = configuration.options;
  std::error_code error;
  auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) self = "agentauth";
  std::vector<std::string> words{
      self.string(),     "admin",      "create",
      "QuickStartAdmin", "--data-dir", std::filesystem::absolute(options.data_dir).string()};
  for (const Setting& setting : configuration.settings) {
    if (setting.source == Source::fallback) continue;
    std::string value = setting.shown;
    if (setting.option->name == "database" && value.starts_with("sqlite:")) {
      value = "sqlite:" + std::filesystem::absolute(value.substr(7)).string();
    } else if (setting.option->name == "master-key-file") {
      value = std::filesystem::absolute(value).string();
    } else if (setting.option->name != "database") {
      continue;
    }
    words.push_back("--" + std::string(setting.option->name));
    words.push_back(value);  // of a PostgreSQL URL the password is masked: this goes to a terminal
  }
  return words;
}

// Slips were refused; what is left may be meant for us by somebody who knows another version, or be
// what Kubernetes sets for a Service named agentauth. Values may be anything, so none is logged.
void warn_of_unknown_variables(const Options& options, Log& log) {
  const auto names = unknown_variables(options.inputs->environment);
  if (!names.empty())
    log.warning("unknown_environment",
                {{"names", joined(names)}, {"note", "no option is spelled so: without effect"}});
}

void warn_of_secrets_in_flags(const Configuration& configuration, Log& log) {
  for (const std::string& name : secrets_in_flags(configuration))
    log.warning(
        "secret_in_flag",
        {{"option", name}, {"note", "whoever lists processes can read it: use " + name + "-file"}});
}

}  // namespace

Result<int> serve(const Configuration& configuration) {
  const Options& options = configuration.options;
  Signals signals;
  const SystemClock clock;
  Log log(clock, options.log_format, options.log_level);
  warn_of_unknown_variables(options, log);
  warn_of_secrets_in_flags(configuration, log);
  TRY(make_data_dir(options));
  const auto foundation = TRY(Foundation::create(options));
  const auto node = TRY(Node::create(options, *foundation, log));
  // Whoever asks for the end from here on still gets the keys that are made next, the ready line
  // and a drain: who reads that line may send the signal at once.
  signals.take_end();
  // Before the keys of a demonstration are made: what may fail from then on would lose them.
  const PidFile pid_file = TRY(PidFile::write(options.data_dir / "agentauth.pid"));
  std::optional<Demonstration> demonstration;
  if (options.dev)
    demonstration =
        TRY(with_database_advice(create_demonstration(node->services()), options.database));

  node->start();
  const std::string url = url_of(options, node->port());
  // At once: who waits for the first line reads the keys from the same.
  std::string told = "agentauth ready on " + url + '\n';
  if (options.dev)
    told += quick_start(url, demonstration, admin_create_words(configuration)) + '\n';
  std::cout << told << std::flush;
  log.info("ready", {{"url", url}, {"database", foundation->database().driver().name()}});
  if (options.envoy_listen)
    log.info(
        "envoy_listening",
        {{"address", ListenAddress{options.envoy_listen->host, node->envoy_port()}.to_string()},
         {"tls", options.tls_cert ? "yes" : "no"}});

  const int signal = signals.wait_for_end([&] {
    node->reopen_audit_file();
    reload(configuration, *node, log);
  });
  log.info("draining", {{"signal", signal}});
  node->drain(options.drain_seconds);
  log.info("stopped");
  return exit_done;
}

Result<CreatedAdministrator> create_administrator(const Options& options, const std::string& name,
                                                  const std::string& email) {
  // The rules of a registration over HTTP hold here too.
  std::string body;
  JsonWriter out(body);
  write_fields(RegisterAgent{name, email}, out);
  const auto request = TRY(decode<RegisterAgent>({{}, {}, body}));

  const auto foundation = TRY(Foundation::create(options));
  // No decision is made here, so the directory stays empty.
  const Directory directory(foundation->database(), options.max_staleness);
  AgentService agents(foundation->clock());
  KeyService keys(foundation->database(), directory, foundation->master_key(), foundation->clock(),
                  foundation->random(), {options.bcrypt_cost});
  const auto created = TRY(with_database_advice(
      create_agent(foundation->database(), agents, keys, request,
                   std::string(administrator_permission), AuditReason::command_line),
      options.database));
  // A server that runs on the database reads the change log at every poll interval. The key is
  // handed out only when it must have: the first login with it succeeds.
  if (!foundation->made_database()) std::this_thread::sleep_for(3 * poll_interval);
  return CreatedAdministrator{created.agent_id, created.api_key, foundation->made_database()};
}

Result<int> migrate(const Options& options) {
  TRY(make_data_dir(options));
  auto database = TRY(open_database(options));
  return with_database_advice(apply_migrations(*database), options.database);
}

}  // namespace agentauth::app

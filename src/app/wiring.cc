#include "app/wiring.h"

#include <sys/stat.h>

#include <algorithm>
#include <system_error>
#include <thread>

#include "api/envoy_checks.h"
#include "api/limit_gate.h"
#include "api/operations.h"
#include "app/database_advice.h"
#include "app/envoy_module.h"
#include "app/follower.h"
#include "app/grant_upkeep.h"
#include "app/host.h"
#include "app/limits_file.h"
#include "app/node_name.h"
#include "app/outage.h"
#include "app/signing_key_upkeep.h"
#include "app/token_upkeep.h"
#include "app/version.h"
#include "audit/chain.h"
#include "authz/grant_use_keeper.h"
#include "keys/key_keeper.h"
#include "limits/limit_sharing.h"
#include "limits/redis_buckets.h"
#include "store/migrations.h"
#include "tokens/signing_key_service.h"

namespace agentauth::app {
namespace {

Result<MasterKey> load_master_key(const Options& options, Random& random) {
  if (options.master_key_file) {
    const std::string path = master_key_path(options);
    auto key = MasterKey::load(path, MasterKey::IfMissing::fail, random);
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (!key && (error == std::errc::no_such_file_or_directory || size == 0))
      return failure(Errc::invalid_argument,
                     key.error().message +
                         "; for a new database make one with: (umask 077; head -c 32 /dev/urandom "
                         "> " +
                         path + ")");
    return key;
  }
  return MasterKey::load(master_key_path(options), MasterKey::IfMissing::create, random);
}

Result<void> require_fit(const MasterKey& master_key, const std::optional<std::string>& kept) {
  if (kept == master_key.fingerprint()) return {};
  return failure(Errc::invalid_argument,
                 "the master key does not fit this database; give the one it was made with by "
                 "--master-key-file");
}

// A database belongs to the master key it was first used with: under another one every key would be
// refused and no signing key could be opened.
Result<void> claim(Database& database, const MasterKey& master_key) {
  const std::string ours = master_key.fingerprint();
  const auto kept =
      TRY(database.read([](Transaction& tx) { return tx.settings().find(master_key_setting); }));
  const std::string fingerprint = kept ? *kept : TRY(database.write([&](Transaction& tx) {
    return tx.settings().keep_first(master_key_setting, ours);
  }));
  return require_fit(master_key, fingerprint);
}

// Migrates it, for this master key. Returns whether it was empty.
Result<bool> prepare(Database& database, const MasterKey& master_key) {
  const bool is_empty = TRY(database.read(find_schema_version)) == 0;
  TRY(apply_migrations(database));
  TRY(claim(database, master_key));
  return is_empty;
}

// An issuer that is an address says where this server is reached.
std::string base_url(const Options& options) {
  std::string url = options.issuer;
  if (!url.starts_with("https://") && !url.starts_with("http://")) return "";
  while (url.ends_with('/')) url.pop_back();
  return url;
}

api::Settings api_settings(const Options& options) {
  return {options.registration,        options.registration_token, std::string(version()),
          options.trusted_proxies,     audit_node_name(),          base_url(options),
          options.tls_cert.has_value()};
}

KeySchedule key_schedule(const Options& options) {
  return {.lead = options.signing_key_lead,
          .rotation = options.signing_key_rotation,
          .token_lifetime = options.token_ttl};
}

audit::Keeper::Options keeper_options(const Options& options) {
  return {.retention = std::chrono::days(options.audit_retention_days)};
}

Result<http::ServerOptions> http_options(const Options& options) {
  http::ServerOptions http;
  http.address = TRY(listen_address(options.listen, "--listen"));
  http.port = options.listen.port;
  http.cores = static_cast<std::size_t>(options.threads);
  http.workers = static_cast<std::size_t>(options.workers);
  http.hashers = static_cast<std::size_t>(options.hashers);
  http.large_bodies = api::large_bodies();
  if (options.tls_cert) http.tls_certificate_file = options.tls_cert->string();
  if (options.tls_key) http.tls_key_file = options.tls_key->string();
  return http;
}

// Of what each core has of its own: Envoy's calls share one, which is the last.
std::size_t cores_of(const Options& options) {
  return static_cast<std::size_t>(options.threads) + (options.envoy_listen ? 1 : 0);
}

Result<std::unique_ptr<http::Server>> create_server(const http::ServerOptions& options,
                                                    http::Application& application) {
  auto server = http::Server::create(options, application);
  if (!server && server.error().message.starts_with("cannot listen"))
    server.error().message += "; choose another address or port with --listen";
  return server;
}

// The same on all nodes of a deployment, and known to nobody else.
Limiter::HashKey limit_hash_key(const MasterKey& master_key) {
  const Sha256 derived = master_key.derive("agentauth rate limit buckets");
  Limiter::HashKey key;
  std::copy_n(derived.begin(), key.size(), key.begin());
  return key;
}

// Nothing when nodes do not share their limits.
Result<std::unique_ptr<LimitSharing>> share_limits(const Options& options, Limiter& limiter,
                                                   Random& random, Log& log) {
  if (options.redis.empty()) return nullptr;
  const auto url = RedisUrl::parse(options.redis.reveal());
  if (!url) return nullptr;  // the option table lets no other pass
  auto shared = TRY(RedisBuckets::create(*url, options.redis_ca_file, random.base62(12)));
  limiter.buckets().keep_charges();
  return std::make_unique<LimitSharing>(limiter, std::move(shared), log);
}

constexpr const char* signing_setting = "signing";
constexpr std::string_view by_configured_secret = "configured_secret";
constexpr std::string_view by_keys = "keys";

// For servers_use_configured_secret().
Result<void> note_what_signs(const Options& options, Database& database) {
  const bool is_configured = !options.signing_secret.empty();
  if (TRY(servers_use_configured_secret(database)) == is_configured) return {};
  return database.write([&](Transaction& tx) {
    return tx.settings().replace(signing_setting,
                                 std::string(is_configured ? by_configured_secret : by_keys));
  });
}

struct Signing {
  std::unique_ptr<SigningKeyService> service;  // null when a configured secret signs
  SigningKeys keys;
};

Result<Signing> prepare_signing(const Options& options, Foundation& foundation) {
  if (!options.signing_secret.empty())
    return Signing{nullptr, TRY(configured_signing_keys(options.signing_secret))};
  auto service = std::make_unique<SigningKeyService>(foundation.database(), foundation.master_key(),
                                                     foundation.clock(), foundation.random(),
                                                     audit_node_name(), key_schedule(options));
  TRY(service->make_first());
  auto keys = TRY(service->load());
  return Signing{std::move(service), std::move(keys)};
}

}  // namespace

Result<bool> servers_use_configured_secret(Database& database) {
  const auto noted =
      TRY(database.read([](Transaction& tx) { return tx.settings().find(signing_setting); }));
  return noted == by_configured_secret;
}

std::string master_key_path(const Options& options) {
  return (options.master_key_file ? *options.master_key_file : options.data_dir / "master.key")
      .string();
}

Result<std::string> listen_address(const ListenAddress& address, std::string_view option) {
  if (address.host == "localhost") return "127.0.0.1";
  return resolve_host(address.host, option);
}

Result<void> make_data_dir(const Options& options) {
  std::error_code error;
  const bool created = std::filesystem::create_directories(options.data_dir, error);
  if (error)
    return failure(Errc::invalid_argument, "cannot make the data folder " +
                                               options.data_dir.string() + ": " + error.message());
  // Only a folder of our own making gets its mode changed.
  if (created) ::chmod(options.data_dir.c_str(), 0700);
  return {};
}

Result<MasterKey> load_existing_master_key(const Options& options) {
  SystemRandom random;
  const auto path = options.master_key_file.value_or(options.data_dir / "master.key");
  return MasterKey::load(path.string(), MasterKey::IfMissing::fail, random);
}

Result<std::unique_ptr<Database>> open_database(const Options& options) {
  auto database = Database::open(options.database);
  if (!database && database.error().code == Errc::invalid_argument)
    database.error().fields = {
        {"--database", "must be sqlite:PATH or postgresql://USER@HOST:PORT/DB"}};
  return with_database_advice(std::move(database), options.database);
}

std::string no_database_at(const std::string& file) {
  return "there is no database at " + file + "; --config or --data-dir names another";
}

Result<std::unique_ptr<Database>> open_existing_database(const Options& options) {
  constexpr std::string_view sqlite = "sqlite:";
  if (options.database.starts_with(sqlite) &&
      !std::filesystem::exists(options.database.substr(sqlite.size())))
    return failure(Errc::invalid_argument, no_database_at(options.database.substr(sqlite.size())));
  auto database = TRY(open_database(options));
  if (TRY(database->read(find_schema_version)) != schema_version())
    return failure(Errc::invalid_argument,
                   "the database has another schema version; see agentauth help migrate");
  return database;
}

Result<MasterKey> load_master_key_of(Database& database, const Options& options) {
  MasterKey master_key = TRY(load_existing_master_key(options));
  TRY(require_fit(master_key, TRY(database.read([](Transaction& tx) {
                    return tx.settings().find(master_key_setting);
                  }))));
  return master_key;
}

Result<std::unique_ptr<Foundation>> Foundation::create(const Options& options) {
  TRY(make_data_dir(options));
  SystemRandom random;
  auto master_key = TRY(load_master_key(options, random));
  auto database = TRY(open_database(options));
  const bool is_empty = TRY(with_database_advice(prepare(*database, master_key), options.database));
  database->append_audit_by(audit::append);
  return std::unique_ptr<Foundation>(
      new Foundation(std::move(master_key), std::move(database), is_empty));
}

struct Node::State {
  State(const Options& options, Foundation& foundation, Signing signing, Log& log)
      : settings(api_settings(options)),
        directory(foundation.database(), options.max_staleness),
        agents(foundation.clock()),
        keys(foundation.database(), directory, foundation.master_key(), foundation.clock(),
             foundation.random(), {options.bcrypt_cost, options.key_expiry_notice}),
        signing_keys(std::move(signing.service)),
        tokens(std::move(signing.keys), {options.issuer, options.audience, options.token_ttl},
               foundation.random()),
        refresh_tokens(foundation.database(), directory, foundation.master_key(),
                       foundation.clock(), foundation.random(),
                       {.lifetime = options.refresh_ttl, .idle = options.refresh_idle}),
        permissions(foundation.clock()),
        entities(foundation.clock()),
        limiter(api::limited_routes(options.registration), limit_hash_key(foundation.master_key())),
        limits(foundation.database(), limiter),
        gateway_routes(foundation.database()),
        cursors(foundation.master_key()),
        write_queue(foundation.database()),
        recorder(foundation.database(), write_queue, foundation.clock()),
        audit(foundation.master_key(), foundation.clock()),
        keeper(foundation.database(), audit.signer(), foundation.clock(), log,
               keeper_options(options)),
        key_keeper({foundation.database(), keys.uses(), recorder, foundation.clock(), log},
                   {options.key_expiry_notice, settings.node}),
        grant_use_keeper(foundation.database(), directory, grant_uses, log),
        metrics(cores_of(options)),
        services{foundation.database(),
                 directory,
                 agents,
                 keys,
                 tokens,
                 refresh_tokens,
                 permissions,
                 roles,
                 entities,
                 grant_uses,
                 limits,
                 limiter,
                 gateway_routes,
                 cursors,
                 write_queue,
                 recorder,
                 audit,
                 keeper,
                 metrics,
                 foundation.clock(),
                 foundation.random(),
                 log,
                 settings},
        dispatcher(services, cores_of(options)),
        paced_clock(foundation.clock()),
        upkeep({directory, refresh_tokens, paced_clock, options.token_ttl}),
        key_upkeep(signing_keys.get(), log),
        directory_outage(log, "directory_behind", "directory_caught_up"),
        limits_outage(log, "limits_behind", "limits_caught_up"),
        gateway_outage(log, "gateway_routes_behind", "gateway_routes_caught_up"),
        follower(foundation.database(), directory, log, [this] {
          directory_outage.note({});
          follow_settings();
          key_upkeep.run();
        }) {
    directory.report_unreadable_by([&log](const Grant& grant, std::string_view part) {
      log.warning("grant_unreadable",
                  {{"grant", grant.id.to_string()},
                   {"subject", grant.subject},
                   {"part", part},
                   {"taken_as", grant.decides() == Effect::deny ? "deny" : "none"}});
    });
    if (signing_keys)
      directory.follow_signing_keys_by([this]() -> Result<void> {
        tokens.use_keys(TRY(signing_keys->load()));
        return {};
      });
    follower.also_prune([this] { return upkeep.run_batch(); });
    follower.also_prune([this] { return sweep_grant_uses(services.database, paced_clock.now()); });
    follower.also_prune([this] {
      return sweep_ended(services.database, settings.node, paced_clock.now(),
                         [this](const AuditEvent& event) { recorder.count(event); });
    });
    foundation.database().on_commit([this] {
      // A failure is the directory's to remember: it answers no more "allowed" until it has caught
      // up.
      directory_outage.note(directory.catch_up(Directory::Asked::after_commit));
      follow_settings();
    });
  }

  // What could not be read from the database is tried again at the next poll.
  void follow_settings() {
    const Revision revision = directory.settings_revision();
    limits_outage.note(limits.follow(revision));
    gateway_outage.note(gateway_routes.follow(revision));
  }

  const api::Settings settings;
  Directory directory;
  AgentService agents;
  KeyService keys;
  const std::unique_ptr<SigningKeyService> signing_keys;  // null when a configured secret signs
  TokenService tokens;
  RefreshService refresh_tokens;
  PermissionService permissions;
  RoleService roles;
  EntityService entities;
  GrantUses grant_uses;
  Limiter limiter;
  LimitService limits;
  GatewayRouteService gateway_routes;
  std::unique_ptr<LimitSharing> sharing;  // nullptr: this node counts by itself
  const api::CursorCodec cursors;
  WriteQueue write_queue;
  audit::Recorder recorder;
  audit::AuditService audit;
  audit::Keeper keeper;
  KeyKeeper key_keeper;
  GrantUseKeeper grant_use_keeper;
  api::Metrics metrics;
  api::Services services;
  api::Dispatcher dispatcher;
  const PacedClock paced_clock;
  TokenUpkeep upkeep;
  SigningKeyUpkeep key_upkeep;
  Outage directory_outage;
  Outage limits_outage;
  Outage gateway_outage;
  Follower follower;
  // Of Envoy both are nullptr without --envoy-listen. The listener goes first, with all its calls;
  // the workers that have answered some of them, next.
  std::unique_ptr<api::EnvoyChecks> envoy_checks;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<envoy::Listener> envoy_listener;
};

Node::Node(std::unique_ptr<State> state) : state_(std::move(state)) {}
// Answers that wait for their writes go back to the server's cores, so the queue ends first.
Node::~Node() { state_->write_queue.stop(); }

Result<std::unique_ptr<Node>> Node::create(const Options& options, Foundation& foundation,
                                           Log& log) {
  auto signing = TRY(with_database_advice(prepare_signing(options, foundation), options.database));
  if (!signing.service)
    log.info("signing_secret", {{"note", "--signing-secret signs tokens: it does not rotate"}});
  auto state = std::make_unique<State>(options, foundation, std::move(signing), log);
  state->sharing = TRY(share_limits(options, state->limiter, foundation.random(), log));
  state->upkeep.forget_families();  // so that the load leaves them out
  TRY(with_database_advice(state->directory.load(), options.database));
  if (options.audit_file)
    state->keeper.write_to(TRY(audit::FileSink::open(options.audit_file->string())));
  state->limits.configure(TRY(configured_limits(options, state->limiter.routes())));
  TRY(with_database_advice(state->limits.follow(state->directory.settings_revision()),
                           options.database));
  // Routes that cannot be read are none: everything is denied, and the rest of the server serves.
  state->gateway_outage.note(state->gateway_routes.follow(state->directory.settings_revision()));
  const http::ServerOptions http = TRY(http_options(options));
  state->server = TRY(create_server(http, state->dispatcher));
  TRY(with_database_advice(note_what_signs(options, foundation.database()), options.database));
  if (options.envoy_listen) {
    state->envoy_checks = std::make_unique<api::EnvoyChecks>(
        state->dispatcher, cores_of(options) - 1, state->settings.trusted_proxies,
        [&server = *state->server](api::EnvoyChecks::Job& job) { return server.try_submit(job); });
    state->envoy_listener = TRY(listen_for_envoy(options, *state->envoy_checks));
  }
  state->metrics.read_gauges_from([node = state.get()] {
    const auto size = node->directory.size();
    const auto signing_keys =
        node->signing_keys ? node->signing_keys->status() : SigningKeyService::Status{.keys = 1};
    return api::Metrics::Gauges{
        .workers = node->server->workers(),
        .hashers = node->server->hashers(),
        .connections = node->server->connections(),
        .revision = node->directory.revision(),
        .agents = static_cast<std::int64_t>(size.agents),
        .keys = static_cast<std::int64_t>(size.keys),
        .keys_expiring = node->key_keeper.expiring(),
        .fresh = node->directory.is_fresh(std::chrono::steady_clock::now()),
        .audit = node->recorder.state(),
        .audit_sequence = node->keeper.head(),
        .audit_file_sequence = node->keeper.in_file(),
        .limits = node->limiter.totals(),
        .limit_buckets = node->limiter.buckets().buckets_used(),
        .limit_evictions = node->limiter.buckets().evicted_in_debt(),
        .limits_redis_up = node->sharing && node->sharing->is_up(),
        .limits_nodes = node->sharing ? node->sharing->nodes() : 1,
        .signing_keys = signing_keys.keys,
        .signing_key_age = signing_keys.active_for,
    };
  });
  return std::unique_ptr<Node>(new Node(std::move(state)));
}

void Node::start() {
  state_->follower.start();
  state_->keeper.start();
  state_->key_keeper.start();
  state_->grant_use_keeper.start();
  if (state_->sharing) state_->sharing->start();
  state_->server->start();
}

Result<void> Node::use_certificate(const std::string& certificate_file,
                                   const std::string& key_file) {
  return state_->server->use_certificate(certificate_file, key_file);
}

Result<LimitConfiguration> Node::read_limits(const Options& options) const {
  return configured_limits(options, state_->limiter.routes());
}

void Node::use_limits(LimitConfiguration configuration) {
  state_->limits.configure(std::move(configuration));
  state_->follow_settings();
}

void Node::drain(std::chrono::seconds limit) {
  std::thread envoy;
  if (state_->envoy_listener)
    envoy = std::thread([this, limit] { state_->envoy_listener->drain(limit); });
  state_->server->drain(limit);
  if (envoy.joinable()) envoy.join();
  state_->follower.stop();
  // All that was answered is on record; now the last of it is signed.
  state_->write_queue.stop();
  state_->key_keeper.stop();
  state_->grant_use_keeper.stop();
  state_->keeper.stop();
  if (state_->sharing) state_->sharing->stop();
}

void Node::reopen_audit_file() { state_->keeper.reopen_file(); }

std::uint16_t Node::port() const { return state_->server->port(); }

std::uint16_t Node::envoy_port() const {
  return state_->envoy_listener ? state_->envoy_listener->port() : 0;
}

api::Services& Node::services() { return state_->services; }

}  // namespace agentauth::app

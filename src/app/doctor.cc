#include "app/doctor.h"

#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>

#include "api/limit_gate.h"
#include "app/client_commands.h"
#include "app/database_advice.h"
#include "app/envoy_module.h"
#include "app/http_client.h"
#include "app/limits_file.h"
#include "app/option_values.h"
#include "app/text_table.h"
#include "app/wiring.h"
#include "audit/file_sink.h"
#include "base/json.h"
#include "http/certificate.h"
#include "store/migrations.h"
#include "tokens/signing_key_service.h"

namespace agentauth::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// What one check says, and what it found that later ones build on.
struct Opinion {
  Verdict verdict;
  std::string says;
};
Opinion ok(std::string says) { return {Verdict::ok, std::move(says)}; }
Opinion warn(std::string says) { return {Verdict::warn, std::move(says)}; }
Opinion fail(std::string says) { return {Verdict::fail, std::move(says)}; }
Opinion fail(const Error& error) {
  return fail(error.message + (error.detail.empty() ? "" : ": " + error.detail));
}

struct Patient {
  const Options& options;
  const Clock& clock;
  std::optional<MasterKey> master_key = std::nullopt;
  std::unique_ptr<Database> database = nullptr;  // when it is there and can be opened
  int schema = 0;                                // of an open database
  bool fits = false;                             // that the master key does to it
};

// The file of an embedded database; nothing for PostgreSQL.
std::optional<fs::path> database_file(const Options& options) {
  constexpr std::string_view scheme = "sqlite:";
  if (!options.database.starts_with(scheme)) return std::nullopt;
  return fs::path(options.database.substr(scheme.size()));
}

Opinion check_configuration(Patient& patient) {
  const auto& file = patient.options.config;
  const fs::path& folder = patient.options.data_dir;
  std::error_code error;
  // Whoever forgets to say which deployment is meant would be told that all is well with none.
  if (!file && database_file(patient.options) && !fs::exists(folder, error))
    return warn("valid, without a file, and nothing is at " + folder.string() +
                ": --config FILE or --data-dir names a deployment");
  return ok(file ? "valid, with the file " + file->string() : "valid, without a file");
}

Opinion check_data_dir(Patient& patient) {
  const fs::path& folder = patient.options.data_dir;
  const std::string name = folder.string();
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0)
    return warn(name + " is not there: agentauth serve makes it");
  if (!S_ISDIR(found.st_mode)) return fail(name + " is no folder: choose one with --data-dir");
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
    return fail(name + " may not be written by this user: run as its owner, or change it");
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return warn(name + " is open to other users: run chmod 700 on it");
  return ok(name + " is this user's alone");
}

Opinion check_master_key(Patient& patient) {
  const std::string path = master_key_path(patient.options);
  std::error_code error;
  if (!fs::exists(path, error) && !error && !patient.options.master_key_file)
    return warn(path + " is not there: agentauth serve makes it for a new database");
  SystemRandom random;
  auto key = MasterKey::load(path, MasterKey::IfMissing::fail, random);
  if (!key) return fail(key.error());
  patient.master_key = std::move(*key);
  return ok(path + " holds 32 bytes and is private");
}

// Opening a database that is not there would make it.
std::optional<Opinion> check_file(const Options& options) {
  const auto file = database_file(options);
  std::error_code error;
  if (!file || fs::exists(*file, error)) return std::nullopt;
  const fs::path folder = file->parent_path();
  if (folder != options.data_dir && !folder.empty() && !fs::is_directory(folder, error))
    return fail(file->string() + " has no folder: make it, or name another with --database");
  return warn(file->string() + " is not there: agentauth serve makes it");
}

Opinion check_database(Patient& patient) {
  if (auto missing = check_file(patient.options)) return *std::move(missing);
  auto database = open_database(patient.options);
  if (!database) return fail(database.error());
  const auto version =
      with_database_advice((*database)->read(find_schema_version), patient.options.database);
  if (!version) return fail(version.error());
  patient.database = std::move(*database);
  patient.schema = *version;
  return ok(mask_url_password(patient.options.database) + " answers");
}

Opinion check_schema(Patient& patient) {
  if (!patient.database) return warn("unknown without a database");
  const std::string found = "version " + std::to_string(patient.schema);
  const std::string known = std::to_string(schema_version());
  if (patient.schema == schema_version()) return ok(found);
  if (patient.schema == 0) return warn("the database is empty: agentauth serve sets it up");
  if (patient.schema < schema_version())
    return warn(found + ": agentauth serve or migrate brings it to " + known);
  return fail(found + ", this program knows " + known + ": install the newer agentauth");
}

Opinion check_fit(Patient& patient) {
  if (!patient.database || patient.schema == 0) return warn("unknown without a database in use");
  const auto kept = with_database_advice(patient.database->read([](Transaction& tx) {
    return tx.settings().find(master_key_setting);
  }),
                                         patient.options.database);
  if (!kept) return fail(kept.error());
  if (!*kept) return warn("the database belongs to none yet: agentauth serve gives it one");
  if (!patient.master_key)
    return fail(
        "the database was made with one that is not here: bring it back, or name it with "
        "--master-key-file");
  if (**kept != patient.master_key->fingerprint())
    return fail("the database was made with another one: name that with --master-key-file");
  patient.fits = true;
  return ok("is the one the database was made with");
}

Opinion check_signing_keys(Patient& patient) {
  const Options& options = patient.options;
  if (!options.signing_secret.empty()) return ok("--signing-secret signs; it does not rotate");
  if (!patient.fits || patient.schema != schema_version())
    return warn("unknown without a database in use");
  SystemRandom random;
  SigningKeyService service(*patient.database, *patient.master_key, patient.clock, random, {}, {});
  const auto listed = service.list();
  if (!listed) return fail(listed.error());
  if (listed->empty()) return warn("there is none yet: agentauth serve makes the first");
  if (const auto opened = service.load(); !opened) return fail(opened.error());
  const auto active = std::find_if(listed->begin(), listed->end(), [](const auto& key) {
    return key.state == SigningKeyState::active;
  });
  const std::string says = active->kid + " signs since " + format_rfc3339(active->signs_from);
  const bool overdue = options.signing_key_rotation > 0s && active == listed->begin() &&
                       patient.clock.now() > active->signs_from + options.signing_key_rotation;
  if (overdue) return warn(says + " and is to be rotated: a server that runs does so");
  return ok(says + "; keys that verify: " + std::to_string(listed->size()));
}

// Whether what listens there is an AgentAuth server, by its answer to /healthz.
bool is_ours(const Options& options) {
  std::string host = options.listen.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  const ListenAddress address{host, options.listen.port};
  const auto url =
      ServerUrl::parse((options.tls_cert ? "https://" : "http://") + address.to_string());
  if (!url) return false;
  // Signed by itself or not: what we show is what we trust here.
  const auto client = create_http_client({*url, options.tls_cert, 3s});
  const auto answer =
      client ? (*client)->send({"GET", "/healthz"}) : tl::unexpected(client.error());
  return answer && answer->status == 200 && answer->body == R"({"status":"ok"})" &&
         !answer->request_id.empty();
}

Opinion check_port(Patient& patient) {
  const Options& options = patient.options;
  const std::string where = options.listen.to_string();
  const auto address = listen_address(options.listen, "--listen");
  if (!address) return fail(address.error());
  if (options.listen.port == 0) return ok("a free one is taken at the start");
  const auto found = http::find_address_use(*address, options.listen.port);
  if (!found) return fail(found.error().message + ": choose another with --listen");
  if (*found == http::AddressUse::free) return ok(where + " is free");
  if (is_ours(options)) return ok(where + " is served by an AgentAuth server");
  if (options.tls_cert)
    return warn(where +
                " is in use, by no server that this machine can verify: if it is not an "
                "AgentAuth server, choose another with --listen");
  return fail(where + " is in use by another program: end that, or choose another with --listen");
}

Opinion check_envoy(Patient& patient) {
  const auto& listen = patient.options.envoy_listen;
  if (!listen) return ok("is not answered over gRPC: see --envoy-listen");
  const auto address = listen_address(*listen, "--envoy-listen");
  if (!address) return fail(address.error());
  if (const auto loaded = load_envoy_module(); !loaded) return fail(loaded.error());
  if (patient.options.trusted_proxies.empty())
    return warn("its address is taken for the client's: name it with --trusted-proxies");
  if (!listen->is_loopback() && !patient.options.tls_cert)
    return warn("tokens travel in the clear between it and this machine; see --tls-cert");
  if (listen->port == 0) return ok("a free port is taken at the start");
  const auto found = http::find_address_use(*address, listen->port);
  if (!found) return fail(found.error().message + ": choose another with --envoy-listen");
  if (*found == http::AddressUse::free) return ok(listen->to_string() + " is free");
  return warn(listen->to_string() +
              " is in use: if it is not by this AgentAuth server, choose another with "
              "--envoy-listen");
}

Opinion check_limits(Patient& patient) {
  const Options& options = patient.options;
  const auto routes = api::limited_routes(options.registration);
  if (const auto configured = configured_limits(options, routes); !configured)
    return fail(configured.error());
  if (!options.limits_file) return ok("without a file");
  return ok(options.limits_file->string() + " can be read");
}

Opinion check_audit_file(Patient& patient) {
  const auto& file = patient.options.audit_file;
  if (!file) return ok("none: see --audit-file");
  const std::string name = file->string();
  struct stat found {};
  if (::lstat(name.c_str(), &found) != 0 && errno == ENOENT) {
    const fs::path folder = file->has_parent_path() ? file->parent_path() : fs::path(".");
    if (::access(folder.c_str(), W_OK | X_OK) == 0)
      return warn(name + " is not there: agentauth serve makes it");
    return fail(name +
                " is not there and cannot be made: let its folder exist, and this user "
                "write there");
  }
  const auto sink = audit::FileSink::open_existing(name);
  if (!sink) return fail(sink.error());
  const auto& position = sink->position();
  return ok(position ? name + " goes up to event " + std::to_string(position->sequence)
                     : name + " is empty");
}

Opinion check_tls(Patient& patient) {
  const Options& options = patient.options;
  if (!options.tls_cert) {
    if (options.listen.is_loopback()) return ok("none, and only this machine can connect");
    return warn(
        "none: keys and tokens travel in the clear unless a proxy speaks TLS; see --tls-cert");
  }
  const auto life =
      http::inspect_certificate(options.tls_cert->string(), options.tls_key->string());
  if (!life) return fail(life.error());
  const std::string name = options.tls_cert->string();
  const Timestamp now = patient.clock.now();
  if (now < life->begins) return fail(name + " is valid only from " + format_rfc3339(life->begins));
  if (now >= life->ends)
    return fail(name + " has expired at " + format_rfc3339(life->ends) + ": renew it");
  if (life->ends - now < 14 * 24h)
    return warn(name + " expires at " + format_rfc3339(life->ends) + ": renew it soon");
  return ok(name + " fits its key and is valid until " + format_rfc3339(life->ends));
}

Opinion check_clock(Patient& patient) {
  // Before this program was written; and what is in the database was not written in the future.
  constexpr Timestamp written{std::chrono::sys_days{std::chrono::year{2025} / 1 / 1}};
  constexpr auto tolerated = 10s;
  const Timestamp now = patient.clock.now();
  const std::string shown = format_rfc3339(now);
  if (now < written) return fail(shown + " is in the past: set the clock, with NTP");
  if (patient.database && patient.schema > 0) {
    const auto last =
        patient.database->read([](Transaction& tx) { return tx.changes().newest_time(); });
    if (last && *last && **last > now + tolerated)
      return fail(shown + " is before the database's last change at " + format_rfc3339(**last) +
                  ": set the clock, with NTP");
  }
  timex kernel{};
  if (::adjtimex(&kernel) == TIME_ERROR)
    return warn(shown +
                ", which nothing keeps right: run an NTP service, or tokens end early or late");
  return ok(shown);
}

struct Check {
  std::string_view name;
  Opinion (*run)(Patient&);
};
// In the order of a start; later ones use what earlier ones found.
constexpr auto checks = std::to_array<Check>({
    {"configuration", check_configuration},
    {"data folder", check_data_dir},
    {"master key", check_master_key},
    {"database", check_database},
    {"schema", check_schema},
    {"master key of the database", check_fit},
    {"signing keys", check_signing_keys},
    {"port", check_port},
    {"Envoy", check_envoy},
    {"TLS", check_tls},
    {"limits", check_limits},
    {"audit file", check_audit_file},
    {"clock", check_clock},
});

std::string_view word(Verdict verdict, Form form) {
  if (verdict == Verdict::ok) return "ok";
  if (verdict == Verdict::warn) return "warn";
  // People shall not overlook it.
  return form == Form::text ? "FAIL" : "fail";
}

}  // namespace

std::vector<Finding> examine(const Options& options, const Clock& clock) {
  Patient patient{options, clock};
  std::vector<Finding> findings;
  for (const Check& check : checks) {
    Opinion opinion = check.run(patient);
    findings.push_back({check.name, opinion.verdict, std::move(opinion.says)});
  }
  return findings;
}

std::vector<Finding> refused_options(const Error& error) {
  return {{checks.front().name, Verdict::fail, error.message}};
}

int report_findings(const std::vector<Finding>& findings, Form form, std::ostream& out) {
  bool failed = false;
  std::string json;
  JsonWriter writer(json);
  writer.open();
  writer.name("checks");
  writer.open_array();
  for (const Finding& finding : findings) {
    failed = failed || finding.verdict == Verdict::fail;
    if (form == Form::text)
      out << word(finding.verdict, form) << ' ' << finding.check << ": " << printable(finding.says)
          << '\n';
    writer.open();
    writer.member("check", finding.check);
    writer.member("result", word(finding.verdict, form));
    writer.member("detail", finding.says);
    writer.close();
  }
  writer.close_array();
  writer.name("ok");
  writer.boolean(!failed);
  writer.close();
  if (form == Form::json) out << json << '\n';
  return failed ? exit_failed : exit_done;
}

}  // namespace agentauth::app

#include "app/signing_key_commands.h"

#include <thread>

#include "app/client_commands.h"
#include "app/database_advice.h"
#include "app/follower.h"
#include "app/node_name.h"
#include "app/text_table.h"
#include "app/wiring.h"
#include "audit/chain.h"
#include "tokens/signing_key_service.h"

namespace agentauth::app {
namespace {

// The keys of a database that is there and in use.
class KeysOfDatabase {
 public:
  static Result<std::unique_ptr<KeysOfDatabase>> open(const Options& options) {
    auto database = TRY(open_existing_database(options));
    const MasterKey master_key = TRY(load_master_key_of(*database, options));
    database->append_audit_by(audit::append);
    return std::make_unique<KeysOfDatabase>(std::move(database), master_key, options);
  }

  KeysOfDatabase(std::unique_ptr<Database> database, const MasterKey& master_key,
                 const Options& options)
      : database_(std::move(database)),
        // How long tokens live only servers know; they put it down as soon as they hear of a key.
        service_(*database_, master_key, clock_, random_, audit_node_name(),
                 {.lead = options.signing_key_lead, .token_lifetime = Seconds{0}}) {}

  SigningKeyService& service() { return service_; }
  Result<bool> rest() { return servers_use_configured_secret(*database_); }

 private:
  const SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<Database> database_;
  SigningKeyService service_;
};

Result<void> refuse_a_configured_secret(const Options& options) {
  if (options.signing_secret.empty()) return {};
  return failure(Errc::conflict,
                 "--signing-secret signs access tokens, no key of the database: to rotate it, "
                 "restart the servers with another one, or see agentauth help signing-key adopt");
}

std::string text_of(const std::optional<Timestamp>& time) {
  return time ? format_rfc3339(*time) : "-";
}

void print_json(const std::vector<SigningKeyDescription>& keys, std::ostream& out) {
  std::string text;
  JsonWriter writer(text);
  writer.open();
  writer.name("items");
  writer.open_array();
  for (const SigningKeyDescription& key : keys) write_fields(key, writer);
  writer.close_array();
  writer.close();
  out << text << '\n';
}

int print_key(const CommandLine& line, const SigningKeyDescription& key, std::ostream& out) {
  if (line.wants_json()) {
    std::string text;
    JsonWriter writer(text);
    write_fields(key, writer);
    out << text << '\n';
  } else {
    out << "kid         " << key.kid << "\nsigns_from  " << format_rfc3339(key.signs_from) << '\n';
  }
  return exit_done;
}

}  // namespace

Result<int> list_signing_keys(const CommandLine& line, const Options& options, std::ostream& out,
                              std::ostream& advice) {
  TRY(refuse_a_configured_secret(options));
  const auto keys = TRY(KeysOfDatabase::open(options));
  const auto listed = TRY(with_database_advice(keys->service().list(), options.database));
  if (TRY(with_database_advice(keys->rest(), options.database)))
    advice << "agentauth: the servers sign with --signing-secret; these keys rest\n";
  if (line.wants_json()) {
    print_json(listed, out);
    return exit_done;
  }
  TextTable table(out);
  for (const std::string_view heading : {"KID", "STATE", "SIGNS FROM", "VERIFIES UNTIL"})
    table.add_column(heading);
  for (const SigningKeyDescription& key : listed)
    table.add({key.kid, std::string(to_string(key.state)), format_rfc3339(key.signs_from),
               text_of(key.verifies_until)});
  table.print();
  return exit_done;
}

Result<int> rotate_signing_key(const CommandLine& line, const Options& options, std::ostream& out) {
  TRY(refuse_a_configured_secret(options));
  const auto keys = TRY(KeysOfDatabase::open(options));
  if (TRY(with_database_advice(keys->rest(), options.database)))
    return failure(Errc::conflict,
                   "the servers sign with --signing-secret, no key of the database: nothing was "
                   "rotated; restart them with another secret, or without one");
  const auto rotation = line.has("now") ? KeyRotation::at_once : KeyRotation::published_first;
  const auto key = TRY(with_database_advice(keys->service().rotate(rotation), options.database));
  // Servers read the change log at every poll interval.
  std::this_thread::sleep_for(3 * poll_interval);
  return print_key(line, key, out);
}

Result<int> adopt_signing_key(const CommandLine& line, const Options& options, std::ostream& out) {
  if (options.signing_secret.empty())
    return tl::unexpected(Error{.code = Errc::invalid_argument,
                                .message = "One or more fields are invalid",
                                .fields = {{"--signing-secret-file",
                                            "is needed: the secret that "
                                            "the servers sign with"}}});
  const auto keys = TRY(KeysOfDatabase::open(options));
  if (!TRY(with_database_advice(keys->rest(), options.database)))
    return failure(Errc::conflict,
                   "the servers sign with keys of the database: there is nothing to adopt");
  return print_key(
      line,
      TRY(with_database_advice(keys->service().adopt(options.signing_secret), options.database)),
      out);
}

}  // namespace agentauth::app

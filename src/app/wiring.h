// Puts the server together, once: who is made of what, and in which order it lives and dies.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "api/dispatcher.h"
#include "app/options.h"
#include "base/log.h"
#include "crypto/master_key.h"
#include "crypto/random.h"
#include "directory/directory.h"
#include "http/server.h"
#include "limits/limit_service.h"
#include "store/database.h"

namespace agentauth::app {

// Which setting of the database says what master key it was made with.
inline constexpr const char* master_key_setting = "master_key_fingerprint";

// Whether the server that started last signs access tokens with a configured secret. Commands on
// the database are not told of it in any other way. Errors: unavailable.
Result<bool> servers_use_configured_secret(Database& database);

// Where the master key is, or is to be.
std::string master_key_path(const Options& options);

// The IP address to listen on. Errors: invalid_argument, which names the option.
Result<std::string> listen_address(const ListenAddress& address, std::string_view option);

// Makes the data folder, for its owner only, when it is missing. Errors: invalid_argument.
Result<void> make_data_dir(const Options& options);

// The one that was made with the database. Errors: invalid_argument.
Result<MasterKey> load_existing_master_key(const Options& options);

// Not yet migrated. Errors: invalid_argument with --database as its field when the URL is none;
// otherwise, here and below, what is wrong with the database, which one, and what to do.
Result<std::unique_ptr<Database>> open_database(const Options& options);

// What is said where an embedded database is to be there and is not.
std::string no_database_at(const std::string& file);

// One that is there and up to date: nothing is made, migrated or claimed.
// Errors: invalid_argument too when there is none, or one of another schema version.
Result<std::unique_ptr<Database>> open_existing_database(const Options& options);

// The one the database was made with. Errors: invalid_argument, when what is there is another.
Result<MasterKey> load_master_key_of(Database& database, const Options& options);

// What every command that stands on the database needs: the data folder, the master key and a
// database that is migrated and belongs to that key.
class Foundation {
 public:
  // Errors: invalid_argument or unavailable, in a sentence that says what to do.
  static Result<std::unique_ptr<Foundation>> create(const Options& options);

  const Clock& clock() const { return clock_; }
  Random& random() { return random_; }
  const MasterKey& master_key() const { return master_key_; }
  Database& database() { return *database_; }
  // Whether the database was empty.
  bool made_database() const { return made_database_; }

 private:
  Foundation(MasterKey master_key, std::unique_ptr<Database> database, bool made_database)
      : master_key_(std::move(master_key)),
        database_(std::move(database)),
        made_database_(made_database) {}

  SystemClock clock_;
  SystemRandom random_;
  MasterKey master_key_;
  std::unique_ptr<Database> database_;
  bool made_database_;
};

// A running server: directory, services, HTTP.
class Node {
 public:
  // Loads the directory and binds the port; serves after start().
  // Errors: as above; invalid_argument also for the address and TLS files.
  static Result<std::unique_ptr<Node>> create(const Options& options, Foundation& foundation,
                                              Log& log);
  ~Node();

  void start();
  // For new connections. Errors: invalid_argument, and everything stays as it was.
  Result<void> use_certificate(const std::string& certificate_file, const std::string& key_file);
  // The rate limits of its configuration. Errors: invalid_argument.
  Result<LimitConfiguration> read_limits(const Options& options) const;
  // In force when it returns, or once the database answers. REQUIRES: they were read by this.
  void use_limits(LimitConfiguration configuration);
  void drain(std::chrono::seconds limit);
  // After logrotate moved it away.
  void reopen_audit_file();
  std::uint16_t port() const;
  // Of Envoy's listener; 0 without one.
  std::uint16_t envoy_port() const;
  api::Services& services();

 private:
  struct State;
  explicit Node(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace agentauth::app

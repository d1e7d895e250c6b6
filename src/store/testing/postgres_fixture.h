// A PostgreSQL cluster for tests: one a program, on a Unix socket in a temporary directory.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <mutex>
#include <string>

namespace agentauth::testing {

// Started by the first call of server(), which belongs on the main thread, and gone with the
// program. AGENTAUTH_TEST_POSTGRES=postgresql://… names a server that runs already; the account
// in it must be allowed to create databases. Where neither can be had, everything here throws: a
// test that needs PostgreSQL fails without it.
class PostgresServer {
 public:
  static PostgresServer& server();

  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer();

  // Makes an empty database and returns its name.
  std::string create_database();
  // The same with all migrations applied: a copy, which takes a tenth of their time.
  std::string create_migrated_database();
  void drop_database(const std::string& name);
  std::string url(const std::string& database) const;

  // Whether its processes are ours, to be stopped and continued.
  bool is_private() const { return process_ != 0; }

 private:
  PostgresServer();
  void start();
  void initialize() const;
  void launch();
  void wait_until_ready() const;
  std::string log() const;
  void run(const std::string& sql) const;

  std::string copy_of(const std::string& source);
  std::string maintenance_url_;
  std::filesystem::path root_;
  pid_t process_ = 0;
  std::mutex making_migrated_;
  std::string migrated_;  // what is copied; empty: not made yet
};

}  // namespace agentauth::testing

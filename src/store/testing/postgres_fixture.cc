#include "store/testing/postgres_fixture.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "store/database.h"
#include "store/migrations.h"
#include "store/session.h"

namespace agentauth::testing {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds start_wait_max{60'000};
constexpr milliseconds start_poll_pause{20};

std::string environment(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

std::string program(const char* name) {
  std::string path =
      environment("AGENTAUTH_POSTGRES_BIN", "/usr/lib/postgresql/15/bin") + "/" + name;
  if (::access(path.c_str(), X_OK) != 0)
    throw std::runtime_error("PostgreSQL 15 is missing: no " + path);
  return path;
}

// PostgreSQL refuses to run as root.
const passwd* unprivileged_account() {
  if (::geteuid() != 0) return nullptr;
  const passwd* const account = ::getpwnam("postgres");
  if (account == nullptr) throw std::runtime_error("there is no account named postgres");
  return account;
}

// Between fork and exec only what is safe after a fork of a program with threads.
pid_t spawn(const std::vector<std::string>& command, const std::filesystem::path& output) {
  const passwd* const account = unprivileged_account();
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child > 0) return child;
  const int log = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, 0);
  ::dup2(log, 1);
  ::dup2(log, 2);
  if (account != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(account->pw_gid) != 0 ||
                             ::setuid(account->pw_uid) != 0))
    ::_exit(126);
  // When the test program dies in whatever way, its server stops too. (Changing the account
  // clears this, so it comes last; the parent may be gone by now.)
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent) ::_exit(125);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

// The same server, another database: postgresql://WHO@WHERE/database?HOW.
std::string with_database(const std::string& url, const std::string& database) {
  const std::size_t authority = url.find("://");
  if (authority == std::string::npos)
    throw std::runtime_error("AGENTAUTH_TEST_POSTGRES is not a URL");
  const std::size_t options = std::min(url.find('?'), url.size());
  const std::size_t path = std::min(url.find('/', authority + 3), options);
  return url.substr(0, path) + "/" + database + url.substr(options);
}

}  // namespace

PostgresServer& PostgresServer::server() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() : maintenance_url_(environment("AGENTAUTH_TEST_POSTGRES", "")) {
  if (maintenance_url_.empty()) start();
}

PostgresServer::~PostgresServer() {
  if (process_ == 0) {
    if (!migrated_.empty()) drop_database(migrated_);
    return;
  }
  ::kill(process_, SIGQUIT);
  ::waitpid(process_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

void PostgresServer::start() {
  std::string path = (std::filesystem::temp_directory_path() / "agentauth-store-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr)
    throw std::runtime_error("cannot make a temporary directory");
  root_ = path;
  if (const passwd* const account = unprivileged_account();
      account != nullptr && ::chown(path.c_str(), account->pw_uid, account->pw_gid) != 0)
    throw std::runtime_error("cannot give away the temporary directory");
  maintenance_url_ = "postgresql://agentauth@/postgres?host=" + root_.string();
  initialize();
  launch();
  wait_until_ready();
}

void PostgresServer::initialize() const {
  const pid_t child = spawn({program("initdb"), "-D", (root_ / "data").string(), "-U", "agentauth",
                             "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"},
                            root_ / "log");
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error("initdb failed:\n" + log());
}

void PostgresServer::launch() {
  process_ = spawn({program("postgres"), "-D", (root_ / "data").string(), "-k", root_.string(),
                    "-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off",
                    "-c", "shared_buffers=32MB", "-c", "max_connections=200"},
                   root_ / "log");
}

void PostgresServer::wait_until_ready() const {
  const auto driver = open_driver(maintenance_url_);
  if (!driver) throw std::runtime_error(driver.error().message);
  const auto deadline = std::chrono::steady_clock::now() + start_wait_max;
  while (!(*driver)->connect()) {
    if (std::chrono::steady_clock::now() > deadline || ::waitpid(process_, nullptr, WNOHANG) != 0)
      throw std::runtime_error("PostgreSQL did not start:\n" + log());
    std::this_thread::sleep_for(start_poll_pause);
  }
}

std::string PostgresServer::log() const {
  std::ostringstream text;
  text << std::ifstream(root_ / "log").rdbuf();
  return text.str();
}

std::string PostgresServer::create_database() { return copy_of("template0"); }

std::string PostgresServer::create_migrated_database() {
  const std::lock_guard lock(making_migrated_);
  if (migrated_.empty()) {
    const std::string name = create_database();
    const auto database = Database::open(url(name));
    if (!database) throw std::runtime_error(database.error().message);
    if (const auto done = apply_migrations(**database); !done)
      throw std::runtime_error(done.error().message);
    migrated_ = name;
  }
  return copy_of(migrated_);
}

// Copies files, which is quicker than the log where nothing is synced.
std::string PostgresServer::copy_of(const std::string& source) {
  static std::atomic<int> count{0};
  std::string name = "agentauth_test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
  run("CREATE DATABASE " + name + " TEMPLATE " + source + " ENCODING 'UTF8' STRATEGY FILE_COPY");
  return name;
}

void PostgresServer::drop_database(const std::string& name) {
  run("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
}

std::string PostgresServer::url(const std::string& database) const {
  return with_database(maintenance_url_, database);
}

void PostgresServer::run(const std::string& sql) const {
  const auto driver = open_driver(maintenance_url_);
  if (!driver) throw std::runtime_error(driver.error().message);
  const auto session = (*driver)->connect();
  if (!session) throw std::runtime_error(session.error().detail);
  if (const auto done = (*session)->run_script(sql); !done)
    throw std::runtime_error(done.error().detail);
}

}  // namespace agentauth::testing

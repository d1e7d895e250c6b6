// A directory of a given size, read from a real database in a folder that is removed at the end.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

#include "directory/directory.h"
#include "store/database.h"

namespace agentauth::bench {

// What every agent holds, beside one permission that a thousandth of the agents hold.
inline constexpr std::string_view exact_grant = "reports:monthly:read";
inline constexpr std::string_view wildcard_grant = "metrics:*";
inline constexpr std::size_t grants_per_agent = 3;

// Ends the program with the error: a benchmark of something that did not work measures nothing.
[[noreturn]] void give_up(const Error& error);

template <class T>
T must(Result<T>&& result) {
  if (!result) give_up(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class Population {
 public:
  // With `grants` grants, three to an agent. Made when it is first asked for, and kept.
  static Population& of(std::size_t grants);

  Database& database() { return *database_; }
  Directory& directory() { return directory_; }
  const std::vector<AgentId>& agents() const { return agents_; }
  // Agents in an order that no cache can foresee; a power of two of them.
  const std::vector<AgentId>& drawn() const { return drawn_; }

 private:
  explicit Population(std::size_t grants);
  void insert(std::size_t agent_count);

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
  Directory directory_;
  std::vector<AgentId> agents_;
  std::vector<AgentId> drawn_;
};

}  // namespace agentauth::bench

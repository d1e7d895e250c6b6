#include "bench/micro/population.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>

#include "store/migrations.h"

namespace agentauth::bench {
namespace {

constexpr std::size_t draws = std::size_t{1} << 20;

std::unique_ptr<Database> open_database(const std::filesystem::path& folder) {
  auto database = must(Database::open("sqlite:" + (folder / "agentauth.db").string()));
  must(apply_migrations(*database));
  return database;
}

// Version 4, like the database's own, but the same in each run.
AgentId random_id(std::mt19937_64& random) {
  AgentId id;
  for (std::uint8_t& byte : id.uuid.bytes) byte = static_cast<std::uint8_t>(random());
  id.uuid.bytes[6] = static_cast<std::uint8_t>(0x40 | (id.uuid.bytes[6] & 0x0F));
  id.uuid.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.uuid.bytes[8] & 0x3F));
  return id;
}

}  // namespace

void give_up(const Error& error) {
  std::fprintf(stderr, "agentauth_bench: %s (%s)\n", error.message.c_str(), error.detail.c_str());
  std::exit(1);
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "agentauth-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    give_up({Errc::internal, "no temporary folder can be made", name});
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Population& Population::of(std::size_t grants) {
  static std::map<std::size_t, std::unique_ptr<Population>> made;
  auto& population = made[grants];
  if (!population) population.reset(new Population(grants));
  return *population;
}

// Nobody polls here, so the directory stays fresh for a day.
Population::Population(std::size_t grants)
    : database_(open_database(folder_.path())), directory_(*database_, std::chrono::hours{24}) {
  insert(grants / grants_per_agent + (grants % grants_per_agent != 0 ? 1 : 0));
  must(directory_.load());
  std::mt19937_64 random(2);
  drawn_.reserve(draws);
  for (std::size_t i = 0; i < draws; ++i) drawn_.push_back(agents_[random() % agents_.size()]);
}

void Population::insert(std::size_t agent_count) {
  std::mt19937_64 random(1);
  agents_.reserve(agent_count);
  for (std::size_t i = 0; i < agent_count; ++i) agents_.push_back(random_id(random));
  must(database_->write([&](Transaction& tx) -> Result<void> {
    for (std::size_t i = 0; i < agent_count; ++i) {
      const AgentId id = agents_[i];
      TRY(tx.session().execute(
          "INSERT INTO agents (id, agent_name, owner_email) VALUES ($1, $2, $3)",
          {id, "Agent " + std::to_string(i), "ops@example.com"}));
      const std::string rare = "tenant_" + std::to_string(i % 1000) + ":read";
      for (const std::string_view permission :
           {std::string_view(rare), exact_grant, wildcard_grant})
        TRY(tx.session().execute("INSERT INTO permissions (agent_id, permission) VALUES ($1, $2)",
                                 {id, permission}));
    }
    return {};
  }));
}

}  // namespace agentauth::bench

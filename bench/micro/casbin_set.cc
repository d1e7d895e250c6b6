#include "bench/micro/casbin_set.h"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "authz/decision.h"

namespace agentauth::bench {
namespace {

constexpr std::size_t rules_per_role = 11;
constexpr std::size_t users_per_role = 10;
constexpr std::size_t roles_per_data = 10;
constexpr std::size_t decisions_between_looks = 1000;  // at the clock
constexpr Timestamp now{std::chrono::seconds{1'800'000'000}};

std::string user_name(const std::string& number) { return "user:user" + number; }
std::string data_name(const std::string& number) { return "data:data" + number; }

// As texts, like everybody is asked.
struct Asked {
  std::string user;
  std::string data;
};

struct Questions {
  std::vector<Asked> all;
  std::size_t next = 0;
};

bool is_allowed(const Directory& directory, const Asked& asked,
                std::chrono::steady_clock::time_point started) {
  if (!directory.is_fresh(started)) return false;
  const Directory::View view(directory);
  Question question = question_of(view, "read", now);
  question.resource = asked.data;
  return decide(view, Subject(asked.user), question).allowed();
}

std::string answers(const Directory& directory, const Questions& questions) {
  std::string given;
  for (const Asked& asked : questions.all)
    given += is_allowed(directory, asked, std::chrono::steady_clock::now()) ? '1' : '0';
  return given;
}

double cpu_nanoseconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

double nanoseconds_a_decision(const Directory& directory, Questions& questions, double seconds) {
  const auto started = std::chrono::steady_clock::now();
  const auto end = started + std::chrono::duration<double>(seconds);
  const double before = cpu_nanoseconds();
  std::size_t asked = 0;
  for (; std::chrono::steady_clock::now() < end; asked += decisions_between_looks)
    for (std::size_t i = 0; i < decisions_between_looks; ++i) {
      benchmark::DoNotOptimize(is_allowed(directory, questions.all[questions.next], started));
      if (++questions.next == questions.all.size()) questions.next = 0;
    }
  return (cpu_nanoseconds() - before) / static_cast<double>(asked);
}

Questions read_questions(std::istream& words) {
  Questions questions;
  for (std::string word; words >> word;) {
    const std::size_t colon = word.find(':');
    if (colon == std::string::npos)
      give_up({Errc::invalid_argument, "a question is USER:DATA", word});
    questions.all.push_back({user_name(word.substr(0, colon)), data_name(word.substr(colon + 1))});
  }
  return questions;
}

}  // namespace

PolicySet& casbin_set(std::size_t rules) {
  static std::map<std::size_t, std::unique_ptr<PolicySet>> made;
  auto& set = made[rules];
  if (set) return *set;
  set = std::make_unique<PolicySet>();
  set->set_up([&](Transaction& tx) -> Result<void> {
    for (std::size_t i = 0; i < rules / rules_per_role; ++i) {
      const std::string name = "role:group" + std::to_string(i);
      const RoleId role = TRY(set->add_role(tx, name));
      Terms terms;
      terms.resource = data_name(std::to_string(i / roles_per_data));
      TRY(PolicySet::add_grant(tx, {name, {}, role}, "read", terms));
      for (std::size_t user = 0; user < users_per_role; ++user) {
        const std::string member = user_name(std::to_string(i * users_per_role + user));
        TRY(PolicySet::add_member(tx, member, {}, role));
      }
    }
    return {};
  });
  return *set;
}

int serve_casbin() {
  std::map<std::pair<std::size_t, std::string>, Questions> kept;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    std::string name;
    std::size_t rules = 0;
    words >> verb >> rules;
    const Directory& directory = casbin_set(rules).directory();
    std::string answer = "loaded";
    if (verb == "ask" && words >> name) {
      answer = answers(directory, kept[{rules, name}] = read_questions(words));
    } else if (double seconds = 0; verb == "time" && words >> name >> seconds) {
      answer = std::to_string(nanoseconds_a_decision(directory, kept.at({rules, name}), seconds));
    } else if (verb != "load") {
      give_up({Errc::invalid_argument, "not a line that is understood", line});
    }
    std::puts(answer.c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace agentauth::bench

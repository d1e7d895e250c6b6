// The table of what is known of subjects and resources, for conditions to look at.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "base/time.h"
#include "store/session.h"

namespace agentauth {

class EntityRepository {
 public:
  explicit EntityRepository(Session& session) : session_(session) {}

  struct State {
    std::string type;
    std::string id;
    std::string properties;  // a JSON object
    Timestamp updated_at{};
  };

  // Returns whether it is new.
  Result<bool> put(const std::string& type, const std::string& id, const std::string& properties,
                   Timestamp now);
  Result<std::optional<State>> find(const std::string& type, const std::string& id);
  // Errors: not_found.
  Result<void> erase(const std::string& type, const std::string& id);
  // Of a type, by id.
  Result<std::vector<State>> list(const std::string& type, const std::string& after,
                                  std::int64_t limit);
  struct Name {
    std::string type;
    std::string id;
  };
  // Of those of them that are there, in no order.
  Result<void> each_of(std::span<const Name> names, FunctionRef<void(const State&)> visit);
  // Ends with the first error of the visitor's.
  Result<void> each(FunctionRef<Result<void>(const State&)> visit);

 private:
  Session& session_;
};

}  // namespace agentauth

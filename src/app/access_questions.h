// Questions to the AuthZEN endpoints (Authorization API 1.0), as commands put them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/client_call.h"

namespace agentauth::app {

// Appends "name":{"type":…,"id":…}. Errors: invalid_argument when it is not type:id.
Result<void> write_entity(std::string_view name, std::string_view entity, JsonWriter& out);

// AuthZEN asks about some resource, always. Of this one only grants of everything say anything.
inline constexpr std::string_view no_resource = "none:none";

// Appends subject, action and resource; an empty resource is no_resource. Errors: as write_entity.
Result<void> write_question(std::string_view subject, std::string_view action,
                            std::string_view resource, JsonWriter& out);

// What a search is asked; an action that is empty is left out.
struct SearchQuestion {
  std::string action = {};
  std::string subject_type = {};  // in place of `subject`, when subjects are looked for
  std::string subject = {};
  std::string resource = {};  // empty: no_resource
};
// All results to the last page: names of actions, or type:id. Errors: also invalid_argument.
Result<std::vector<std::string>> search(ApiClient& api, std::string_view path,
                                        const SearchQuestion& question);
// One a line, or as JSON.
Result<int> print_search(const Call& call, std::string_view path, const SearchQuestion& question);

}  // namespace agentauth::app

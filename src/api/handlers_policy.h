// Policy as a document.
#pragma once

#include "api/operations.h"
#include "authz/policy_service.h"

namespace agentauth::api {

struct ApplyPolicy : PolicyDocument {
  std::optional<bool> dry_run;
  std::optional<bool> keep;
  static constexpr auto fields() {
    return joined(
        std::array{field<&ApplyPolicy::dry_run>(
                       {.name = "dry_run",
                        .place = Place::query,
                        .example = "true",
                        .about = "true: answer with what would change, and change nothing"}),
                   field<&ApplyPolicy::keep>(
                       {.name = "keep",
                        .place = Place::query,
                        .example = "false",
                        .about = "true: only add and change; what is not listed stays"})},
        policy_list_fields<ApplyPolicy>());
  }
};

Result<void> show_policy(Services& services, ApiExchange& exchange);
Result<void> apply_policy(Services& services, ApiExchange& exchange);

}  // namespace agentauth::api

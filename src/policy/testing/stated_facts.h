// Facts as a JSON text states them, see tests/cases/conditions.h.
#pragma once

#include <optional>
#include <string_view>

#include "policy/facts.h"
#include "policy/properties.h"

namespace agentauth::policy::testing {

class StatedFacts {
 public:
  // REQUIRES: an object of that form.
  explicit StatedFacts(std::string_view json) : stated_(*Properties::parse(json)) {
    facts_.subject = entity("subject");
    facts_.resource = entity("resource");
    if (const JsonValue* action = stated_.value().find("action")) {
      if (const JsonValue* name = action->find("name")) facts_.action = name->text;
      facts_.action_properties.sources[0] = action->find("properties");
    }
    facts_.context.sources[0] = stated_.value().find("context");
    if (const JsonValue* now = stated_.value().find("now")) facts_.now = *parse_rfc3339(now->text);
  }

  const Facts& operator*() const { return facts_; }

 private:
  Entity entity(std::string_view name) const {
    const JsonValue* stated = stated_.value().find(name);
    if (stated == nullptr) return {};
    Entity entity{stated->find("type")->text, stated->find("id")->text};
    entity.properties.sources[0] = stated->find("properties");
    return entity;
  }

  Properties stated_;
  Facts facts_;
};

}  // namespace agentauth::policy::testing

// Facts as a JSON object states them, see tests/cases/conditions.h.
#pragma once

#include <string_view>
#include <utility>

#include "policy/facts.h"
#include "policy/properties.h"

namespace agentauth::policy::testing {

class StatedFacts {
 public:
  explicit StatedFacts(Properties stated) : stated_(std::move(stated)) {
    facts_.subject = entity("subject");
    facts_.resource = entity("resource");
    const JsonValue* action = stated_.value().find("action");
    facts_.action = text(action, "name");
    facts_.action_properties.sources[0] = member(action, "properties");
    facts_.context.sources[0] = stated_.value().find("context");
    if (const auto now = parse_rfc3339(text(&stated_.value(), "now"))) facts_.now = *now;
  }
  // REQUIRES: JSON.
  explicit StatedFacts(std::string_view json) : StatedFacts(Properties::parse(json).value()) {}

  const Facts& operator*() const { return facts_; }

 private:
  static const JsonValue* member(const JsonValue* object, std::string_view name) {
    return object == nullptr ? nullptr : object->find(name);
  }
  static std::string_view text(const JsonValue* object, std::string_view name) {
    const JsonValue* value = member(object, name);
    return value == nullptr ? std::string_view() : value->text;
  }
  Entity entity(std::string_view name) const {
    const JsonValue* stated = stated_.value().find(name);
    Entity entity{text(stated, "type"), text(stated, "id")};
    entity.properties.sources[0] = member(stated, "properties");
    return entity;
  }

  Properties stated_;
  Facts facts_;
};

}  // namespace agentauth::policy::testing

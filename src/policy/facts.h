// What a condition may look at: who does what to what, in which circumstances, and when.
#pragma once

#include <array>
#include <string_view>

#include "base/json.h"
#include "base/time.h"

namespace agentauth::policy {

// Attributes from several sources, as JSON objects: the first that names one has the last word.
// What is stored comes before what a caller says. nullptr: that source knows nothing.
struct Attributes {
  std::array<const JsonValue*, 4> sources{};

  const JsonValue* find(std::string_view name) const {
    for (const JsonValue* source : sources)
      if (source != nullptr)
        if (const JsonValue* value = source->find(name)) return value;
    return nullptr;
  }
};

// Who or what a request is about; without a type: nothing.
struct Entity {
  std::string_view type;
  std::string_view id;
  Attributes properties{};
};

struct Facts {
  Entity subject;
  std::string_view action;  // its name
  Attributes action_properties{};
  Entity resource{};
  Attributes context{};
  Timestamp now{};
};

}  // namespace agentauth::policy

// Reads the questions of AuthZEN (Authorization API 1.0), which ignores members that nobody knows:
// so by hand, and with a message for each mistake.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "api/exchange.h"
#include "base/json.h"

namespace agentauth::api {

struct SentEntity {
  std::string_view type;
  std::string_view id;
  const JsonValue* properties = nullptr;  // an object; nullptr: none were sent
};

// Views of the body, which was parsed on this thread and lasts until the next one is.
struct SentQuestion {
  SentEntity subject;
  std::string_view action;
  const JsonValue* action_properties = nullptr;
  SentEntity resource;
  const JsonValue* context = nullptr;

  bool says_something() const {
    return subject.properties != nullptr || action_properties != nullptr ||
           resource.properties != nullptr || context != nullptr;
  }
};

// What is asked for, and so is not part of the question.
// An explanation may be about no resource in particular.
enum class Sought : std::uint8_t { decision, explanation, subjects, resources, actions };

struct SentBatch {
  enum class Until : std::uint8_t { end, first_deny, first_permit };
  static constexpr std::size_t items_max = 1000;

  std::span<const JsonValue> items;  // none: the body itself is the question
  Until until = Until::end;
};

struct SentPage {
  static constexpr std::int64_t limit_max = 1000;

  std::string token;  // empty: the first page
  std::int64_t limit = 100;
};

// All fail with malformed_request.
Result<JsonValue> read_access_body(ApiExchange& exchange);
// What `item` does not say, `defaults` does: a whole member, or what its own is required to have
// (certification scenario, 3.2.7).
Result<SentQuestion> read_question(const JsonValue& item, const JsonValue& defaults,
                                   Sought sought = Sought::decision);
Result<SentBatch> read_batch(const JsonValue& body);
Result<SentPage> read_page(const JsonValue& body);

}  // namespace agentauth::api

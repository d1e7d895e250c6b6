// Questions of AuthZEN to a server that knows two records and what alice may do with them.
#pragma once

#include <string>
#include <string_view>

#include "api/testing/api_fixture.h"

namespace agentauth::api {

inline constexpr std::string_view evaluation = "/access/v1/evaluation";
inline constexpr std::string_view evaluations = "/access/v1/evaluations";

class AccessFixture : public ApiFixture {
 protected:
  AccessFixture() {
    Terms active;
    active.when = R"(resource.properties.status == "active")";
    Terms soft;
    soft.when = "has(action.properties.soft) && action.properties.soft";
    grant("user:alice", "read");
    grant("user:alice", "write", active);
    grant("user:alice", "delete", soft);
    put_entity("record", "1", R"({"status":"active"})");
    put_entity("record", "2", R"({"status":"archived"})");
  }

  GrantId grant(const std::string& subject, const std::string& action, const Terms& terms = {}) {
    return value_of(replica.database().write([&](Transaction& tx) -> Result<GrantId> {
      const GrantId id = TRY(tx.grants().insert({subject, agent_of(subject)}, action, terms)).id;
      TRY(note_change(tx, subject));
      return id;
    }));
  }
  // Makes the role, if there is none, and that one a member of it.
  void add_role(const std::string& role, const std::string& member) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
      TRY(tx.roles().insert(role, ""));
      const RoleId id = TRY(tx.roles().find(role)).id;
      TRY(tx.roles().put_member(member, agent_of(member), id, {}));
      TRY(note_change(tx, role));
      return note_change(tx, member);
    }));
  }
  void put_entity(const std::string& type, const std::string& id, const std::string& properties) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
      TRY(tx.entities().put(type, id, properties, clock.now()));
      TRY(tx.changes().append_name(ChangeKind::entity, type + ":" + id));
      return {};
    }));
  }
  static std::string question(const std::string& subject, const std::string& action,
                              const std::string& resource = R"({"type":"record","id":"1"})") {
    return R"({"subject":)" + subject + R"(,"action":)" + action + R"(,"resource":)" + resource +
           "}";
  }
  static std::string agent(const std::string& id) {
    return R"({"type":"agent","id":")" + id + "\"}";
  }
  Answer ask(std::string_view path, const std::string& body, const std::string& token) {
    return post(std::string(path), body, token);
  }
  // "true granted", "false not_granted", or the status and its detail.
  static std::string told(const Answer& answer) {
    const auto json = parse_json(answer.body);
    if (answer.status != 200) return std::to_string(answer.status) + " " + answer.text("detail");
    return one(*json);
  }
  static std::string one(const JsonValue& json) {
    const JsonValue& context = *json.find("context");
    const std::string decision = json.find("decision")->boolean ? "true " : "false ";
    if (const JsonValue* error = context.find("error"))
      return decision + std::to_string(error->find("status")->integer) + " " +
             std::string(error->find("message")->text);
    return decision + std::string(context.find("reason")->text);
  }
  static std::string all(const Answer& answer) {
    const auto json = parse_json(answer.body);
    if (answer.status != 200 || json->find("evaluations") == nullptr) return told(answer);
    std::string text;
    for (const JsonValue& item : json->find("evaluations")->items)
      text += (text.empty() ? "" : "; ") + one(item);
    return text;
  }

  const std::string alice = R"({"type":"user","id":"alice"})";
  const std::string read = R"({"name":"read"})";
  std::string gate = token_with({"agentauth:access:evaluate"});
  std::string trusted = token_with({"agentauth:access:evaluate", "agentauth:access:assert"});
};

}  // namespace agentauth::api

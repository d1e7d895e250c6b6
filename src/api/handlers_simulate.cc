// What evaluations would come to if something were changed.
#include <algorithm>

#include "api/access_question.h"
#include "api/enforcement.h"
#include "api/handlers_access.h"
#include "authz/simulation.h"
#include "base/json_text.h"

namespace agentauth::api {
namespace {

constexpr std::size_t changes_max = 100;

struct AddedGrant : Terms {
  std::string subject;
  std::string action;
  static constexpr auto fields() {
    return joined(
        std::array{field<&AddedGrant::subject>(
                       {.name = "subject",
                        .max = policy::entity_characters_max,
                        .valid = policy::is_principal,
                        .rule = "must be agent:ID, agent:*, role:NAME, group:NAME or another "
                                "type:ID"}),
                   field<&AddedGrant::action>({.name = "action",
                                               .max = permission_characters_max,
                                               .valid = is_permission,
                                               .rule = permission_rule})},
        term_fields<AddedGrant>());
  }
};

struct ChangedMember : SimulatedMember {
  static constexpr auto fields() {
    return std::array{
        field<&SimulatedMember::member, ChangedMember>({.name = "member",
                                                        .max = policy::entity_characters_max,
                                                        .valid = policy::is_principal,
                                                        .rule = "must be agent:ID, role:NAME, "
                                                                "group:NAME or another type:ID"}),
        field<&SimulatedMember::of, ChangedMember>({.name = "of",
                                                    .max = 70,
                                                    .valid = policy::is_role_or_group,
                                                    .rule = "must be role:NAME or group:NAME"})};
  }
};

// The elements of a change as texts: each is read by itself.
struct SentElement {
  std::string text;
  std::string place;  // change.grants.add[0]
};
struct SentChange {
  std::vector<SentElement> added;
  std::vector<SentElement> removed;
  std::vector<SentElement> joined;
  std::vector<SentElement> left;

  std::size_t size() const { return added.size() + removed.size() + joined.size() + left.size(); }
};

// A change is ours, not AuthZEN's: what nobody reads in it is a mistake worth hearing of.
Result<void> refuse_others(const JsonValue& part, std::string_view place,
                           std::initializer_list<std::string_view> known) {
  for (const JsonMember& member : part.members)
    if (std::find(known.begin(), known.end(), member.name) == known.end())
      return failure(Errc::malformed_request,
                     "There is no member " + std::string(place) + '.' + std::string(member.name));
  return {};
}

Result<void> read_list(const JsonValue& of, std::string_view place, std::string_view name,
                       std::vector<SentElement>& list) {
  const JsonValue* items = of.find(name);
  if (items == nullptr) return {};
  const std::string whole = std::string(place) + '.' + std::string(name);
  if (items->type != JsonValue::Type::array)
    return failure(Errc::malformed_request, whole + " must be an array");
  for (const JsonValue& item : items->items) {
    SentElement& element = list.emplace_back();
    element.place = whole + '[' + std::to_string(list.size() - 1) + ']';
    append_json(item, element.text);
  }
  return {};
}

Result<const JsonValue*> read_part(const JsonValue& of, std::string_view name) {
  static const JsonValue nothing = [] {
    JsonValue object;
    object.type = JsonValue::Type::object;
    return object;
  }();
  const JsonValue* part = of.find(name);
  if (part == nullptr) return &nothing;
  if (part->type != JsonValue::Type::object)
    return failure(Errc::malformed_request, std::string(name) + " must be an object");
  return part;
}

Result<SentChange> read_change(const JsonValue& body) {
  SentChange sent;
  const JsonValue* change = TRY(read_part(body, "change"));
  TRY(refuse_others(*change, "change", {"grants", "members"}));
  const JsonValue* grants = TRY(read_part(*change, "grants"));
  TRY(refuse_others(*grants, "change.grants", {"add", "remove"}));
  const JsonValue* members = TRY(read_part(*change, "members"));
  TRY(refuse_others(*members, "change.members", {"add", "remove"}));
  TRY(read_list(*grants, "change.grants", "add", sent.added));
  TRY(read_list(*grants, "change.grants", "remove", sent.removed));
  TRY(read_list(*members, "change.members", "add", sent.joined));
  TRY(read_list(*members, "change.members", "remove", sent.left));
  if (sent.size() > changes_max)
    return failure(Errc::malformed_request, "change must have at most 100 entries");
  return sent;
}

// An element's error, with its place.
template <class T>
Result<T> placed(const SentElement& element, Result<T> result) {
  if (result) return result;
  Error error = std::move(result).error();
  if (error.fields.empty()) error.message = element.place + ": " + error.message;
  for (FieldError& wrong : error.fields) wrong.field = element.place + '.' + wrong.field;
  return tl::unexpected(std::move(error));
}

Result<Grant> read_added(const std::string& text) {
  const auto sent = TRY(decode<AddedGrant>({{}, {}, text}));
  Grant grant;
  static_cast<Terms&>(grant) = sent;
  TRY(check_terms(grant));
  grant.subject = sent.subject;
  grant.permission = sent.action;
  return grant;
}

Result<std::vector<SimulatedMember>> read_members(const std::vector<SentElement>& elements) {
  std::vector<SimulatedMember> members;
  for (const SentElement& element : elements)
    members.push_back(TRY(placed(element, decode<ChangedMember>({{}, {}, element.text}))));
  return members;
}

tl::unexpected<Error> no_grant(const SentElement& element) {
  return tl::unexpected(Error{.code = Errc::invalid_argument,
                              .message = "One or more fields are invalid",
                              .fields = {{element.place, "there is no grant " + element.text}}});
}

// `of`: whose grants alone are there; empty: everybody's.
Result<std::vector<Grant>> find_removed(Services& services,
                                        const std::vector<SentElement>& elements,
                                        const std::string& of) {
  return services.database.read([&](Transaction& tx) -> Result<std::vector<Grant>> {
    std::vector<Grant> grants;
    for (const SentElement& element : elements) {
      const std::string& text = element.text;
      const auto id =
          text.size() > 2 ? GrantId::parse(text.substr(1, text.size() - 2)) : std::nullopt;
      auto grant = id ? tx.grants().find(*id) : Result<Grant>(failure(Errc::not_found, ""));
      if (!grant && grant.error().code == Errc::not_found) return no_grant(element);
      grants.push_back(TRY(std::move(grant)));
      if (!of.empty() && grants.back().subject != of) return no_grant(element);
    }
    return grants;
  });
}

// Who asks about itself learns what it would come to without something it has, or with a grant of
// its own. Not what a role holds, by joining it, nor what is stored, by a condition on it.
Result<void> require_own(const SimulatedChange& change, const std::string& self) {
  const auto denied = [](std::string_view why) {
    return failure(Errc::permission_denied, "Permission denied", why);
  };
  for (const Grant& grant : change.added)
    if (grant.subject != self || grant.when) return denied("it adds more than a grant of its own");
  for (const SimulatedMember& member : change.left)
    if (member.member != self) return denied("it takes somebody else from a role or group");
  if (!change.joined.empty()) return denied("it joins a role or group");
  return {};
}

// `self`: of whom it may say something; empty: of everybody.
Result<SimulatedChange> find_change(Services& services, const SentChange& sent,
                                    const std::string& self) {
  SimulatedChange change;
  for (const SentElement& element : sent.added)
    change.added.push_back(TRY(placed(element, read_added(element.text))));
  change.joined = TRY(read_members(sent.joined));
  change.left = TRY(read_members(sent.left));
  if (!self.empty()) TRY(require_own(change, self));
  change.removed = TRY(find_removed(services, sent.removed, self));
  return change;
}

void write_reason(std::string_view name, std::string_view reason, JsonWriter& out) {
  out.name(name);
  out.open();
  out.member_flag("decision", reason == to_string(Reason::granted));
  out.member("reason", reason);
  out.close();
}

void write_error(const Error& error, JsonWriter& out) {
  out.name("error");
  out.open();
  out.member("status", 400);
  out.member("message", error.message);
  out.close();
}

class Simulating {
 public:
  Simulating(Services& services, ApiExchange& exchange, const NamedAgents& names)
      : services_(services), exchange_(exchange), names_(names) {}

  // Both sides are decided in one view.
  Result<void> answer(const JsonValue& body, const SimulatedChange& change) {
    const SentBatch batch = TRY(read_batch(body));
    if (batch.items.empty())
      return failure(Errc::malformed_request, body.find("evaluations") == nullptr
                                                  ? "evaluations is required"
                                                  : "evaluations must have at least one item");
    do {
      exchange_.response.body.clear();
      TRY(decide_all(body, batch, change));
    } while (TRY(uses_.look_up(services_)));
    return {};
  }

 private:
  Result<void> decide_all(const JsonValue& body, const SentBatch& batch,
                          const SimulatedChange& change) {
    const Revision revision = services_.directory.revision();
    const Directory::View view(services_.directory);
    const Asker asker = TRY(Asker::of(services_, exchange_, view));
    auto simulated = Simulation::of(view, change, services_.clock.now());
    if (!simulated)
      for (FieldError& wrong : simulated.error().fields) wrong.field = "change." + wrong.field;
    const Simulation simulation = TRY(std::move(simulated));
    JsonWriter out(exchange_.response.body);
    out.open();
    out.member("revision", revision);
    out.name("evaluations");
    out.open_array();
    for (const JsonValue& item : batch.items) {
      out.open();
      const auto sent = read_question(item, body);
      if (sent) {
        const auto asked = TRY(AccessQuestion::of(asker, *sent, &names_));
        TRY(decide_both(view, simulation, *asked, out));
      } else {
        write_error(sent.error(), out);
      }
      out.close();
    }
    out.close_array();
    out.close();
    return {};
  }

  Result<void> decide_both(const Directory::View& view, const Simulation& simulation,
                           const AccessQuestion& asked, JsonWriter& out) {
    if (const auto unknown = asked.unknown_subject()) {
      write_reason("before", to_string(*unknown), out);
      write_reason("after", to_string(*unknown), out);
      return {};
    }
    const Subject subject = TRY(asked.subject(view));
    const Question question = asked.question(view, uses_.spent());
    const Decision before = decide(view, subject, question);
    const Decision after = decide(view, simulation.changed(subject), simulation.changed(question));
    uses_.note(before);
    uses_.note(after);
    write_reason("before", to_string(before.reason), out);
    write_reason("after", to_string(after.reason), out);
    return {};
  }

  Services& services_;
  ApiExchange& exchange_;
  const NamedAgents& names_;
  UsesLeft uses_;
};

}  // namespace

Result<void> simulate_access(Services& services, ApiExchange& exchange) {
  const NamedAgents names = TRY(find_named_agents(services, exchange));
  const SentChange sent = TRY(read_change(TRY(read_access_body(exchange))));
  const std::string self =
      exchange.holds_permission ? std::string() : subject_of(exchange.caller->agent_id);
  const SimulatedChange change = TRY(find_change(services, sent, self));
  // From here on nobody else parses JSON on this thread.
  const JsonValue body = TRY(read_access_body(exchange));
  Simulating simulating(services, exchange, names);
  if (auto done = simulating.answer(body, change); !done) {
    exchange.response.body.clear();
    return done;
  }
  exchange.response.set_status(exchange.operation->status);
  exchange.response.set_content_type("application/json");
  return {};
}

}  // namespace agentauth::api

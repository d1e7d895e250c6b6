// The reference pages of docs/reference, printed from the same tables the server runs on.
#include <string>

#include "api/errors.h"
#include "api/metrics.h"
#include "api/openapi.h"
#include "api/operations.h"

namespace agentauth::api {
namespace {

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

constexpr std::string_view api_intro = R"(# API

Printed by `agentauth help reference api`. The same as OpenAPI 3.1 is at `/openapi.json`, and as a
page at `/docs`.

`POST /auth/login` exchanges an API key for an access token, which is sent as
`Authorization: Bearer TOKEN`. The registration token of `--registration token` is sent the same way,
to `POST /agents/register` alone.

## Permissions

* A permission is 1 to 8 segments joined by `:`, such as `read_weather` or `agentauth:agents:read`; a
  segment is 1 to 64 of `A-Z a-z 0-9 _ . -` and `/` between them, the whole at most 128 characters. Case counts.
* `*` stands alone or is the whole last segment. `a:*` covers `a:b` and `a:b:c`, not `a` and not `ab`;
  `*` covers everything. Elsewhere (`read_*`, `a:*:b`) it is refused.
* Which permissions exist is up to whoever asks for them. Those that begin with `agentauth:` are this
  API's own. A new agent holds none, and what is not granted is denied; a grant with the effect `deny`
  wins over any that allows.
* Who holds `agentauth:*` is an administrator: it covers all of this API's own permissions, no other,
  so it does not read the weather. But an administrator may grant anything, also to itself.
* Anybody else needs `agentauth:permissions:write` and grants only what its own permissions cover.
  Taking away needs `agentauth:permissions:write` alone.
* Who administers is out of a helper's reach: changing an agent that holds `*` or anything under
  `agentauth:`, its keys or its permissions needs as much as it holds there, or an administrator.
* A key for another agent is made by who holds `agentauth:keys:write` and all that agent holds, or by
  an administrator.
* A key may be narrowed to some of its agent's `permissions` and to `allowed_cidrs`. It then does no more
  than that, and does not manage its agent's keys unless the agent may manage keys anyway; it may
  rotate itself. What it was narrowed to, the rotated key is too.
* A key that is bound to networks makes none that works outside them, for whomever.
* A key with an end makes none that ends later, for whomever, and none in the place of one that does.
  It may rotate itself: the new key lives as long as the old one was made for. What it made does so
  too, until its end and no longer. A key is rotated once; in its overlap it makes no keys.
* The first key of an agent has neither an end nor networks. So where registration needs a caller, a key
  with either registers nobody.
* A change counts from the next request on; a token holds no permissions, and stands only as long as
  the key it was got with: its claim `key` is that key's `kid`.

## Revisions

Every change of what decisions read has a number, its revision. A write answers with
`X-AgentAuth-Revision`: the revision of its change, or a later one. Any `GET` that needs a token
takes `min_revision` in its query and answers as of that revision or a later one, on whatever node:
one that has not heard of it yet asks the database first. `GET /changes` lists what was changed
after a revision, and with `Accept: text/event-stream` goes on live; a follower that is cut off
sends `Last-Event-ID`, and one that was away for too long gets 410 `gone`.
)";

std::string who(const Operation& operation) {
  switch (operation.access) {
    case Access::anonymous:
      return "anybody";
    case Access::registrant:
      return "everybody, who sends the registration token, or " + code(operation.permission) +
             ", as the option `registration` says";
    case Access::gateway:
      return "gateways, on behalf of whoever sent the original request, as the routes of "
             "`PUT /gateway/routes` say";
    case Access::any_agent:
      return "any agent";
    case Access::permission:
      return code(operation.permission);
    case Access::permission_or_self:
      return code(operation.permission) + ", or the agent itself";
    case Access::permission_or_about_self:
      return code(operation.permission) + ", or any agent that asks about itself";
  }
  return "";
}

std::string_view kind(const Field& field) {
  switch (field.kind) {
    case FieldKind::text:
      return "text";
    case FieldKind::integer:
      return "integer";
    case FieldKind::boolean:
      return "boolean";
    case FieldKind::timestamp:
      return "RFC 3339 time";
    case FieldKind::uuid:
      return "UUID";
    case FieldKind::labels:
      return "object of texts";
    case FieldKind::texts:
      return "list of texts";
    case FieldKind::list:
      return "list of objects";
    case FieldKind::object:
      return "object";
  }
  return "";
}

std::string bounds(const Field& field) {
  const FieldRule& rule = field.rule;
  std::string text;
  if (field.kind == FieldKind::text && !rule.opaque)
    text = std::to_string(rule.min) + "–" + std::to_string(rule.max) + " characters";
  if (field.kind == FieldKind::texts)
    text = std::to_string(rule.min) + "–" + std::to_string(rule.max) + " of them";
  if (field.kind == FieldKind::object)
    text = "at most " + std::to_string(rule.max) + " bytes of JSON";
  if (field.kind == FieldKind::integer)
    text = std::to_string(rule.min) + "–" + std::to_string(rule.max);
  if (field.kind == FieldKind::texts || field.kind == FieldKind::list)
    text = std::to_string(rule.min) + "–" + std::to_string(rule.max) + " entries";
  for (const std::string_view more : {rule.rule, rule.about}) {
    if (more.empty()) continue;
    if (!text.empty()) text += "; ";
    text += more;
  }
  return text;
}

std::string_view place(const Field& field) {
  switch (field.rule.place) {
    case Place::body:
      return "body";
    case Place::path:
      return "path";
    case Place::query:
      return "query";
    case Place::header:
      return "header";
  }
  return "";
}

void append_operation(const Operation& operation, std::string& page) {
  page += "\n## " + std::string(http::to_string(operation.method)) + " " +
          std::string(operation.path) + "\n\n" + std::string(operation.summary) + ".\n\n";
  page += "For: " + who(operation) + ". Answers " + std::to_string(operation.status);
  if (operation.status_already != 0)
    page += ", or " + std::to_string(operation.status_already) + " when it was so already";
  page += ".";
  if (operation.creates) {
    page += " Takes an `Idempotency-Key`";
    page += answers_with_key(operation)
                ? "; a repeat within 24 hours answers 409 `already_created` with the id of what "
                  "was created, since the API key is not kept."
                : "; a repeat within 24 hours gets the same answer.";
    if (operation.access == Access::registrant)
      page +=
          " The key of who is no agent yet counts for the client's address (IPv6: its /64) and the "
          "owner together.";
  }
  page += "\n";
  if (operation.binding.request != nullptr && !operation.binding.request().empty()) {
    page += "\n| field | in | kind | required | bounds |\n| --- | --- | --- | --- | --- |\n";
    for (const Field& field : operation.binding.request())
      page += "| " + code(field.rule.name) + " | " + std::string(place(field)) + " | " +
              std::string(kind(field)) + " | " +
              (field.required || field.rule.stated ? "yes" : "no") + " | " + bounds(field) + " |\n";
  }
  if (operation.binding.response != nullptr) {
    page += operation.binding.is_page ? "\nA page of items with: " : "\nAnswer: ";
    std::string names;
    for (const Field& field : operation.binding.response()) {
      if (!names.empty()) names += ", ";
      names += code(field.rule.name);
    }
    page += names + ".\n";
  }
}

}  // namespace

std::string api_reference() {
  std::string page(api_intro);
  for (const Operation& operation : operations()) append_operation(operation, page);
  return page;
}

std::string error_reference() {
  std::string page =
      "# Errors\n\nPrinted by `agentauth help reference errors`. Every error is "
      "`application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail`, `code` and "
      "`request_id`.\n\n| `code` | status | meaning |\n| --- | --- | --- |\n";
  for (const ErrorRow& row : error_table())
    page += "| " + code(row.word) + " | " + std::to_string(row.status) + " | " +
            std::string(row.about) + " |\n";
  return page;
}

std::string metric_reference() {
  std::string page =
      "# Metrics\n\nPrinted by `agentauth help reference metrics`. `GET /metrics` answers them in "
      "Prometheus' text format.\n\n| metric | type | labels | meaning |\n| --- | --- | --- | --- "
      "|\n";
  for (const MetricRow& row : metric_table())
    page += "| " + code(row.name) + " | " + std::string(row.type) + " | " +
            (row.labels.empty() ? "" : code(row.labels)) + " | " + std::string(row.help) + " |\n";
  return page;
}

}  // namespace agentauth::api

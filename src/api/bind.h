// Turns a service's method into a handler: decode the input, open a transaction, call, write the
// answer. What only does that is a line in the table and no code.
#pragma once

#include <type_traits>
#include <utility>
#include <vector>

#include "api/audit_trail.h"
#include "api/operations.h"

namespace agentauth::api {

namespace detail {

// Takes Result<Out> (Service::*)(Transaction&, const In&) apart.
template <class Method>
struct Signature;
template <class Class, class Output, class Input>
struct Signature<Result<Output> (Class::*)(Transaction&, const Input&)> {
  using Service = Class;
  using In = Input;
  using Out = Output;
};
template <class Class, class Output, class Input>
struct Signature<Result<std::vector<Output>> (Class::*)(Transaction&, const Input&,
                                                        const PageStart&, std::int64_t)> {
  using Service = Class;
  using In = Input;
  using Out = Output;
};
template <class T>
constexpr FieldList fields_or_none() {
  if constexpr (std::is_void_v<T>) {
    return nullptr;
  } else {
    return fields_of<T>;
  }
}

template <class Out>
Result<void> answer(ApiExchange& exchange, const Result<Out>& result) {
  if (!result) return tl::unexpected(result.error());
  if constexpr (std::is_void_v<Out>) {
    exchange.response.set_status(exchange.operation->status);
  } else {
    exchange.answer(exchange.operation->status, *result);
  }
  return {};
}

// Where a page that ends with this row is continued.
inline PageStart page_end(const Agent& agent) { return {agent.created_at, agent.agent_id.uuid}; }
inline PageStart page_end(const Grant& grant) { return {grant.created_at, grant.id.uuid}; }
inline PageStart page_end(const Role& role) { return {role.created_at, role.id.uuid}; }
inline PageStart page_end(const Membership& membership) {
  return {membership.created_at, membership.id.uuid};
}
inline PageStart page_end(const AuditEvent& event) {
  return {Timestamp{std::chrono::milliseconds{event.sequence}}, {}};
}
inline PageStart page_end(const KeyDescription& key) { return {key.created_at, key.key_id.uuid}; }

// What a cursor belongs to: operation, path and filters, but not the page itself.
std::string page_query(const ApiExchange& exchange, const RequestInput& input);
void write_next_cursor(JsonWriter& out, const std::string& cursor);

// Answers with a page. There is a next one when `items` has one more than `limit`.
template <class Item>
void answer_page(Services& services, ApiExchange& exchange, std::vector<Item>& items,
                 std::int64_t limit, const std::string& query) {
  const bool more = static_cast<std::int64_t>(items.size()) > limit;
  if (more) items.pop_back();
  exchange.response.set_status(exchange.operation->status);
  exchange.response.set_content_type("application/json");
  JsonWriter out(exchange.response.body);
  out.open();
  out.name("items");
  out.open_array();
  for (const auto& item : items) write_fields(item, out);
  out.close_array();
  write_next_cursor(out, more ? services.cursors.seal(page_end(items.back()), query) : "");
  out.close();
}

}  // namespace detail

// A method that reads: bound to Database::read.
template <auto Method>
constexpr Binding reads() {
  using Shape = detail::Signature<decltype(Method)>;
  return {.handle = [](Services& services, ApiExchange& exchange) -> Result<void> {
            const auto in = TRY(exchange.decode_input<typename Shape::In>());
            return detail::answer(exchange, services.database.read([&](Transaction& tx) {
              return (services.get<typename Shape::Service>().*Method)(tx, in);
            }));
          },
          .request = fields_of<typename Shape::In>,
          .response = detail::fields_or_none<typename Shape::Out>()};
}

// A method that changes something: bound to Database::write, and recorded as `audit`.
template <auto Method>
constexpr Binding writes(AuditAction audit) {
  using Shape = detail::Signature<decltype(Method)>;
  return {.handle = [](Services& services, ApiExchange& exchange) -> Result<void> {
            const auto in = TRY(exchange.decode_input<typename Shape::In>());
            return detail::answer(
                exchange,
                write_audited(services, exchange, [&](Transaction& tx, AuditTarget& target) {
                  target = target_of(in);
                  return (services.get<typename Shape::Service>().*Method)(tx, in);
                }));
          },
          .request = fields_of<typename Shape::In>,
          .response = detail::fields_or_none<typename Shape::Out>(),
          .audit = audit};
}

// A method that lists: pages, limits and cursors are the same for all.
template <auto Method>
constexpr Binding lists() {
  using Shape = detail::Signature<decltype(Method)>;
  return {.handle = [](Services& services, ApiExchange& exchange) -> Result<void> {
            const RequestInput input = TRY(exchange.input());
            const auto in = TRY(decode<typename Shape::In>(input));
            const std::string query = detail::page_query(exchange, input);
            PageStart after;
            if (in.cursor) after = TRY(services.cursors.open(*in.cursor, query));
            const std::int64_t limit = in.limit.value_or(page_items_default);
            // One more than asked for tells whether there is a next page.
            auto items = TRY(services.database.read([&](Transaction& tx) {
              return (services.get<typename Shape::Service>().*Method)(tx, in, after, limit + 1);
            }));
            detail::answer_page(services, exchange, items, limit, query);
            return {};
          },
          .request = fields_of<typename Shape::In>,
          .response = fields_of<typename Shape::Out>,
          .is_page = true};
}

// A handler of its own that answers with pages of Item.
template <class In, class Item, Handler Handle>
constexpr Binding pages() {
  return {.handle = Handle, .request = fields_of<In>, .response = fields_of<Item>, .is_page = true};
}

// A handler of its own, for what composes several services; In and Out may be void. One that
// changes something does so by write_audited().
template <class In, class Out, Handler Handle, Attempt Try = nullptr>
constexpr Binding composes(AuditAction audit = AuditAction::request) {
  return {.handle = Handle,
          .request = detail::fields_or_none<In>(),
          .response = detail::fields_or_none<Out>(),
          .attempt = Try,
          .audit = audit};
}

// The same for what a standard describes, whose unknown fields are ignored.
template <class In, class Out, Handler Handle, Attempt Try = nullptr>
constexpr Binding answers() {
  Binding binding = composes<In, Out, Handle, Try>();
  binding.takes_authzen = true;
  return binding;
}

}  // namespace agentauth::api

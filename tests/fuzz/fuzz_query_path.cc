// From a request target to a handler's input: the router, escapes and query parameters.
//
// The input is a method, a blank, and a target; without a blank it is a target to GET.
#include <algorithm>
#include <string>

#include "api/exchange.h"
#include "api/operations.h"
#include "base/encoding.h"
#include "http/router.h"
#include "tests/fuzz/fuzz.h"

namespace agentauth::api {
namespace {

using http::Method;
using http::RouteMatch;

const http::Router& router() {
  static const http::Router router = [] {
    http::Router made;
    const auto table = operations();
    for (std::size_t i = 0; i < table.size(); ++i) made.add(table[i].method, table[i].path, i);
    return made;
  }();
  return router;
}

Method method_of(std::string_view name) {
  for (const Method method : {Method::get, Method::head, Method::post, Method::put, Method::patch,
                              Method::delete_, Method::options})
    if (to_string(method) == name) return method;
  return Method::other;
}

// The pattern with the captures in it is the path again.
void check_captures(std::string_view pattern, const http::Captures& captures,
                    std::string_view path) {
  std::string again;
  std::size_t used = 0;
  std::string_view rest;
  if (pattern.ends_with("/*")) {
    pattern.remove_suffix(1);
    rest = captures.rest;
  }
  while (!pattern.empty()) {
    const std::size_t open = pattern.find('{');
    again += pattern.substr(0, open);
    if (open == pattern.npos) break;
    MUST(used < captures.count);
    const std::string_view value = captures.values[used++];
    MUST(!value.empty() && value.find('/') == value.npos);
    again += value;
    pattern.remove_prefix(pattern.find('}') + 1);
  }
  MUST(used == captures.count);
  again += rest;
  MUST(again == path);
}

void check_decoding(std::string_view text) {
  const auto escapes = static_cast<std::size_t>(std::count(text.begin(), text.end(), '%'));
  const auto decoded = percent_decode(text);
  if (escapes == 0) MUST(decoded == text);
  if (decoded) {
    MUST(decoded->size() == text.size() - 2 * escapes);
    MUST(std::count(decoded->begin(), decoded->end(), '\0') ==
         std::count(text.begin(), text.end(), '\0'));
  }
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    escaped += '%' + hex_encode({&byte, 1});
  }
  const auto again = percent_decode(escaped);
  MUST(again.has_value() == (text.find('\0') == text.npos));
  if (again) MUST(*again == text);
}

// Handlers ask for the input more than once; each time it is the same.
void check_input(ApiExchange& exchange) {
  const auto input = exchange.input();
  if (!input) {
    MUST(input.error().code == Errc::malformed_request);
    return;
  }
  MUST(input->path.size() == exchange.captures.count);
  std::string all;
  for (const auto& pair : input->path) {
    MUST(!pair.name.empty());
    all.append(pair.name).append("=").append(pair.value);
  }
  for (const auto& pair : input->query) {
    MUST(exchange.request.query.find('%') != std::string_view::npos ||
         exchange.request.query.find(pair.name) != std::string_view::npos);
    all.append(pair.name).append("=").append(pair.value);
  }
  const auto again = exchange.input();
  MUST(again);
  std::string same;
  for (const auto pairs : {again->path, again->query})
    for (const auto& pair : pairs) same.append(pair.name).append("=").append(pair.value);
  MUST(same == all);
}

FUZZ(std::string_view input) {
  check_decoding(input);
  std::string_view target = input;
  const std::string_view word =
      input.find(' ') == input.npos ? "GET" : fuzz::take_until(target, ' ');
  const Method method = method_of(word);
  std::string_view query = target;
  const std::string_view path = fuzz::take_until(query, '?');

  const RouteMatch match = router().match(method, path);
  const std::string allowed = router().allowed_methods(path);
  MUST(allowed.empty() == (match.kind == RouteMatch::Kind::no_such_path));
  if (match.kind != RouteMatch::Kind::found) return;

  const Operation& operation = operations()[match.route];
  MUST(operation.method == method || operation.method == Method::any ||
       (operation.method == Method::get && method == Method::head));
  check_captures(operation.path, match.captures, path);

  static ApiExchange exchange;
  exchange.reset();
  exchange.request.clear();
  exchange.request.method = method;
  exchange.request.path = path;
  exchange.request.query = query;
  exchange.operation = &operation;
  exchange.captures = match.captures;
  check_input(exchange);
}

}  // namespace
}  // namespace agentauth::api

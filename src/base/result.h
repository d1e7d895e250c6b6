// Result<T>: a value or an Error. Start here.
//
// Services return Result; nothing below api/ throws on purpose. `TRY` unwraps or returns early.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace agentauth {

// What went wrong, as a program needs to know it. api/errors.cc maps each to HTTP.
enum class Errc : std::uint8_t {
  malformed_request,
  unauthenticated,
  permission_denied,
  registration_closed,
  not_found,
  method_not_allowed,
  request_timeout,
  conflict,
  already_created,
  gone,
  payload_too_large,
  uri_too_long,
  unsupported_media_type,
  invalid_argument,
  idempotency_key_reused,
  rate_limited,
  headers_too_large,
  internal,
  not_implemented,
  unavailable,
  http_version_not_supported,
};
inline constexpr std::size_t errc_count = 21;

struct FieldError {
  std::string field;
  std::string message;
};

struct Error {
  Errc code = Errc::internal;
  std::string message;                                          // safe for the caller
  std::string detail = {};                                      // for the log only
  std::vector<FieldError> fields = {};                          // which inputs were wrong
  std::vector<std::pair<std::string, std::string>> extra = {};  // members added to the problem
  std::int64_t retry_after_seconds = 1;                         // for rate_limited and unavailable
};

template <class T>
using Result = tl::expected<T, Error>;

// The short way to fail: `return failure(Errc::not_found, "No such agent");`
inline tl::unexpected<Error> failure(Errc code, std::string_view message,
                                     std::string_view detail = {}) {
  return tl::unexpected<Error>(Error{code, std::string(message), std::string(detail), {}, {}});
}

namespace detail {
template <class T>
T take(Result<T>&& result) {
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}
}  // namespace detail

}  // namespace agentauth

// Unwraps a Result or returns its error from the enclosing function.
#define TRY(expression) AGENTAUTH_TRY(expression, __COUNTER__)

// The counter gives each use a variable of its own, so that uses may nest.
#define AGENTAUTH_TRY(expression, number) AGENTAUTH_TRY_NAMED(expression, number)
#define AGENTAUTH_TRY_NAMED(expression, number) AGENTAUTH_TRY_AS(expression, agentauth_try_##number)
#define AGENTAUTH_TRY_AS(expression, result)              \
  __extension__({                                         \
    auto result = (expression);                           \
    if (!result) [[unlikely]]                             \
      return ::tl::unexpected(std::move(result).error()); \
    ::agentauth::detail::take(std::move(result));         \
  })

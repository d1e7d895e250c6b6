#include "api/exchange.h"

#include <algorithm>
#include <charconv>

#include "api/operations.h"

namespace agentauth::api {
namespace {

constexpr std::size_t query_pairs_max = 16;

bool is_min_revision(const RequestInput::Pair& pair) {
  return pair.name == min_revision_field.name;
}

bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const std::size_t end = type.find_last_not_of(" \t");
  return http::equal_ignoring_case(type.substr(0, end + 1), "application/json");
}

}  // namespace

// RFC 9110 11.1: schemes compare without case.
std::optional<std::string_view> bearer(std::string_view header) {
  static constexpr std::string_view scheme = "Bearer ";
  if (!http::equal_ignoring_case(header.substr(0, scheme.size()), scheme)) return std::nullopt;
  // RFC 6750 2.1: one blank or several.
  header.remove_prefix(std::min(header.find_first_not_of(' ', scheme.size()), header.size()));
  return header;
}

void ApiExchange::set_request_id(std::string_view id) {
  request_id_size_ = std::min(id.size(), request_id_.size());
  std::copy_n(id.begin(), request_id_size_, request_id_.begin());
}

void ApiExchange::reset() {
  request_id_size_ = 0;
  client_address_ = {};
  operation = nullptr;
  captures.count = 0;
  captures.rest = {};
  caller.reset();
  error.reset();
  min_revision = 0;
  is_decided = true;
  holds_permission = false;
  admission.reset();
  decided.clear();
  pairs_read_ = false;
  subject = {};
  gateway.asked.reset();
  gateway.is_contradictory = false;
  gateway.reason.reset();
  gateway.permission.clear();
  gateway.resource.clear();
  gateway.path.clear();
  gateway.no_caller.reset();
  before_answer.reset();
  awaited.reset();
  is_recorded = false;
  limits.version = limits.size = 0;
  limits.retry_in_ns = 0;
  is_counted = false;
  is_admission_recorded = false;
  presented_kid.clear();
  path_.clear();
  query_.clear();
  decoded_.clear();
}

Result<std::optional<AgentId>> ApiExchange::named_agent() {
  if (captures.count == 0 || !operation->path.starts_with("/agents/")) return std::nullopt;
  TRY(read_pairs());
  const auto found = std::find_if(path_.begin(), path_.end(), [](const RequestInput::Pair& pair) {
    return pair.name == agent_id_in_path.name;
  });
  return found == path_.end() ? std::nullopt : AgentId::parse(found->value);
}

Result<void> ApiExchange::read_min_revision() {
  if (request.query.find(min_revision_field.name) == std::string_view::npos) return {};
  TRY(read_pairs());
  const auto found = std::find_if(query_.begin(), query_.end(), is_min_revision);
  if (found == query_.end()) return {};
  const std::string_view text = found->value;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, min_revision);
  if (parsed.ec != std::errc{} || parsed.ptr != end || min_revision < 0 ||
      std::count_if(query_.begin(), query_.end(), is_min_revision) > 1)
    return tl::unexpected(
        Error{.code = Errc::invalid_argument,
              .message = "One or more fields are invalid",
              .fields = {{std::string(min_revision_field.name), "must be one whole number"}}});
  query_.erase(found);
  return {};
}

Result<RequestInput> ApiExchange::input() {
  TRY(read_pairs());
  if (!request.body.empty()) TRY(require_json());
  return RequestInput{path_, query_, request.body};
}

Result<void> ApiExchange::require_json() const {
  // Each of them, should there be several: another reader may go by another one.
  std::size_t types = 0;
  std::size_t json_types = 0;
  for (const http::Header& header : request.headers()) {
    if (!http::equal_ignoring_case(header.name, "Content-Type")) continue;
    ++types;
    json_types += is_json(header.value) ? 1 : 0;
  }
  const auto unsupported = [&](std::string_view why) {
    if (!takes_body(*operation))
      return failure(Errc::malformed_request, "This operation takes no body");
    return failure(
        operation->binding.takes_authzen ? Errc::malformed_request : Errc::unsupported_media_type,
        why);
  };
  if (types == 0 || json_types != types) return unsupported("The body must be application/json");
  // RFC 9110 8.4: to read what is encoded as if it were not would be to read something else.
  const auto encoding = request.find("Content-Encoding");
  if (encoding &&
      (!http::equal_ignoring_case(*encoding, "identity") || request.count("Content-Encoding") != 1))
    return unsupported("The body must not be compressed");
  return {};
}

Result<void> ApiExchange::read_pairs() {
  if (pairs_read_) return {};
  pairs_read_ = true;
  // Reserved at once: the pairs hold views of the decoded texts.
  decoded_.reserve(http::captures_max + 2 * query_pairs_max);
  const auto keep = [&](std::string_view raw) -> Result<std::string_view> {
    auto text = percent_decode(raw);
    if (!text) return failure(Errc::malformed_request, "The target has a broken % escape");
    return std::string_view(decoded_.emplace_back(*std::move(text)));
  };
  std::string_view pattern = operation->path;
  for (std::size_t i = 0; i < captures.count; ++i) {
    const std::size_t open = pattern.find('{');
    const std::size_t close = pattern.find('}');
    path_.push_back({pattern.substr(open + 1, close - open - 1), TRY(keep(captures.values[i]))});
    pattern.remove_prefix(close + 1);
  }
  std::string_view rest = request.query;
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
    if (pair.empty()) continue;
    if (query_.size() == query_pairs_max)
      return failure(Errc::malformed_request, "Too many query parameters");
    const std::size_t equals = pair.find('=');
    const auto name = TRY(keep(pair.substr(0, equals)));
    const auto value =
        equals == pair.npos ? std::string_view() : TRY(keep(pair.substr(equals + 1)));
    query_.push_back({name, value});
  }
  return {};
}

}  // namespace agentauth::api

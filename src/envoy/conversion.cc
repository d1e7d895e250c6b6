#include "envoy/conversion.h"

#include <algorithm>

#include "ext_authz.pb.h"

namespace agentauth::envoy {
namespace {

namespace v3 = ::envoy::service::auth::v3;

// HeaderValueOption.HeaderAppendAction.
constexpr int overwrite_if_exists_or_add = 2;

// google.rpc.Code. Envoy takes every one but OK for "denied".
int code_of(int status) {
  switch (status) {
    case 401:
      return 16;  // UNAUTHENTICATED
    case 429:
      return 8;  // RESOURCE_EXHAUSTED
    case 500:
      return 13;  // INTERNAL
    case 503:
      return 14;  // UNAVAILABLE
    default:
      return 7;  // PERMISSION_DENIED
  }
}

template <class Headers>
void write_headers(std::span<const Header> headers, Headers& out) {
  for (const Header& header : headers) {
    v3::HeaderValueOption& option = *out.Add();
    option.mutable_header()->set_key(header.name.data(), header.name.size());
    option.mutable_header()->set_value(header.value.data(), header.value.size());
    option.mutable_append()->set_value(false);
    option.set_append_action(overwrite_if_exists_or_add);
  }
}

}  // namespace

std::string_view address_of_peer(std::string_view peer) {
  constexpr std::string_view ipv4 = "ipv4:";
  constexpr std::string_view ipv6 = "ipv6:";
  const std::size_t port = peer.rfind(':');
  if (port == peer.npos || port < ipv4.size()) return {};
  std::string_view address = peer.substr(ipv4.size(), port - ipv4.size());
  if (peer.starts_with(ipv4)) return address;
  if (!peer.starts_with(ipv6)) return {};
  for (const std::string_view open : {"[", "%5B"})
    if (address.starts_with(open)) address.remove_prefix(open.size());
  for (const std::string_view close : {"]", "%5D"})
    if (address.ends_with(close)) address.remove_suffix(close.size());
  // A zone (RFC 4007) says on which network a link-local address is, and nothing of whose it is.
  return address.substr(0, address.find('%'));
}

Question read_question(const v3::CheckRequest& request, std::string_view peer,
                       std::vector<Header>& headers) {
  const v3::AttributeContext& attributes = request.attributes();
  const auto& http = attributes.request().http();
  headers.clear();
  for (const auto& entry : http.headers()) headers.push_back({entry.key(), entry.value()});
  for (const v3::HeaderValue& header : http.header_map().headers())
    headers.push_back(
        {header.key(), header.raw_value().empty() ? header.value() : header.raw_value()});
  return {.method = http.method(),
          .host = http.host(),
          .path = http.path(),
          .headers = headers,
          .peer = peer,
          .source = attributes.source().address().socket_address().address(),
          .message_bytes = request.ByteSizeLong()};
}

void write_verdict(const Verdict& verdict, v3::CheckResponse& response) {
  response.Clear();
  if (!verdict.passes) {
    response.mutable_status()->set_code(code_of(verdict.status));
    v3::DeniedHttpResponse& denied = *response.mutable_denied_response();
    // Whatever happened, it is not passed on, and the client is not told that it was.
    denied.mutable_status()->set_code(verdict.status < 400 ? 403 : verdict.status);
    write_headers(verdict.headers, *denied.mutable_headers());
    denied.set_body(verdict.body.data(), verdict.body.size());
    return;
  }
  response.mutable_status()->set_code(0);
  v3::OkHttpResponse& ok = *response.mutable_ok_response();
  write_headers(verdict.headers, *ok.mutable_headers());
  for (const std::string_view name : verdict.removed)
    ok.add_headers_to_remove(name.data(), name.size());
}

}  // namespace agentauth::envoy

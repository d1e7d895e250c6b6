// Between Envoy's messages and what the program reads and writes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "envoy/interface.h"

namespace envoy::service::auth::v3 {
class CheckRequest;
class CheckResponse;
}  // namespace envoy::service::auth::v3

namespace agentauth::envoy {

// The IP address in a peer as gRPC writes it, "ipv4:192.0.2.1:80" or "ipv6:[::1]:80", perhaps with
// %5B and %5D for the brackets; empty when there is none.
std::string_view address_of_peer(std::string_view peer);

// The question in a message. Views of the message, of `peer` and of `headers`.
Question read_question(const ::envoy::service::auth::v3::CheckRequest& request,
                       std::string_view peer, std::vector<Header>& headers);

void write_verdict(const Verdict& verdict, ::envoy::service::auth::v3::CheckResponse& response);

}  // namespace agentauth::envoy

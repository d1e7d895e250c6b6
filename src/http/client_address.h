// Whose request it is, when proxies stand in between.
#pragma once

#include <span>

#include "base/network.h"
#include "http/message.h"

namespace agentauth::http {

// More proxies in a row than anybody has.
inline constexpr std::size_t proxy_hops_max = 16;

// The peer of the connection, unless that is a trusted proxy: then what the proxy wrote at the
// right end of X-Forwarded-For, and so on for as long as the address found is a trusted proxy too.
// What stands further left was written by somebody who is not trusted, and is not read. An entry
// that is no address ends the walk: the client is the last address that was vouched for, which is a
// proxy of ours and never the one somebody claims to be.
//
// Several such headers are one list in their order (RFC 9110 5.3). Names compare by RFC 9110, so
// X_Forwarded_For is another header, which nobody reads.
IpAddress client_address(const Request& request, std::span<const Network> trusted);

}  // namespace agentauth::http

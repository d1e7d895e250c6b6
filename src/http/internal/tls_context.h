// What a server needs to speak TLS: its certificate chain, its key and the rules.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/result.h"

namespace agentauth::http::internal {

// Errors: invalid_argument, in one line: a file that cannot be used, a key of another certificate.
Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(
    const std::string& certificate_file, const std::string& key_file);

}  // namespace agentauth::http::internal

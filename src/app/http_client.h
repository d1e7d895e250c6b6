// HTTP/1.1 over TCP or TLS, one call after the other on one kept connection.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "app/server_url.h"
#include "app/transport.h"
#include "base/result.h"

namespace agentauth::app {

struct HttpClientSettings {
  ServerUrl server;
  std::optional<std::filesystem::path> ca_file;  // instead of the system's certificates
  std::chrono::seconds timeout{30};              // for finding, for connecting, for each call
  std::string traceparent = {};                  // of the trace that the calls are part of
};

// Certificates and host names are always verified. Connects with the first call.
// Errors: not_found when the CA file cannot be used.
Result<std::unique_ptr<Transport>> create_http_client(HttpClientSettings settings);

}  // namespace agentauth::app

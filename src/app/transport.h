// One HTTP call and its answer: what the client commands need of HTTP.
#pragma once

#include <string>

#include "base/result.h"

namespace agentauth::app {

struct HttpRequest {
  std::string method;
  std::string target;       // path and query, encoded
  std::string body = {};    // JSON, or empty
  std::string bearer = {};  // the Authorization credential, or empty
};

struct HttpAnswer {
  int status = 0;
  std::string body;
  std::string request_id;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Errors: unavailable when no answer came, whatever the reason.
  virtual Result<HttpAnswer> send(const HttpRequest& request) = 0;
};

}  // namespace agentauth::app

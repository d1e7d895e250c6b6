// The API's description, made from the table of operations.
#pragma once

#include <string>
#include <string_view>

namespace agentauth::api {

// OpenAPI 3.1, appended as JSON.
void write_openapi(std::string_view version, std::string& text);

// The same, and errors and metrics, as Markdown for docs/reference.
std::string api_reference();
std::string error_reference();
std::string metric_reference();

}  // namespace agentauth::api

// The protected data of the demonstration: what a team's own API would answer. This is the hot
// path, so the answer is written without a detour.
#include "api/handlers.h"

namespace agentauth::api {
namespace {

Result<void> answer_data(ApiExchange& exchange, std::string_view body_start) {
  std::array<char, 36> id;
  exchange.caller->agent_id.uuid.write(id.data());
  std::string& body = exchange.response.body;
  body += body_start;
  body.append(id.data(), id.size());
  body += "\"}";
  exchange.response.set_content_type("application/json");
  return {};
}

}  // namespace

Result<void> weather_data(Services&, ApiExchange& exchange) {
  return answer_data(exchange, R"({"message":"Protected weather data","agent_id":")");
}

Result<void> stock_data(Services&, ApiExchange& exchange) {
  return answer_data(exchange, R"({"message":"Protected stock data","agent_id":")");
}

}  // namespace agentauth::api

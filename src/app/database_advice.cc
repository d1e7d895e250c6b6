#include "app/database_advice.h"

#include <algorithm>
#include <string_view>

#include "app/option_values.h"
#include "store/advice.h"

namespace agentauth::app {
namespace {

constexpr std::string_view another_database = ", or name another database with --database";

bool is_of_the_database(Errc code) {
  return code == Errc::unavailable || code == Errc::internal || code == Errc::conflict;
}

}  // namespace

void add_database_advice(Error& error, const std::string& url) {
  if (!is_of_the_database(error.code)) return;
  error.message += ": " + mask_url_password(url);
  // A newer schema is said in full already.
  if (error.detail.empty()) return;
  const std::string_view advice = find_advice(error.detail);
  // Libraries write further lines for people at their own prompts.
  error.detail.resize(std::min(error.detail.find('\n'), error.detail.size()));
  error.detail.append("; ").append(advice.empty() ? "see that it is what it ought to be" : advice);
  error.detail.append(another_database);
}

}  // namespace agentauth::app

// Text to values, with the bounds of the table, and values to what may be shown.
#pragma once

#include <string>
#include <string_view>

#include "app/option_table.h"
#include "base/result.h"

namespace agentauth::app {

// Errors: invalid_argument; the message is what must be, "30 to 86400 seconds, not 5", without
// the option's name. It never repeats a secret.
Result<OptionValue> parse_option(const Option& option, std::string_view text);

// The value as people may see it: secrets as ***, the password of a URL masked.
std::string shown_value(const Option& option, std::string_view text);

std::string mask_url_password(std::string_view url);

bool is_database_url(std::string_view text);
bool is_visible_ascii(std::string_view text);

}  // namespace agentauth::app

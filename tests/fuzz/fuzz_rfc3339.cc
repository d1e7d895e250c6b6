// Times as text: what is read can be written, and comes back the same.
#include <algorithm>
#include <string>

#include "base/time.h"
#include "tests/fuzz/fuzz.h"

namespace agentauth {
namespace {

constexpr std::string_view form = "0000-00-00T00:00:00.000Z";

bool has_form(std::string_view text) {
  return text.size() == form.size() &&
         std::equal(text.begin(), text.end(), form.begin(), [](char c, char wanted) {
           return wanted == '0' ? c >= '0' && c <= '9' : c == wanted;
         });
}

FUZZ(std::string_view input) {
  const auto time = parse_rfc3339(input);
  if (!time) return;
  const std::string text = format_rfc3339(*time);
  // Texts of this form sort as the times do; databases and clients rely on it.
  MUST(has_form(text));
  MUST(parse_rfc3339(text) == time);
  if (has_form(input)) MUST(text == input);
}

}  // namespace
}  // namespace agentauth

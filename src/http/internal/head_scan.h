// A first look at the bytes of a request head, before a parser sees them.
#pragma once

#include <cstddef>
#include <string_view>

namespace agentauth::http::internal {

enum class HeadVerdict { incomplete, complete, refused };

struct HeadScan {
  HeadVerdict verdict = HeadVerdict::incomplete;
  std::size_t size = 0;  // of the head with its empty line, when complete
};

// Looks for the empty line that ends the head and refuses what parsers disagree about, because
// two readers of one message are how requests are smuggled (RFC 9112 sections 2.2 and 5.2):
// a line feed without its carriage return, a carriage return without its line feed, a line folded
// onto the next, NUL.
HeadScan scan_head(std::string_view bytes);

}  // namespace agentauth::http::internal

// Cursors of pages: only what was sealed opens, in the one spelling it was sealed in, and for the
// one query. The input is taken as a query and a cursor (its first line and the rest), and as the
// position and the query of a cursor that is sealed here.
#include <algorithm>
#include <cstring>
#include <string>

#include "api/cursor.h"
#include "tests/fuzz/fuzz.h"

namespace agentauth::api {
namespace {

const CursorCodec& codec() {
  static const MasterKey key(as_bytes("0123456789abcdef0123456789abcdef"));
  static const CursorCodec codec(key);
  return codec;
}

bool opens(std::string_view cursor, std::string_view query) {
  const auto start = codec().open(cursor, query);
  if (!start) {
    MUST(start.error().code == Errc::malformed_request);
    return false;
  }
  MUST(codec().seal(*start, query) == cursor);
  return true;
}

PageStart position_of(std::string_view input) {
  PageStart start;
  std::int64_t time = 0;
  std::memcpy(&time, input.data(), std::min(input.size(), sizeof time));
  start.created_at = Timestamp{std::chrono::milliseconds{time}};
  input.remove_prefix(std::min(input.size(), sizeof time));
  std::copy_n(input.begin(), std::min(input.size(), start.id.bytes.size()), start.id.bytes.begin());
  return start;
}

FUZZ(std::string_view input) {
  std::string_view cursor = input;
  const std::string_view query = fuzz::take_until(cursor, '\n');
  opens(cursor, query);
  if (const auto bytes = base64url_decode(input)) MUST(base64url_encode(*bytes) == input);
  MUST(base64url_decode(base64url_encode(as_bytes(input))) ==
       Bytes(as_bytes(input).begin(), as_bytes(input).end()));

  const PageStart start = position_of(input);
  const std::string sealed = codec().seal(start, input);
  const auto opened = codec().open(sealed, input);
  MUST(opened && opened->created_at == start.created_at && opened->id == start.id);
  MUST(!opens(sealed, std::string(input) + "&"));
  if (input.size() < 2) return;
  MUST(!opens(sealed, input.substr(1)));
  std::string changed = sealed;
  char& place = changed[static_cast<std::uint8_t>(input[0]) % changed.size()];
  if (place == input[1]) return;
  place = input[1];
  MUST(!opens(changed, input));
}

}  // namespace
}  // namespace agentauth::api

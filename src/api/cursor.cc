#include "api/cursor.h"

#include <algorithm>
#include <cstring>

namespace agentauth::api {
namespace {

constexpr std::size_t position_bytes = 8 + 16;
constexpr std::size_t seal_bytes = 16;

Bytes encode(const PageStart& start) {
  Bytes bytes(position_bytes);
  const std::int64_t time = start.created_at.time_since_epoch().count();
  std::memcpy(bytes.data(), &time, sizeof time);
  std::copy(start.id.bytes.begin(), start.id.bytes.end(), bytes.begin() + sizeof time);
  return bytes;
}

Sha256 authenticate(const HmacSha256& key, ByteView position, std::string_view query) {
  Bytes covered(position.begin(), position.end());
  covered.insert(covered.end(), query.begin(), query.end());
  return key.sign(covered);
}

}  // namespace

CursorCodec::CursorCodec(const MasterKey& master_key)
    : key_(master_key.derive("agentauth page cursors")),
      sealer_(master_key.derive("agentauth page cursors that are names")) {}

std::string CursorCodec::conceal(std::string_view place, std::string_view query,
                                 Random& random) const {
  return base64url_encode(sealer_.seal(as_bytes(place), query, random));
}

Result<std::string> CursorCodec::reveal(std::string_view cursor, std::string_view query) const {
  const auto bytes = base64url_decode(cursor);
  if (bytes)
    if (const auto place = sealer_.open(*bytes, query)) return std::string(place->reveal());
  return failure(Errc::malformed_request, "The page token does not belong to this query");
}

std::string CursorCodec::seal(const PageStart& start, std::string_view query) const {
  Bytes bytes = encode(start);
  const Sha256 seal = authenticate(key_, bytes, query);
  bytes.insert(bytes.end(), seal.begin(), seal.begin() + seal_bytes);
  return base64url_encode(bytes);
}

Result<PageStart> CursorCodec::open(std::string_view cursor, std::string_view query) const {
  const auto refused = failure(Errc::malformed_request, "The cursor does not belong to this query");
  const auto bytes = base64url_decode(cursor);
  if (!bytes || bytes->size() != position_bytes + seal_bytes) return refused;
  const ByteView position = ByteView(*bytes).first(position_bytes);
  const Sha256 expected = authenticate(key_, position, query);
  if (!constant_time_equal(ByteView(*bytes).last(seal_bytes), ByteView(expected).first(seal_bytes)))
    return refused;
  PageStart start;
  std::int64_t time;
  std::memcpy(&time, position.data(), sizeof time);
  start.created_at = Timestamp{std::chrono::milliseconds{time}};
  std::copy(position.begin() + sizeof time, position.end(), start.id.bytes.begin());
  return start;
}

}  // namespace agentauth::api

#include "tokens/refresh_token.h"

#include <algorithm>

#include "base/encoding.h"

namespace agentauth {
namespace {

constexpr std::string_view prefix = "ar_";
constexpr std::uint8_t format_version = 1;
constexpr std::size_t said_bytes = 1 + 16 + 16 + key_kid_length + 4 + 8 + 8 + 4;
constexpr std::size_t token_bytes = said_bytes + std::tuple_size_v<Sha256>;
constexpr std::size_t token_characters = (token_bytes * 4 + 2) / 3;

using TokenBytes = std::array<std::uint8_t, token_bytes>;

// Big endian, one after the other.
class Writer {
 public:
  explicit Writer(TokenBytes& bytes) : at_(bytes.begin()) {}
  template <class Range>
  void put(const Range& range) {
    at_ = std::transform(range.begin(), range.end(), at_,
                         [](auto byte) { return static_cast<std::uint8_t>(byte); });
  }
  void put_number(std::uint64_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0;) *at_++ = static_cast<std::uint8_t>(value >> (8 * i));
  }

 private:
  TokenBytes::iterator at_;
};

class Reader {
 public:
  explicit Reader(const TokenBytes& bytes) : at_(bytes.begin()) {}
  template <class Range>
  void take(Range& range) {
    for (auto& byte : range) byte = static_cast<std::remove_reference_t<decltype(byte)>>(*at_++);
  }
  std::uint64_t take_number(std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | *at_++;
    return value;
  }

 private:
  TokenBytes::const_iterator at_;
};

std::uint64_t seconds_of(Timestamp time) { return static_cast<std::uint64_t>(unix_seconds(time)); }
Timestamp time_of(std::uint64_t seconds) {
  return Timestamp{Seconds{static_cast<std::int64_t>(seconds)}};
}

}  // namespace

RefreshTokenCodec::RefreshTokenCodec(const MasterKey& master_key)
    : key_(master_key.derive("agentauth refresh token")) {}

std::string RefreshTokenCodec::write(const RefreshToken& token) const {
  TokenBytes bytes;
  Writer out(bytes);
  out.put_number(format_version, 1);
  out.put(token.family.id.uuid.bytes);
  out.put(token.family.agent_id.uuid.bytes);
  out.put(token.family.kid);
  out.put_number(token.family.token_generation, 4);
  out.put_number(seconds_of(token.family.begun_at), 8);
  out.put_number(seconds_of(token.family.ends_at), 8);
  out.put_number(token.number, 4);
  out.put(key_.sign(ByteView(bytes).first(said_bytes)));
  std::string text(prefix);
  text.reserve(prefix.size() + token_characters);
  base64url_append(bytes, text);
  return text;
}

std::optional<RefreshToken> RefreshTokenCodec::read(std::string_view text) const {
  if (text.size() != prefix.size() + token_characters || !text.starts_with(prefix)) return {};
  std::array<std::uint8_t, base64url_decoded_max(token_characters)> decoded;
  if (base64url_decode(text.substr(prefix.size()), decoded) != token_bytes) return {};
  TokenBytes bytes;
  std::copy_n(decoded.begin(), token_bytes, bytes.begin());
  const ByteView all(bytes);
  if (!constant_time_equal(key_.sign(all.first(said_bytes)), all.subspan(said_bytes))) return {};

  Reader in(bytes);
  if (in.take_number(1) != format_version) return {};
  RefreshToken token;
  in.take(token.family.id.uuid.bytes);
  in.take(token.family.agent_id.uuid.bytes);
  in.take(token.family.kid);
  token.family.token_generation = static_cast<std::uint32_t>(in.take_number(4));
  token.family.begun_at = time_of(in.take_number(8));
  token.family.ends_at = time_of(in.take_number(8));
  token.number = static_cast<std::uint32_t>(in.take_number(4));
  return token;
}

}  // namespace agentauth

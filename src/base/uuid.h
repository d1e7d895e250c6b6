// UUIDs and the strong ids made of them.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace agentauth {

// 16 bytes in network order (RFC 9562). The database makes them; we read, compare and print.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  // Accepts only the canonical form: 36 characters, lower or upper case hexadecimal.
  static std::optional<Uuid> parse(std::string_view text);
  std::string to_string() const;
  static constexpr std::size_t characters = 36;
  // Writes exactly so many.
  void write(char* out) const;

  auto operator<=>(const Uuid&) const = default;
  // Asked of every agent that is looked for: two words, and no call.
  constexpr bool operator==(const Uuid& other) const {
    using Words = std::array<std::uint64_t, 2>;
    const auto a = std::bit_cast<Words>(bytes);
    const auto b = std::bit_cast<Words>(other.bytes);
    return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
  }

  // Version 4 UUIDs are random, so eight of their bytes make a fine hash.
  std::uint64_t hash() const {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + 8, sizeof word);
    std::uint64_t first;
    std::memcpy(&first, bytes.data(), sizeof first);
    return word ^ (first * 0x9E3779B97F4A7C15ULL);
  }
};

// An id of one kind of thing; ids of different things do not mix.
template <class Tag>
struct Id {
  Uuid uuid;

  static std::optional<Id> parse(std::string_view text) {
    if (auto parsed = Uuid::parse(text)) return Id{*parsed};
    return std::nullopt;
  }
  std::string to_string() const { return uuid.to_string(); }
  auto operator<=>(const Id&) const = default;
};

}  // namespace agentauth

template <class Tag>
struct std::hash<agentauth::Id<Tag>> {
  std::size_t operator()(const agentauth::Id<Tag>& id) const noexcept { return id.uuid.hash(); }
};

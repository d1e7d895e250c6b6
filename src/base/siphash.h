// SipHash-2-4: a short keyed hash, so that nobody outside can choose two names that collide.
#pragma once

#include <array>
#include <cstdint>

#include "base/encoding.h"

namespace agentauth {

using SipHashKey = std::array<std::uint8_t, 16>;

std::uint64_t siphash(const SipHashKey& key, ByteView data);

}  // namespace agentauth

// A small dense number for each living thread, for arrays of per-thread state.
#pragma once

#include <cstddef>

namespace agentauth {

inline constexpr std::size_t thread_index_max = 256;

// The calling thread's number, below thread_index_max; given back when the thread ends.
// More threads than that at once is a bug (options bound every pool) and aborts.
std::size_t thread_index();

}  // namespace agentauth

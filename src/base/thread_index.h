// A small dense number for each living thread, for arrays of per-thread state.
#pragma once

#include <cstddef>

namespace agentauth {

inline constexpr std::size_t thread_index_max = 256;

namespace internal {

inline constexpr std::size_t no_thread_index = thread_index_max;
extern constinit thread_local std::size_t known_thread_index;
std::size_t lease_thread_index();

}  // namespace internal

// The calling thread's number, below thread_index_max; given back when the thread ends.
// More threads than that at once is a bug (options bound every pool) and aborts.
inline std::size_t thread_index() {
  const std::size_t known = internal::known_thread_index;
  return known != internal::no_thread_index ? known : internal::lease_thread_index();
}

}  // namespace agentauth

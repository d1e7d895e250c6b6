#include "base/thread_index.h"

#include <array>
#include <atomic>
#include <cstdlib>

namespace agentauth {
namespace {

std::array<std::atomic<bool>, thread_index_max> taken{};

struct Lease {
  std::size_t index = 0;

  Lease() {
    while (index < thread_index_max && taken[index].exchange(true, std::memory_order_acquire))
      ++index;
    if (index == thread_index_max) std::abort();
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { taken[index].store(false, std::memory_order_release); }
};

}  // namespace

constinit thread_local std::size_t internal::known_thread_index = no_thread_index;

std::size_t internal::lease_thread_index() {
  thread_local const Lease lease;
  return known_thread_index = lease.index;
}

}  // namespace agentauth

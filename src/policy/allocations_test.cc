// In a file of its own: where the compiler sees both, it finds that malloc and delete do not match.
#include "policy/testing/allocations.h"

#include <cstdlib>
#include <new>

using agentauth::policy::testing::allocations_made;

void* operator new(std::size_t size) {
  ++allocations_made;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations_made;
  return std::malloc(size == 0 ? 1 : size);
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

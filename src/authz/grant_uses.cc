#include "authz/grant_uses.h"

#include <new>

namespace agentauth {

GrantUses::GrantUses() : memory_(std::calloc(lines + 1, sizeof(Line))) {
  if (!memory_) throw std::bad_alloc();
  void* first = memory_.get();
  std::size_t size = (lines + 1) * sizeof(Line);
  lines_ = static_cast<Line*>(std::align(sizeof(Line), lines * sizeof(Line), first, size));
}

void GrantUses::put_back(const Use& use) {
  const auto gave_way = latest_.note(use);
  if (!gave_way) return;
  // There is no room for it: so that it is noted when it is used again.
  place_of(*gave_way).store(0, std::memory_order_relaxed);
}

}  // namespace agentauth

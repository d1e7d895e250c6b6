// Epoch-based reclamation: readers of shared structures take no lock and never wait.
//
// A reader pins the domain while it holds pointers; a writer publishes a new version with an
// atomic store and retires the old one, which is destroyed once no reader that could have seen
// it is still pinned. Any thread may read or retire; who may write is the structure's own affair.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/thread_index.h"

namespace agentauth {

class EpochDomain {
 public:
  EpochDomain();
  ~EpochDomain();
  EpochDomain(const EpochDomain&) = delete;
  EpochDomain& operator=(const EpochDomain&) = delete;

  // While one lives, nothing this thread reads is destroyed. Nests; stays on its thread.
  class Pin {
   public:
    explicit Pin(const EpochDomain& domain) : slot_(&domain.slots_[thread_index()].epoch) {
      if (slot_->load(std::memory_order_relaxed) != 0) {
        slot_ = nullptr;
        return;
      }
      // Sequentially consistent on both sides: either the writer sees this pin, or this reader sees
      // everything the writer published before it looked.
      slot_->store(domain.epoch_.load(std::memory_order_seq_cst), std::memory_order_seq_cst);
    }
    ~Pin() {
      if (slot_ != nullptr) slot_->store(0, std::memory_order_release);
    }
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;

   private:
    std::atomic<std::uint64_t>* slot_;  // nullptr when an outer pin of this thread stands
  };

  // Takes what was just unpublished. Without memory to remember it by, it is never destroyed:
  // a reader may still hold it.
  template <class T>
  void retire(std::unique_ptr<const T> old) noexcept {
    if (!old) return;
    retire_erased(old.release(), [](const void* object) { delete static_cast<const T*>(object); });
  }

 private:
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> epoch{0};  // 0: not reading
  };
  using Destroy = void (*)(const void*);
  struct Retired {
    std::uint64_t epoch;
    const void* object;
    Destroy destroy;
  };

  void retire_erased(const void* object, Destroy destroy) noexcept;
  std::uint64_t oldest_reader() const;

  std::atomic<std::uint64_t> epoch_{1};
  std::unique_ptr<Slot[]> slots_;
  std::mutex mutex_;  // of retired_
  std::vector<Retired> retired_;
};

}  // namespace agentauth

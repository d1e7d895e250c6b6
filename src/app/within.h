// A time limit for what knows none, such as getaddrinfo.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <thread>

namespace agentauth::app {

// What `work` returns, or nothing when it takes longer. It goes on then, on a thread that nobody
// waits for, so it may touch nothing that ends before the process does.
template <class Value>
std::optional<Value> within(std::chrono::milliseconds limit, std::function<Value()> work) {
  std::packaged_task<Value()> task(std::move(work));
  auto result = task.get_future();
  std::thread(std::move(task)).detach();
  if (result.wait_for(limit) != std::future_status::ready) return std::nullopt;
  return result.get();
}

}  // namespace agentauth::app

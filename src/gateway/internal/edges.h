// The edges of a tree whose nodes are numbers: from a node by a text to the next one. Filled once,
// then only read: one probe or two, whatever their number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace agentauth::internal {

class Edges {
 public:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  // Where the edge leads; `none` when there is no such edge.
  std::uint32_t find(std::uint32_t from, std::string_view text) const;
  // REQUIRES: there is no such edge.
  void add(std::uint32_t from, std::string_view text, std::uint32_t to);

 private:
  struct Edge {
    std::uint32_t from = none;
    std::uint32_t to = none;
    std::uint64_t hash = 0;
    std::string text;
  };

  static std::uint64_t hash(std::uint32_t from, std::string_view text);
  static void place(std::vector<Edge>& slots, Edge edge);

  std::vector<Edge> slots_;  // a power of two, at most half full
  std::size_t count_ = 0;
};

}  // namespace agentauth::internal

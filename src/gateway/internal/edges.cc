#include "gateway/internal/edges.h"

#include <utility>

namespace agentauth::internal {

// FNV-1a. Who asks cannot fill the table, so there is nothing to gain by colliding.
std::uint64_t Edges::hash(std::uint32_t from, std::string_view text) {
  std::uint64_t value = 0xCBF29CE484222325 ^ from;
  for (const char c : text)
    value = (value ^ static_cast<unsigned char>(c)) * std::uint64_t{0x100000001B3};
  return value ^ (value >> 32);
}

std::uint32_t Edges::find(std::uint32_t from, std::string_view text) const {
  if (slots_.empty()) return none;
  const std::uint64_t wanted = hash(from, text);
  for (std::uint64_t at = wanted;; ++at) {
    const Edge& edge = slots_[at & (slots_.size() - 1)];
    if (edge.to == none) return none;
    if (edge.hash == wanted && edge.from == from && edge.text == text) return edge.to;
  }
}

void Edges::place(std::vector<Edge>& slots, Edge edge) {
  std::uint64_t at = edge.hash;
  while (slots[at & (slots.size() - 1)].to != none) ++at;
  slots[at & (slots.size() - 1)] = std::move(edge);
}

void Edges::add(std::uint32_t from, std::string_view text, std::uint32_t to) {
  if (2 * (count_ + 1) > slots_.size()) {
    std::vector<Edge> larger(slots_.empty() ? 16 : 2 * slots_.size());
    for (Edge& edge : slots_)
      if (edge.to != none) place(larger, std::move(edge));
    slots_ = std::move(larger);
  }
  place(slots_, {from, to, hash(from, text), std::string(text)});
  ++count_;
}

}  // namespace agentauth::internal

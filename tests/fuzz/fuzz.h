// What the fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// Ends the run, with the input kept, when a property does not hold.
#define MUST(property)                                                                   \
  do {                                                                                   \
    if (!(property)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)

namespace agentauth::fuzz {

inline std::string_view as_view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Takes what stands before the first `separator` off the front of `text`; all of it if there is
// none.
inline std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text = end == text.npos ? std::string_view() : text.substr(end + 1);
  return taken;
}

}  // namespace agentauth::fuzz

// The body of a target: FUZZ(std::string_view input) { ... }
#define FUZZ(input)                                                                   \
  static void fuzz_one(input);                                                        \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    fuzz_one(agentauth::fuzz::as_view(data, size));                                   \
    return 0;                                                                         \
  }                                                                                   \
  static void fuzz_one(input)

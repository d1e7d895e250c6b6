// The files of the API page, embedded in the binary when it is built (cmake/EmbedAssets.cmake).
#pragma once

#include <span>
#include <string_view>

namespace agentauth::web {

struct Asset {
  std::string_view path;          // as it is requested: "/docs/init.js"
  std::string_view content_type;  // the whole header value
  std::string_view body;          // lives as long as the program
};

// Every file there is; the first is the page itself, at "/docs".
std::span<const Asset> assets();

}  // namespace agentauth::web

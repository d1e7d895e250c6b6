// The files of the pages, embedded in the binary when it is built (cmake/EmbedAssets.cmake).
#pragma once

#include <span>
#include <string_view>

namespace agentauth::web {

struct Asset {
  std::string_view path;          // as it is requested: "/docs/init.js"
  std::string_view content_type;  // the whole header value
  std::string_view body;          // lives as long as the program
};

// Every file there is. A page is the file at a path of one segment: "/docs", "/explorer".
std::span<const Asset> assets();

}  // namespace agentauth::web

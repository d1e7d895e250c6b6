#include "app/envoy_module.h"

#include <dlfcn.h>

#include <array>
#include <filesystem>
#include <system_error>

#include "app/wiring.h"

namespace agentauth::app {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> cannot_load(const std::string& why) {
  return failure(Errc::invalid_argument, "--envoy-listen: " + why);
}

// Beside the program, or where its package puts it. Nowhere else: whoever could name another place
// would run code as the server.
Result<fs::path> find_module() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  if (error) return cannot_load("where this program is cannot be found: " + error.message());
  for (const fs::path& place : {folder, folder.parent_path() / "lib" / "agentauth"})
    if (fs::exists(place / envoy::module_file, error)) return place / envoy::module_file;
  return cannot_load(std::string(envoy::module_file) + " is not in " + folder.string() +
                     ", where this program is: install both");
}

Result<envoy::Listen> find_listen() {
  const fs::path path = TRY(find_module());
  // Never unloaded: its libraries leave threads behind.
  void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr)
    return cannot_load(path.string() +
                       " cannot be loaded; it needs gRPC (Debian: apt-get install "
                       "libgrpc++1.51 libprotobuf32): " +
                       dlerror());
  void* const symbol = dlsym(module, envoy::listen_symbol);
  if (symbol == nullptr) return cannot_load(path.string() + " is of another version of agentauth");
  return reinterpret_cast<envoy::Listen>(symbol);
}

}  // namespace

Result<void> load_envoy_module() {
  TRY(find_listen());
  return {};
}

Result<std::unique_ptr<envoy::Listener>> listen_for_envoy(const Options& options,
                                                          envoy::Checks& checks) {
  const std::string address = TRY(listen_address(*options.envoy_listen, "--envoy-listen"));
  const std::string certificate = options.tls_cert ? options.tls_cert->string() : "";
  const std::string key = options.tls_key ? options.tls_key->string() : "";
  const envoy::Listen listen = TRY(find_listen());
  std::array<char, 256> why{};
  std::unique_ptr<envoy::Listener> listener(listen(envoy::interface_revision,
                                                   {.address = address,
                                                    .port = options.envoy_listen->port,
                                                    .certificate_file = certificate,
                                                    .key_file = key},
                                                   checks, why.data(), why.size()));
  if (listener == nullptr)
    return cannot_load("cannot listen on " + options.envoy_listen->to_string() + ": " + why.data());
  return listener;
}

}  // namespace agentauth::app

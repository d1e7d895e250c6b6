#include <benchmark/benchmark.h>

#include <string_view>

#include "bench/micro/casbin_set.h"

// With --casbin it answers questions instead, beside others that are asked the same.
int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--casbin") return agentauth::bench::serve_casbin();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

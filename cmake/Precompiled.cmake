# In builds of clang with a sanitizer, what many files include from elsewhere is read once instead of
# 400 times. The other builds do without, and so show that each file includes what it uses.
set(AGENTAUTH_PRECOMPILED
    <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <cstring> <functional> <map> <memory>
    <mutex> <optional> <set> <span> <string> <string_view> <thread> <tuple> <unordered_map>
    <utility> <variant> <vector> <tl/expected.hpp>)
set(AGENTAUTH_PRECOMPILED_IN_TESTS
    <filesystem> <fstream> <gmock/gmock.h> <gtest/gtest.h> <rapidcheck/gtest.h>)

# agentauth_headers_of(NAME [OPTIONS option…] [LINKS library…] [HEADERS header…])
#
# NAME is for targets that are compiled with the same options and no others.
function(agentauth_headers_of name)
  cmake_parse_arguments(ARG "" "" "OPTIONS;LINKS;HEADERS" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${name}.cc CONTENT "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cc)
  target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
  target_link_libraries(${name} PRIVATE tl::expected Threads::Threads ${ARG_LINKS})
  target_precompile_headers(${name} PRIVATE ${AGENTAUTH_PRECOMPILED} ${ARG_HEADERS})
endfunction()

if(AGENTAUTH_SANITIZE AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # ccache keeps what was made with such headers only where no time is written into them.
  if(CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros
                                    ${CMAKE_CXX_COMPILER_LAUNCHER})
  endif()
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")

  agentauth_headers_of(agentauth_headers OPTIONS ${AGENTAUTH_FUZZ_COVERAGE})
  agentauth_headers_of(agentauth_shell_headers OPTIONS -O0)
  if(AGENTAUTH_TESTS)
    agentauth_headers_of(agentauth_test_headers OPTIONS -O0 LINKS GTest::gmock
                         HEADERS ${AGENTAUTH_PRECOMPILED_IN_TESTS})
    target_include_directories(agentauth_test_headers SYSTEM PRIVATE ${RAPIDCHECK_INCLUDE})
  endif()
endif()

set(AGENTAUTH_HEADERS agentauth_headers)  # for the modules of a folder

# Gives TARGET the headers of FROM, one of the above.
function(agentauth_precompiled target from)
  if(TARGET ${from})
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()

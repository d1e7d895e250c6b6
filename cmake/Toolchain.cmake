# Compiler, linker and warnings: one place, the same for every target.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Werror
                    -fno-omit-frame-pointer)
# TRY is a statement expression: every compiler we support has it, no standard does yet.
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  add_compile_options(-Wno-gnu-statement-expression)
  # tl::expected of Debian 12 is not [[nodiscard]]. In clang's builds it is, so that an error that
  # nobody looks at does not get past CI (docs/adr/0010).
  find_path(TL_EXPECTED_INCLUDE tl/expected.hpp REQUIRED)
  file(READ ${TL_EXPECTED_INCLUDE}/tl/expected.hpp expected_text)
  string(REPLACE "\nclass expected :" "\nclass [[nodiscard]] expected :" nodiscard_text
                 "${expected_text}")
  if(nodiscard_text STREQUAL expected_text)
    message(FATAL_ERROR "tl/expected.hpp is not as expected: does it say [[nodiscard]] itself now?")
  endif()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/nodiscard/tl/expected.hpp CONTENT "${nodiscard_text}"
       @ONLY)
  include_directories(BEFORE SYSTEM ${CMAKE_BINARY_DIR}/nodiscard)
else()
  # GCC 12 warns about std::optional and std::variant members it cannot follow (PR 80635).
  add_compile_options(-Wno-maybe-uninitialized)
  # A tenth of GCC's time goes into collecting garbage, which may lie where there is memory enough.
  cmake_host_system_information(RESULT memory_mb QUERY TOTAL_PHYSICAL_MEMORY)
  cmake_host_system_information(RESULT core_count QUERY NUMBER_OF_LOGICAL_CORES)
  math(EXPR memory_mb_each "${memory_mb} / ${core_count}")
  if(memory_mb_each GREATER_EQUAL 2048)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:--param=ggc-min-heapsize=524288>)
  endif()
  # And, optimising, about strings that it believes longer than memory (PR 105651).
  add_compile_options($<$<CONFIG:Release>:-Wno-restrict>)
endif()
add_compile_options(-fstack-protector-strong -fPIE)
add_compile_options($<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
add_link_options(-pie -Wl,-z,relro,-z,now)
# Nothing that nothing uses, a third of a megabyte less resident.
add_link_options($<$<CONFIG:Release>:-Wl,--gc-sections>)
# Only what is used of the C++ library: a megabyte less resident, and it runs where the library is older.
add_link_options($<$<CONFIG:Release>:-static-libstdc++> $<$<CONFIG:Release>:-static-libgcc>)

if(AGENTAUTH_SANITIZE)
  add_compile_options(-fsanitize=${AGENTAUTH_SANITIZE} -fno-sanitize-recover=all
                      -U_FORTIFY_SOURCE)
  add_link_options(-fsanitize=${AGENTAUTH_SANITIZE})
  # ThreadSanitizer does not know fences, and GCC says so; Asio does without them when told to.
  if(AGENTAUTH_SANITIZE STREQUAL "thread")
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
    # Tests in which memory runs out have an operator new of their own. clang++ links another one,
    # clang does not.
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
      add_link_options(--driver-mode=gcc)
      link_libraries(stdc++ m)
    endif()
  endif()
endif()

if(AGENTAUTH_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "AGENTAUTH_FUZZ needs clang: use the preset `asan`")
  endif()
  # For what fuzz targets run: modules and the targets themselves. Only they link libFuzzer's main.
  set(AGENTAUTH_FUZZ_COVERAGE -fsanitize=fuzzer-no-link)
endif()

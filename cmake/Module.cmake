# agentauth_module(NAME [USES module…] [LINKS library…])
#
# One folder under src/ is one static library; the tests that stand beside its code become one
# program. Third-party libraries are PRIVATE: no public header includes one (tl::expected aside).
function(agentauth_module name)
  cmake_parse_arguments(ARG "" "" "USES;LINKS;EXTRA_SOURCES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$|/testing/|/main\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  add_library(agentauth_${name} STATIC ${sources} ${ARG_EXTRA_SOURCES})
  target_include_directories(agentauth_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ARG_USES PREPEND agentauth_)
  target_link_libraries(agentauth_${name} PUBLIC ${ARG_USES} tl::expected Threads::Threads
                                          PRIVATE ${ARG_LINKS})
  target_compile_options(agentauth_${name} PRIVATE ${AGENTAUTH_FUZZ_COVERAGE})
  agentauth_precompiled(agentauth_${name} ${AGENTAUTH_HEADERS})
  if(AGENTAUTH_TESTS AND tests)
    add_executable(${name}_test ${tests})
    # Half of the time that a test takes to compile would be for optimising it, which it is not worth.
    target_compile_options(${name}_test PRIVATE -O0)
    target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR})  # tests/cases
    target_include_directories(${name}_test SYSTEM PRIVATE ${RAPIDCHECK_INCLUDE})
    target_link_libraries(${name}_test PRIVATE agentauth_${name} ${ARG_LINKS} GTest::gmock
                                               GTest::gtest_main ${RAPIDCHECK_LIBRARY})
    agentauth_precompiled(${name}_test agentauth_test_headers)
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
endfunction()

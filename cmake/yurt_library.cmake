# yurt_library(NAME [SOURCES files...] [DEPS targets...])
#
# One library per top-level folder: all .cc files beneath it (or SOURCES), our warnings, includes
# written from the repository's root.
#
# Sources are compiled in batches: a clean build reads the big headers once per batch and not once
# per file. Helpers of an unnamed namespace therefore need names that are unique in their folder.
# YURT_BATCH=1 compiles each file by itself, which shows an include that a file lacks.
set(YURT_BATCH 8 CACHE STRING "How many source files are compiled together")
function(yurt_compile_in_batches name)
  if(YURT_BATCH GREATER 1)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${YURT_BATCH})
    # Meant for types of a header; here it takes every batched source for one.
    target_compile_options(${name} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

function(yurt_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB_RECURSE ARG_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  yurt_compile_in_batches(${name})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE yurt_warnings)
endfunction()

# yurt_test(NAME SOURCES files... DEPS targets... ENVIRONMENT settings...): a GoogleTest binary, one
# CTest test per case.
function(yurt_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;ENVIRONMENT" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  yurt_compile_in_batches(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gtest GTest::gmock GTest::gtest_main
                        yurt_warnings)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES ENVIRONMENT "${ARG_ENVIRONMENT}"
                       TIMEOUT 300)
endfunction()

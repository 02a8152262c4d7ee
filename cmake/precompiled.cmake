# Headers of the standard library and of fmt that most files include, parsed once for each set of options instead of once a file. Sources still
# include what they use: rooms that samples flow through, and the fuzz build, go without.
if(PV_FUZZ)
  return()
endif()

set(precompiled_headers
    <algorithm> <array> <atomic> <chrono> <cstdint> <filesystem> <fstream> <functional> <map> <memory> <mutex> <optional> <set> <span> <sstream> <string>
    <string_view> <thread> <unordered_map> <utility> <variant> <vector> <fmt/format.h> <tl/expected.hpp>)
file(WRITE ${CMAKE_BINARY_DIR}/precompiled/empty.cpp.new "")
file(COPY_FILE ${CMAKE_BINARY_DIR}/precompiled/empty.cpp.new ${CMAKE_BINARY_DIR}/precompiled/empty.cpp ONLY_IF_DIFFERENT)

set(precompiled_options_GLUE -O1)
set(precompiled_options_TEST -O0)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 forgets that what is precompiled are headers of the system, and reports impossible bounds inside std::string.
  list(APPEND precompiled_options_GLUE -Wno-array-bounds -Wno-stringop-overflow)
  # Sources compiled as one are included by another, and so look like headers to it.
  foreach(kind GLUE TEST)
    list(APPEND precompiled_options_${kind} -Wno-subobject-linkage)
  endforeach()
endif()
foreach(kind GLUE TEST)
  add_library(pv_precompiled_${kind} OBJECT ${CMAKE_BINARY_DIR}/precompiled/empty.cpp)
  target_compile_options(pv_precompiled_${kind} PRIVATE ${precompiled_options_${kind}})
  target_link_libraries(pv_precompiled_${kind} PRIVATE fmt::fmt)
  target_precompile_headers(pv_precompiled_${kind} PRIVATE ${precompiled_headers})
endforeach()
target_link_libraries(pv_precompiled_TEST PRIVATE GTest::gtest)
target_precompile_headers(pv_precompiled_TEST PRIVATE <gtest/gtest.h>)

# pv_precompiled(target GLUE|TEST): glue at -O1, tests not optimized at all. Several sources are compiled as one, as most of their time is the same
# templates again (JSON, HTTP): names in anonymous namespaces are therefore unique within a target.
function(pv_precompiled target kind)
  target_compile_options(${target} PRIVATE ${precompiled_options_${kind}})
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  target_precompile_headers(${target} REUSE_FROM pv_precompiled_${kind})
endfunction()

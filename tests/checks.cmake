# Tests that are no C++: the tree's own rules, the fuzz targets' short run, the pages.
add_test(NAME tree.rooms_include_only_what_they_may COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/check_includes.py ${CMAKE_SOURCE_DIR})
add_test(NAME tree.every_source_is_built
         COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/check_orphans.py ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/compile_commands.json
                 ${CMAKE_SOURCE_DIR}/build-fuzz/compile_commands.json)

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/fuzz_*.cpp)
foreach(source ${fuzz_sources})
  get_filename_component(name ${source} NAME_WE)
  add_test(NAME fuzz.${name} COMMAND ${CMAKE_SOURCE_DIR}/tools/run_fuzz.sh ${CMAKE_SOURCE_DIR}/build-fuzz ${name} ${CMAKE_SOURCE_DIR})
  set_tests_properties(fuzz.${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1200)
endforeach()

add_test(NAME pages.unit COMMAND npm --prefix ${CMAKE_SOURCE_DIR}/ui test --silent)
add_test(NAME pages.types COMMAND npm --prefix ${CMAKE_SOURCE_DIR}/ui run --silent check)
add_test(NAME pages.browser_with_the_real_program COMMAND ${CMAKE_SOURCE_DIR}/tests/pages/run.sh $<TARGET_FILE:powerview> ${CMAKE_SOURCE_DIR})
set_tests_properties(pages.browser_with_the_real_program PROPERTIES TIMEOUT 600 RESOURCE_LOCK chromium COST 200)
add_test(NAME pages.browser_through_caddy COMMAND ${CMAKE_SOURCE_DIR}/tests/deploy/caddy.sh $<TARGET_FILE:powerview> ${CMAKE_SOURCE_DIR})
set_tests_properties(pages.browser_through_caddy PROPERTIES TIMEOUT 300 RESOURCE_LOCK chromium SKIP_RETURN_CODE 77)

# What `powerview deploy render` writes, read by those it is for.
foreach(what caddy compose nft systemd)
  add_test(NAME deploy.rendered_for_${what} COMMAND ${CMAKE_SOURCE_DIR}/tests/deploy/rendered.sh $<TARGET_FILE:powerview> ${what})
  set_tests_properties(deploy.rendered_for_${what} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
add_test(NAME deploy.guides_name_commands_that_are_there
         COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/deploy/guide.py $<TARGET_FILE:powerview> ${CMAKE_SOURCE_DIR}/docs/guide/guide.en.md
                 ${CMAKE_SOURCE_DIR}/docs/guide/guide.fr.md)
add_test(NAME deploy.manual_and_completion COMMAND ${CMAKE_SOURCE_DIR}/tests/deploy/described.sh ${CMAKE_BINARY_DIR}/package)
set_tests_properties(deploy.manual_and_completion PROPERTIES SKIP_RETURN_CODE 77)

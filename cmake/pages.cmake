# pv_pages: the built web pages (ui/dist) as data inside the program. Without ui/dist the program has no pages, only its API; ./run and
# ./test build them first.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
file(GLOB_RECURSE page_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ui/dist/*)
set(pages_dir ${CMAKE_BINARY_DIR}/pages)
add_custom_command(
  OUTPUT ${pages_dir}/pages.S ${pages_dir}/pages.cpp
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/cmake/embed_pages.py ${CMAKE_SOURCE_DIR}/ui/dist ${pages_dir}
  DEPENDS ${page_files} ${CMAKE_SOURCE_DIR}/cmake/embed_pages.py
  COMMENT "Embedding the web pages")
add_library(pv_pages STATIC ${pages_dir}/pages.S ${pages_dir}/pages.cpp)
target_link_libraries(pv_pages PUBLIC pv_api)
# The assembler does not see what .incbin names.
set_source_files_properties(${pages_dir}/pages.S PROPERTIES OBJECT_DEPENDS "${page_files}")
set_source_files_properties(${pages_dir}/pages.S PROPERTIES COMPILE_OPTIONS "-Wno-error")

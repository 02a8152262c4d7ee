add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports impossible overlaps inside std::string under -O2 (GCC bug 105651).
  add_compile_options(-Wno-restrict)
endif()

# callgate_static_program(TARGET BITS VARIABLE SOURCE file [OUTPUT file] [DEPENDS file…])
#
# A static program of 32 or 64 bits, stripped, whatever the project's word size and without its sanitizers. OUTPUT is
# TARGET.bin in the current binary directory unless given. Sets VARIABLE to the program's path, or to "" with a message
# where such programs cannot be linked.
include(CheckCXXSourceCompiles)
function(callgate_static_program target bits variable)
  cmake_parse_arguments(program "" "SOURCE;OUTPUT" "DEPENDS" ${ARGN})
  set(${variable} "" PARENT_SCOPE)
  set(CMAKE_CXX_FLAGS "")
  set(CMAKE_REQUIRED_FLAGS "-m${bits} -static")
  check_cxx_source_compiles("#include <cstdint>\n#include <cstdio>\nint main() { return std::puts(\"\"); }"
                            CALLGATE_CAN_LINK_${bits})
  if(NOT CALLGATE_CAN_LINK_${bits})
    message(STATUS "callgate: no static -m${bits} programs here: what needs ${bits}-bit code will be skipped")
    return()
  endif()
  set(program ${program_OUTPUT})
  if(NOT program)
    set(program ${CMAKE_CURRENT_BINARY_DIR}/${target}.bin)
  endif()
  add_custom_command(OUTPUT ${program}
    COMMAND ${CMAKE_CXX_COMPILER} -m${bits} -std=c++20 -O2 -Wall -Wextra -fno-exceptions -fno-rtti -static -s
            -I${PROJECT_SOURCE_DIR} -I${PROJECT_SOURCE_DIR}/include ${CMAKE_CURRENT_SOURCE_DIR}/${program_SOURCE}
            -o ${program}
    DEPENDS ${program_SOURCE} ${program_DEPENDS} VERBATIM)
  add_custom_target(${target} DEPENDS ${program})
  set(${variable} ${program} PARENT_SCOPE)
endfunction()

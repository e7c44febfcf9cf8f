# callgate_room(NAME SOURCES file… USES room… [CORE] [EVALUATE file…])
#
# One target per room. It links only the rooms it may use, so that a wrong use does not link.
#   CORE      the room is part of the core: no exceptions, no RTTI
#   EVALUATE  files that run on every decision: general registers only, no stack protector (it lives in
#             thread-local storage)

add_library(callgate_flags INTERFACE)
target_compile_features(callgate_flags INTERFACE cxx_std_20)
target_include_directories(callgate_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
target_compile_options(callgate_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  -Wcast-qual -Wformat=2 -Wundef -Wextra-semi -Woverloaded-virtual $<$<BOOL:${CALLGATE_WERROR}>:-Werror>)
# g++ 12 takes "text" + std::string() for overlapping copies (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(callgate_flags INTERFACE -Wno-restrict)
endif()

set(CALLGATE_ROOMS "" CACHE INTERNAL "rooms that make up the library")

function(callgate_room name)
  cmake_parse_arguments(room "CORE" "" "SOURCES;USES;EVALUATE" ${ARGN})
  set(target callgate_${name})
  if(CALLGATE_MUTANTS)
    callgate_use_mutants(room_SOURCES)
    callgate_use_mutants(room_EVALUATE)
  endif()
  add_library(${target} STATIC ${room_SOURCES})
  add_library(callgate::${name} ALIAS ${target})
  target_link_libraries(${target} PRIVATE callgate_flags)
  foreach(used IN LISTS room_USES)
    target_link_libraries(${target} PUBLIC callgate_${used})
  endforeach()
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
                        VISIBILITY_INLINES_HIDDEN ON)
  if(room_CORE)
    target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti)
  endif()
  if(room_EVALUATE AND CALLGATE_IS_X86)
    # With clang's -mgeneral-regs-only the standard headers do not compile: they mention long double.
    set_source_files_properties(${room_EVALUATE} PROPERTIES COMPILE_OPTIONS
      "$<IF:$<CXX_COMPILER_ID:Clang>,-mno-sse;-mno-mmx,-mgeneral-regs-only>;-fno-stack-protector")
  endif()
  set(CALLGATE_ROOMS ${CALLGATE_ROOMS} ${target} CACHE INTERNAL "rooms that make up the library")
endfunction()

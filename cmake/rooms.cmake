# The rooms of the tree, as cmake/rooms.txt lists them: which rooms and libraries each may use. A target links what its room's
# line says, so that a wrong use does not link; tests/rooms/ holds the includes against the same lines.
#
# callgate_link(TARGET ROOM [ROOMS room…] [LIBRARIES library…])
#   Links a target of the room ROOM. ROOMS and LIBRARIES narrow it: only these of the room's line.
#
# callgate_tools(ROOM SOURCES file…)
#   The static library of a room that is no part of the product: oracles, measurements, the command.
#
# callgate_room(NAME SOURCES file… [ROOM room] [LIBRARIES library…] [CORE] [EVALUATE file…])
#   A room of the library, or the part NAME of ROOM.
#   CORE      the room is part of the core: no exceptions, no RTTI
#   EVALUATE  files that run on every decision: general registers only, no stack protector (it lives in
#             thread-local storage), no checks of a distribution's that call others
#
# The target of a room is called callgate_ and its folder, with _ for /. A room or library that this build is without is not
# linked.

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

# Reads the table into global properties: room:FOLDER:rooms, room:FOLDER:libraries, library:NAME:target.
function(callgate_read_rooms file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(STRINGS ${file} lines REGEX "^(room|library) ")
  foreach(line IN LISTS lines)
    string(REPLACE "|" ";" columns "${line}")
    list(LENGTH columns count)
    foreach(index RANGE 2)
      set(column_${index} "")
      if(index LESS count)
        list(GET columns ${index} column_${index})
        string(REGEX MATCHALL "[^ ]+" column_${index} "${column_${index}}")
      endif()
    endforeach()
    list(GET column_0 0 kind)
    list(GET column_0 1 name)
    if(kind STREQUAL "room")
      set_property(GLOBAL PROPERTY "room:${name}:rooms" "${column_1}")
      set_property(GLOBAL PROPERTY "room:${name}:libraries" "${column_2}")
      set_property(GLOBAL APPEND PROPERTY "rooms" ${name})
    else()
      set_property(GLOBAL PROPERTY "library:${name}:target" "${column_2}")
    endif()
  endforeach()
endfunction()
callgate_read_rooms(${PROJECT_SOURCE_DIR}/cmake/rooms.txt)

function(callgate_target_of room variable)
  string(REPLACE "/" "_" name ${room})
  set(${variable} callgate_${name} PARENT_SCOPE)
endfunction()

# What a target of a room links of one column of its line: all, or the words that are wanted, which must stand there.
function(callgate_narrow room column wanted variable)
  get_property(listed GLOBAL PROPERTY "room:${room}:${column}")
  foreach(word IN LISTS wanted)
    if(NOT word IN_LIST listed)
      message(FATAL_ERROR "callgate: cmake/rooms.txt does not let ${room} use ${word}")
    endif()
  endforeach()
  if(wanted)
    set(listed ${wanted})
  endif()
  set(${variable} "${listed}" PARENT_SCOPE)
endfunction()

function(callgate_link target room)
  cmake_parse_arguments(link "" "" "ROOMS;LIBRARIES" ${ARGN})
  get_property(all GLOBAL PROPERTY "rooms")
  if(NOT room IN_LIST all)
    message(FATAL_ERROR "callgate: cmake/rooms.txt has no room ${room}")
  endif()
  callgate_narrow(${room} rooms "${link_ROOMS}" rooms)
  callgate_narrow(${room} libraries "${link_LIBRARIES}" libraries)
  get_target_property(type ${target} TYPE)
  set(visibility PRIVATE)
  if(type STREQUAL "STATIC_LIBRARY")
    set(visibility PUBLIC)
  endif()
  target_link_libraries(${target} PRIVATE callgate_flags)
  foreach(used IN LISTS rooms)
    callgate_target_of(${used} library)
    target_link_libraries(${target} ${visibility} $<TARGET_NAME_IF_EXISTS:${library}>)
  endforeach()
  foreach(used IN LISTS libraries)
    get_property(library GLOBAL PROPERTY "library:${used}:target")
    if(TARGET "${library}")
      target_link_libraries(${target} PRIVATE ${library})
    endif()
  endforeach()
endfunction()

function(callgate_tools room)
  cmake_parse_arguments(tools "" "" "SOURCES" ${ARGN})
  callgate_target_of(${room} target)
  add_library(${target} STATIC ${tools_SOURCES})
  callgate_link(${target} ${room})
endfunction()

set(CALLGATE_ROOMS "" CACHE INTERNAL "rooms that make up the library")

function(callgate_room name)
  cmake_parse_arguments(room "CORE" "ROOM" "SOURCES;LIBRARIES;EVALUATE" ${ARGN})
  set(target callgate_${name})
  if(NOT room_ROOM)
    set(room_ROOM ${name})
  endif()
  if(CALLGATE_MUTANTS)
    callgate_use_mutants(room_SOURCES)
    callgate_use_mutants(room_EVALUATE)
  endif()
  add_library(${target} STATIC ${room_SOURCES})
  add_library(callgate::${name} ALIAS ${target})
  callgate_link(${target} ${room_ROOM} LIBRARIES ${room_LIBRARIES})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
                        VISIBILITY_INLINES_HIDDEN ON)
  if(room_CORE)
    target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti)
  endif()
  if(room_EVALUATE AND CALLGATE_IS_X86)
    # With clang's -mgeneral-regs-only the standard headers do not compile: they mention long double.
    set_source_files_properties(${room_EVALUATE} PROPERTIES COMPILE_OPTIONS
      "$<IF:$<CXX_COMPILER_ID:Clang>,-mno-sse;-mno-mmx,-mgeneral-regs-only>;-fno-stack-protector;-U_FORTIFY_SOURCE;-U_GLIBCXX_ASSERTIONS")
  endif()
  set(CALLGATE_ROOMS ${CALLGATE_ROOMS} ${target} CACHE INTERNAL "rooms that make up the library")
endfunction()

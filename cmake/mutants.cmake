# A build for the test of the tests (CALLGATE_MUTANTS=ON, never installed): some sources are replaced by copies in which
# known bugs can be switched on, one at a time, at run time. The sources themselves know nothing of it.
#
# callgate_mutant(NAME name FILE file LIKE "the bug in the world that it is modelled on"
#                 TEXT [[…]] MUTATED [[…]] [SHOWN_BY verdict])
#
#   TEXT      stands exactly once in FILE: a statement (with its semicolon) or an expression
#   MUTATED   what is there instead while the mutant is on
#   SHOWN_BY  what must find it (tests/mutation/finders.h): decisions (the default), everywhere or verdicts
#
# A TEXT that is gone stops the configuration: the mutant follows the code, or the test would look for nothing.

set(mutated_root ${PROJECT_BINARY_DIR}/mutated)
set(mutated_count 0)
set(mutated_list "")

# Reads FILE, or its copy if it has mutants already, into `content`.
macro(read_mutated file)
  get_property(content GLOBAL PROPERTY "mutated:${file}")
  if("${content}" STREQUAL "")
    file(READ ${PROJECT_SOURCE_DIR}/${file} content)
    string(PREPEND content "#include \"tests/mutation/mutant.h\"\n#line 1 \"${file}\"\n")
    set_property(GLOBAL APPEND PROPERTY mutated_files ${file})
    set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  endif()
endmacro()

function(callgate_mutant)
  cmake_parse_arguments(PARSE_ARGV 0 mutant "" "NAME;FILE;LIKE;TEXT;MUTATED;SHOWN_BY" "")
  if(NOT mutant_SHOWN_BY)
    set(mutant_SHOWN_BY decisions)
  endif()
  read_mutated(${mutant_FILE})
  string(FIND "${content}" "${mutant_TEXT}" first)
  string(FIND "${content}" "${mutant_TEXT}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message(SEND_ERROR "mutant ${mutant_NAME}: its text is not in ${mutant_FILE}, or not once:\n${mutant_TEXT}")
  endif()
  math(EXPR number "${mutated_count} + 1")
  set(is_on "::callgate::mutant::is_on(${number})")
  if("${mutant_TEXT}" MATCHES ";$")
    set(both "{ if (${is_on}) { ${mutant_MUTATED} } else { ${mutant_TEXT} } }")
  else()
    set(both "(${is_on} ? (${mutant_MUTATED}) : (${mutant_TEXT}))")
  endif()
  string(REPLACE "${mutant_TEXT}" "${both}" content "${content}")
  set_property(GLOBAL PROPERTY "mutated:${mutant_FILE}" "${content}")
  set(mutated_count ${number} PARENT_SCOPE)
  set(mutated_list "${mutated_list}CALLGATE_MUTANT(${mutant_NAME}, ${mutant_SHOWN_BY}, \"${mutant_FILE}\", \"${mutant_LIKE}\")\n"
      PARENT_SCOPE)
endfunction()

# Puts the copies where they are found before the originals.
function(callgate_write_mutants)
  file(WRITE ${mutated_root}/mutants.inc.new "${mutated_list}")
  file(COPY_FILE ${mutated_root}/mutants.inc.new ${mutated_root}/mutants.inc ONLY_IF_DIFFERENT)
  get_property(files GLOBAL PROPERTY mutated_files)
  foreach(file IN LISTS files)
    get_property(content GLOBAL PROPERTY "mutated:${file}")
    file(WRITE ${mutated_root}/${file}.new "${content}")
    file(COPY_FILE ${mutated_root}/${file}.new ${mutated_root}/${file} ONLY_IF_DIFFERENT)
  endforeach()
  # A copy of a file that has no mutants any more would still be found before the original.
  file(GLOB_RECURSE copies RELATIVE ${mutated_root} ${mutated_root}/*)
  list(REMOVE_ITEM copies mutants.inc ${files})
  foreach(copy IN LISTS copies)
    file(REMOVE ${mutated_root}/${copy})
  endforeach()
  target_include_directories(callgate_flags BEFORE INTERFACE ${mutated_root} ${mutated_root}/include)
  target_link_libraries(callgate_flags INTERFACE callgate_mutant)
endfunction()

# Replaces, in the list VARIABLE of a room's sources, those that have mutants.
function(callgate_use_mutants variable)
  get_property(files GLOBAL PROPERTY mutated_files)
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE room)
  set(sources "")
  foreach(source IN LISTS ${variable})
    if("${room}/${source}" IN_LIST files)
      set(source ${mutated_root}/${room}/${source})
    endif()
    list(APPEND sources ${source})
  endforeach()
  set(${variable} "${sources}" PARENT_SCOPE)
endfunction()

add_library(callgate_mutant STATIC ${PROJECT_SOURCE_DIR}/tests/mutation/mutant.cc)
target_compile_features(callgate_mutant PUBLIC cxx_std_20)
target_include_directories(callgate_mutant PRIVATE ${PROJECT_SOURCE_DIR})
include(${PROJECT_SOURCE_DIR}/tests/mutation/mutants.cmake)
include(${PROJECT_SOURCE_DIR}/tests/mutation/mutants_compiler.cmake)
callgate_write_mutants()

# Who runs the programs of this build. Those for another machine an emulator runs, which the toolchain file names. A 32-bit build on a kernel that runs no 32-bit programs has them run by an emulator,
# where there is one: CMAKE_CROSSCOMPILING_EMULATOR, which ctest puts in front of tests. scripts/machine.sh knows.
#
# CALLGATE_LAUNCHER   what scripts put in front of a program of this build: empty, or the emulator
# CALLGATE_PATIENCE   how many times longer tests may take
# callgate_patience(VARIABLE): multiplies a variable that holds seconds by it.
set(CALLGATE_LAUNCHER "")
set(CALLGATE_PATIENCE 1)
if(NOT CALLGATE_IS_X86 AND CMAKE_CROSSCOMPILING_EMULATOR)
  string(REPLACE ";" " " CALLGATE_LAUNCHER "${CMAKE_CROSSCOMPILING_EMULATOR}")
  message(STATUS "callgate: ${CALLGATE_LAUNCHER} runs the programs of this build")
  set(CALLGATE_PATIENCE 20)
elseif(CMAKE_SIZEOF_VOID_P EQUAL 4 AND CMAKE_HOST_SYSTEM_NAME STREQUAL "Linux" AND CALLGATE_IS_X86)
  if(NOT CMAKE_CROSSCOMPILING_EMULATOR)
    execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/machine.sh launcher OUTPUT_VARIABLE CMAKE_CROSSCOMPILING_EMULATOR
                    ERROR_VARIABLE obstacle RESULT_VARIABLE status OUTPUT_STRIP_TRAILING_WHITESPACE
                    ERROR_STRIP_TRAILING_WHITESPACE)
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "callgate: nothing runs the tests of a 32-bit build: ${obstacle} (-DCALLGATE_BUILD_TESTS=OFF builds "
                          "without them)")
    endif()
  endif()
  if(CMAKE_CROSSCOMPILING_EMULATOR)
    message(STATUS "callgate: ${CMAKE_CROSSCOMPILING_EMULATOR} runs the programs of this build")
    set(CALLGATE_LAUNCHER ${CMAKE_CROSSCOMPILING_EMULATOR})
    set(CALLGATE_PATIENCE 10)
  endif()
endif()

function(callgate_patience variable)
  math(EXPR seconds "${${variable}} * ${CALLGATE_PATIENCE}")
  set(${variable} ${seconds} PARENT_SCOPE)
endfunction()

# Finds the assemblers. AUTO takes what is there, ON fails without it, OFF leaves it out.

set(CALLGATE_IS_X86 FALSE)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64|i[3-6]86)$")
  set(CALLGATE_IS_X86 TRUE)
endif()

function(callgate_decide name wanted found)
  set(have FALSE)
  if(NOT CALLGATE_IS_X86)
    set(text "left out (not an x86 machine)")
  elseif(wanted STREQUAL "OFF")
    set(text "left out (CALLGATE_WITH_${name}=OFF)")
  elseif(found)
    set(have TRUE)
    set(text "used")
  elseif(wanted STREQUAL "ON")
    message(FATAL_ERROR "callgate: CALLGATE_WITH_${name}=ON, but it was not found")
  else()
    set(text "left out (not found)")
  endif()
  message(STATUS "callgate: ${name} ${text}")
  set(CALLGATE_HAVE_${name} ${have} PARENT_SCOPE)
endfunction()

find_path(CALLGATE_XBYAK_INCLUDE xbyak/xbyak.h)
mark_as_advanced(CALLGATE_XBYAK_INCLUDE)
callgate_decide(XBYAK "${CALLGATE_WITH_XBYAK}" "${CALLGATE_XBYAK_INCLUDE}")

find_package(asmjit QUIET CONFIG)
callgate_decide(ASMJIT "${CALLGATE_WITH_ASMJIT}" "${asmjit_FOUND}")

# Debian's libasmjit.a is not position-independent, so it cannot go into a shared library; others may be.
set(CALLGATE_ASMJIT_IS_PIC FALSE)
if(CALLGATE_HAVE_ASMJIT)
  include(CheckCXXSourceCompiles)
  file(WRITE ${PROJECT_BINARY_DIR}/asmjit-pic/CMakeLists.txt "
cmake_minimum_required(VERSION 3.25)
project(asmjit_pic CXX)
find_package(asmjit REQUIRED CONFIG)
add_library(probe SHARED probe.cc)
target_link_libraries(probe PRIVATE asmjit::asmjit)
target_link_options(probe PRIVATE -Wl,--no-undefined)
")
  file(WRITE ${PROJECT_BINARY_DIR}/asmjit-pic/probe.cc "
#include <asmjit/x86.h>
extern \"C\" int probe() { asmjit::CodeHolder code; asmjit::x86::Assembler as(&code); return static_cast<int>(as.nop()); }
")
  try_compile(CALLGATE_ASMJIT_IS_PIC ${PROJECT_BINARY_DIR}/asmjit-pic/build ${PROJECT_BINARY_DIR}/asmjit-pic asmjit_pic
              CMAKE_FLAGS "-Dasmjit_DIR=${asmjit_DIR}" "-DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS}")
  if(CALLGATE_ASMJIT_IS_PIC)
    message(STATUS "callgate: AsmJit's archive is position-independent: it goes into libcallgate.so too")
  else()
    message(STATUS "callgate: AsmJit's archive is not position-independent: static builds and tools only, not libcallgate.so")
  endif()
endif()

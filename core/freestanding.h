// Included in front of every file of the freestanding core (core/CMakeLists.txt): what compilers call for copies and
// for zeros goes to functions of the core's own (own_memory.cc), under names that no program has. A libc, where there
// is one, keeps its own for all else.
#pragma once

__asm__(
    ".set memcpy, callgate_core_memcpy\n\t"
    ".set memmove, callgate_core_memmove\n\t"
    ".set memset, callgate_core_memset");

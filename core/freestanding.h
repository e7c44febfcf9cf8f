// Included in front of every file of the freestanding core (core/CMakeLists.txt).
#pragma once

// What compilers call for copies and for zeros goes to functions of the core's own (own_memory.cc), under names that no
// program has. A libc, where there is one, keeps its own for all else.
__asm__(
    ".set memcpy, callgate_core_memcpy\n\t"
    ".set memmove, callgate_core_memmove\n\t"
    ".set memset, callgate_core_memset");

// The inline functions of callgate/decide.h: where they are not inlined, linkers keep one copy of all that a program
// has, which other flags may have compiled, to vector registers. The core has its own. tests/core/archive.sh names
// those that are missing here.
#define callgate_argument_at callgate_core_argument_at
#define callgate_bounds_decide callgate_core_bounds_decide
#define callgate_bounds_hold callgate_core_bounds_hold
#define callgate_call_id callgate_core_call_id
#define callgate_check_decide callgate_core_check_decide
#define callgate_conjunction_decide callgate_core_conjunction_decide
#define callgate_conjunction_holds callgate_core_conjunction_holds
#define callgate_decide callgate_core_decide
#define callgate_decide_by callgate_core_decide_by
#define callgate_decide_frame callgate_core_decide_frame
#define callgate_decide_record callgate_core_decide_record
#define callgate_decide_residual callgate_core_decide_residual
#define callgate_index_of callgate_core_index_of
#define callgate_is_residual callgate_core_is_residual
#define callgate_key_at callgate_core_key_at
#define callgate_list_decide callgate_core_list_decide
#define callgate_masked callgate_core_masked
#define callgate_member_bit callgate_core_member_bit
#define callgate_pick callgate_core_pick
#define callgate_record callgate_core_record
#define callgate_table_index callgate_core_table_index
#define callgate_unit_of callgate_core_unit_of
#define callgate_word callgate_core_word
#define callgate_word_at callgate_core_word_at

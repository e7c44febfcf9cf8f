// A program without libc, C++ runtime and start files: it decides by the core, and ends with 0, or with the number of
// the check that failed.
#include "callgate/core.h"

// exit_group(2), by the kernel's own convention.
static _Noreturn void leave(long status) {
#if defined(__x86_64__)
  __asm__ volatile("syscall" : : "a"(231L), "D"(status) : "rcx", "r11", "memory");
#elif defined(__i386__)
  __asm__ volatile("int $0x80" : : "a"(252L), "b"(status) : "memory");
#elif defined(__aarch64__)
  register long number __asm__("x8") = 94;
  register long first __asm__("x0") = status;
  __asm__ volatile("svc 0" : : "r"(number), "r"(first) : "memory");
#else
#error "no exit_group(2) for this machine"
#endif
  for (;;) {
  }
}

#define KILL UINT32_C(0x80000000)
#define FAIL(number) (UINT32_C(0x00050000) | (number))
#define PASS UINT32_C(0x7fff0000)

static unsigned char memory[2][16384];

static const struct callgate_insn first[] = {{0x20, 0, 0, 4},      {0x15, 1, 0, CALLGATE_ARCH_X86_64},
                                             {0x06, 0, 0, KILL},   {0x20, 0, 0, 0},
                                             {0x15, 0, 1, 169},    {0x06, 0, 0, FAIL(1)},
                                             {0x15, 0, 3, 16},     {0x20, 0, 0, 24},
                                             {0x15, 0, 1, 0x5412}, {0x06, 0, 0, FAIL(2)},
                                             {0x06, 0, 0, PASS}};
static const struct callgate_insn second[] = {
    {0x20, 0, 0, 0}, {0x15, 0, 1, 39}, {0x06, 0, 0, FAIL(3)}, {0x06, 0, 0, PASS}};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct callgate_data call(uint32_t nr, uint32_t arch, uint64_t argument) {
  struct callgate_data data = {nr, arch, 0, {0, argument, 0, 0, 0, 0}};
  return data;
}

// The first check that fails, or 0.
static int check(void) {
  uint32_t at = 0;
  if (callgate_core_verify(first, COUNT(first), &at) != 0) return 1;
  if (callgate_core_verify(first, COUNT(first) - 1, &at) != 109 || at != 6) return 2;
  if (callgate_core_verify(first, 2, &at) != 109 || at != 1) return 3;
  const struct callgate_data reboot = call(169, CALLGATE_ARCH_X86_64, 0);
  if (callgate_core_run(first, &reboot) != FAIL(1)) return 4;

  const struct callgate_image* chain = 0;
  if (callgate_core_attach(memory[0], sizeof memory[0], 0, 0, first, COUNT(first), &chain) != 0) return 5;
  const struct callgate_image* const below = chain;
  if (callgate_core_attach(memory[1], 100, below, 0, second, COUNT(second), &chain) != 302 || chain) return 6;
  if (callgate_core_attach(memory[1], sizeof memory[1], below, 0, second, COUNT(second), &chain) != 0) return 7;

  const struct {
    struct callgate_data data;
    uint32_t result;
  } calls[] = {{call(169, CALLGATE_ARCH_X86_64, 0), FAIL(1)},
               {call(39, CALLGATE_ARCH_X86_64, 0), FAIL(3)},
               {call(16, CALLGATE_ARCH_X86_64, 0x5412), FAIL(2)},
               {call(16, CALLGATE_ARCH_X86_64, 0x5413), PASS},
               {call(1, CALLGATE_ARCH_X86_64, 0), PASS},
               {call(1, CALLGATE_ARCH_X86_32, 0), KILL},
               {call(1, 0xc00000b7, 0), KILL},
               {call(600, CALLGATE_ARCH_X86_64, 0), PASS}};
  for (unsigned i = 0; i < COUNT(calls); ++i) {
    if (callgate_decide(chain, &calls[i].data) != calls[i].result) return 10 + (int)i;
    if (callgate_decide_frame(chain, &calls[i].data) != calls[i].result) return 30 + (int)i;
  }
  return 0;
}

_Noreturn void start(void);
_Noreturn void start(void) { leave(check()); }

// The stack is aligned at the entry, as a call would not leave it.
#if defined(__x86_64__)
__asm__(".globl _start\n_start: xor %ebp, %ebp\n call start");
#elif defined(__i386__)
__asm__(".globl _start\n_start: xor %ebp, %ebp\n and $-16, %esp\n call start");
#else
__asm__(".globl _start\n_start: bl start");
#endif

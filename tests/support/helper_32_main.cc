// The 32-bit helper: reads code and inputs from standard input, runs the code on each, writes the results. Static, built
// with -m32, so that a 64-bit machine runs x86_32 code without any 32-bit library.
#include <cstdint>
#include <cstdio>
#include <cstring>

#include <sys/mman.h>

#include "callgate/insn.hpp"

namespace {

bool read_all(void* to, std::size_t size) { return std::fread(to, 1, size, stdin) == size; }

using Function = std::uint32_t (*)(const callgate::SeccompData*);

// Calls the function and ends the process if it does not keep the registers and the 64 words of stack that belong to the
// caller.
std::uint32_t call_checked(Function function, const callgate::SeccompData* data) {
  std::uint32_t result = 0;
  std::uint32_t changed = 0;
  asm volatile(
      "push %%ebp\n\t"
      "push %%ebx\n\t"
      "mov $0x11223344, %%ebx\n\t"
      "mov $0x55667788, %%esi\n\t"
      "mov $0x99aabbcc, %%edi\n\t"
      "mov %%esp, %%ebp\n\t"
      "mov $64, %%ecx\n\t"
      "1: push $0x5a5a5a5a\n\t"
      "dec %%ecx\n\t"
      "jnz 1b\n\t"
      "push %%edx\n\t"
      "call *%%eax\n\t"
      "add $4, %%esp\n\t"
      "xor %%edx, %%edx\n\t"
      "mov $64, %%ecx\n\t"
      "2: cmpl $0x5a5a5a5a, (%%esp)\n\t"
      "je 3f\n\t"
      "or $1, %%edx\n\t"
      "3: add $4, %%esp\n\t"
      "dec %%ecx\n\t"
      "jnz 2b\n\t"
      "sub %%esp, %%ebp\n\t"
      "sub $0x11223344, %%ebx\n\t"
      "sub $0x55667788, %%esi\n\t"
      "sub $0x99aabbcc, %%edi\n\t"
      "or %%ebx, %%ebp\n\t"
      "or %%esi, %%ebp\n\t"
      "or %%edi, %%ebp\n\t"
      "or %%edx, %%ebp\n\t"
      "mov %%ebp, %%ecx\n\t"
      "pop %%ebx\n\t"
      "pop %%ebp\n\t"
      : "=a"(result), "=c"(changed), "+d"(data)
      : "0"(function)
      : "esi", "edi", "memory", "cc");
  if (changed != 0) __builtin_trap();
  return result;
}

}  // namespace

int main() {
  for (;;) {
    std::uint32_t sizes[2];
    if (!read_all(sizes, sizeof sizes)) return 0;
    void* const code = mmap(nullptr, sizes[0], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED || !read_all(code, sizes[0])) return 1;
    if (mprotect(code, sizes[0], PROT_READ | PROT_EXEC) != 0) return 1;
    auto* const inputs = new callgate::SeccompData[sizes[1]];
    if (!read_all(inputs, sizes[1] * sizeof *inputs)) return 1;
    const auto function = reinterpret_cast<Function>(code);
    for (std::uint32_t i = 0; i < sizes[1]; ++i) {
      const std::uint32_t result = call_checked(function, &inputs[i]);
      std::fwrite(&result, sizeof result, 1, stdout);
    }
    std::fflush(stdout);
    delete[] inputs;
    munmap(code, sizes[0]);
  }
}

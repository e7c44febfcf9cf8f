// The 32-bit helper: runs x86_32 code that a 64-bit process wrote into shared memory (see protocol.h). Static, built
// with -m32, so that a 64-bit machine runs it without any 32-bit library.
#include <csignal>
#include <cstdint>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "oracles/x86_32/protocol.h"

namespace {

using namespace callgate;
using Function = std::uint32_t (*)(const SeccompData*);

// Calls the function and ends the process if it does not keep the registers and the 64 words of stack that belong to
// the caller.
std::uint32_t call_checked(Function function, const SeccompData* data) {
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

void* map(std::size_t at, std::size_t size, int protection, void* where = nullptr) {
  const int flags = MAP_SHARED | (where != nullptr ? MAP_FIXED : 0);
  void* const memory = mmap(where, size, protection, flags, helper_32::shared_fd, static_cast<off_t>(at));
  if (memory == MAP_FAILED) _exit(2);
  return memory;
}

}  // namespace

// An argument, whatever it is, says that this process is emulated.
int main(int count, char**) {
  using namespace helper_32;
  const bool is_emulated = count > 1;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto* const orders = static_cast<const Orders*>(map(orders_at, sizeof(Orders), PROT_READ));
  auto* const answers = static_cast<Answers*>(map(answers_at, sizeof(Answers), PROT_READ | PROT_WRITE));
  void* const code_memory = map(code_at, max_code, PROT_READ | PROT_EXEC);
  const auto code = reinterpret_cast<std::uintptr_t>(code_memory);
  for (char go; read(STDIN_FILENO, &go, 1) == 1;) {
    // An emulator keeps what it translated until this process changes it; the parent's writes it does not see. A new
    // mapping makes it forget.
    if (is_emulated) map(code_at, max_code, PROT_READ | PROT_EXEC, code_memory);
    for (std::uint32_t i = orders->first; i < orders->count; ++i) {
      answers->current = i;
      answers->results[i] = call_checked(reinterpret_cast<Function>(code + orders->entries[i]), &orders->inputs[i]);
    }
    if (write(STDOUT_FILENO, &go, 1) != 1) return 1;
  }
  return 0;
}

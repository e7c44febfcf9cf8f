#include "oracles/x86_32/gate_32.h"

#ifdef __x86_64__

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

// std::uint32_t gate(function, data, stack), which ends in ud2 if the function does not keep what belongs to its
// caller. It is copied below 4 GiB, where a far return of 32 bits finds it. What the 64-bit caller keeps goes to
// memory: upper halves and r8 to r15 need not survive the switch (Intel SDM, volume 1, 3.4.1.1).
//   0x23: the kernel's __USER32_CS; 0x2b: its __USER_DS, which 64-bit code has in no register but ss.
asm(R"(
        .pushsection .text
        .code64
callgate_gate_32:
        push %rbx
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        mov %rsp, -8(%rdx)
        lea -8(%rdx), %rsp
        lea 1f(%rip), %rax
        mov %eax, -16(%rdx)
        movl $0x23, -12(%rdx)
        lcall *-16(%rdx)
        mov (%rsp), %rsp
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbp
        pop %rbx
        ret
        .code32
1:      mov $0x2b, %eax
        mov %eax, %ds
        mov %eax, %es
        mov %edi, %eax
        push %esi
        mov $0x11223344, %ebx
        mov $0x55667788, %esi
        mov $0x99aabbcc, %edi
        mov %esp, %ebp
        call *%eax
        sub %esp, %ebp
        sub $0x11223344, %ebx
        sub $0x55667788, %esi
        sub $0x99aabbcc, %edi
        or %ebx, %ebp
        or %esi, %ebp
        or %edi, %ebp
        jz 2f
        ud2
2:      add $4, %esp
        mov %ebp, %ds
        mov %ebp, %es
        lret
callgate_gate_32_end:
        .code64
        .popsection
)");

extern "C" {
extern const std::uint8_t callgate_gate_32[] __attribute__((visibility("hidden")));
extern const std::uint8_t callgate_gate_32_end[] __attribute__((visibility("hidden")));
}

namespace callgate::oracles {
namespace {

constexpr std::size_t page = 4096;  // bytes; the gate takes one
constexpr std::uint32_t untouched = 0x5a5a5a5a;

std::uint8_t* map_below_4g(std::size_t size) {
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "memory below 4 GiB");
  return static_cast<std::uint8_t*>(memory);
}

std::uint32_t low_address(const void* pointer) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(pointer));
}

}  // namespace

// A signal may come while 32-bit code runs, and its frame lies on the same stack. Behind the input lies a page that
// cannot be read.
struct Gate32::Low {
  std::uint8_t stack[(std::size_t{64} << 10) - sizeof(std::uint32_t) * 64 - sizeof(SeccompData)];
  std::uint32_t above[64];  // what belongs to callers of the caller
  SeccompData data;
};

Gate32::Gate32() {
  static_assert(sizeof(Low) % page == 0);
  low_ = reinterpret_cast<Low*>(map_below_4g(sizeof(Low) + page));
  if (::mprotect(low_ + 1, page, PROT_NONE) != 0) throw std::system_error(errno, std::generic_category(), "mprotect");
  std::ranges::fill(low_->above, untouched);
  gate_ = map_below_4g(page);
  std::memcpy(gate_, callgate_gate_32, static_cast<std::size_t>(callgate_gate_32_end - callgate_gate_32));
  if (::mprotect(gate_, page, PROT_READ | PROT_EXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "executable memory below 4 GiB");
  }
}

Gate32::~Gate32() {
  ::munmap(low_, sizeof(Low) + page);
  ::munmap(gate_, page);
}

std::uint32_t Gate32::call(const std::uint8_t* entry, const SeccompData& data) {
  using Gate = std::uint32_t (*)(std::uint32_t function, std::uint32_t data, void* stack);
  low_->data = data;
  const auto gate = reinterpret_cast<Gate>(reinterpret_cast<std::uintptr_t>(gate_));
  const std::uint32_t result = gate(low_address(entry), low_address(&low_->data), low_->above);
  const bool is_kept = std::memcmp(&low_->data, &data, sizeof data) == 0 &&
                       std::ranges::all_of(low_->above, [](std::uint32_t word) { return word == untouched; });
  if (!is_kept) __builtin_trap();
  return result;
}

}  // namespace callgate::oracles

#else

namespace callgate::oracles {

Gate32::Gate32() = default;
Gate32::~Gate32() = default;
std::uint32_t Gate32::call(const std::uint8_t*, const SeccompData&) { __builtin_trap(); }

}  // namespace callgate::oracles

#endif

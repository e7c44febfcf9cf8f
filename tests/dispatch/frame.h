// Frames for tests of layouts.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "callgate/insn.hpp"
#include "callgate/layout.hpp"

namespace callgate::test {

struct NamedLayout {
  const char* name;
  InputLayout layout;
};

// Every preset, a few of one's own, and all of them with single fetches.
inline std::vector<NamedLayout> all_layouts() {
  InputLayout scattered = InputLayout::frame(500, arch::x86_32);
  for (std::uint32_t i = 0; i < 6; ++i) scattered.argument(i, 400 - 8 * i, 700 + 4 * i);
  InputLayout overlapping = InputLayout::frame(0, arch::x86_64);  // all arguments lie in one place
  for (std::uint32_t i = 0; i < 6; ++i) overlapping.argument(i, 8);
  InputLayout far = InputLayout::frame(4092, arch::x86_64);
  far.words[1] = {false, 0};
  for (std::uint32_t i = 0; i < 6; ++i) far.argument(i, 120 + 8 * i);  // around the reach of a byte
  std::vector<NamedLayout> all = {{"seccomp_data", InputLayout::seccomp_data()},
                                  {"split", InputLayout::split(arch::x86_64)},
                                  {"split of i386", InputLayout::split(arch::x86_32)},
                                  {"ucontext_x86_64", InputLayout::ucontext_x86_64()},
                                  {"ucontext_i386", InputLayout::ucontext_i386()},
                                  {"user_regs_x86_64", InputLayout::user_regs_x86_64()},
                                  {"seccomp_notif", InputLayout::seccomp_notif()},
                                  {"ptrace_syscall_info", InputLayout::ptrace_syscall_info()},
                                  {"pushed_registers", InputLayout::pushed_registers()},
                                  {"number alone", InputLayout::frame(0, 0x12345678)},
                                  {"scattered", scattered},
                                  {"overlapping", overlapping},
                                  {"far", far}};
  for (std::size_t i = 0, n = all.size(); i < n; ++i) all.push_back({all[i].name, all[i].layout.with_single_fetch()});
  return all;
}

inline std::size_t size_of_frame(const InputLayout& layout) {
  std::size_t size = 0;
  for (const InputWord& word : layout.words) size = std::max(size, word.is_constant ? 0 : std::size_t{word.value} + 4);
  return size;
}

// A frame that ends at a page which cannot be read.
class GuardedFrame {
 public:
  explicit GuardedFrame(const InputLayout& layout) : GuardedFrame(layout, size_of_frame(layout)) {}
  GuardedFrame(const InputLayout& layout, std::size_t bytes) : layout_(layout) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    usable_ = (bytes + page - 1) / page * page;
    mapping_ = mmap(nullptr, usable_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping_ == MAP_FAILED) throw std::runtime_error("mmap");
    mapped_ = usable_ + page;
    auto* const start = static_cast<unsigned char*>(mapping_);
    if (mprotect(start + usable_, page, PROT_NONE) != 0) throw std::runtime_error("mprotect");
    std::memset(start, 0xa5, usable_);
    frame_ = start + usable_ - bytes;
  }
  ~GuardedFrame() { munmap(mapping_, mapped_); }
  GuardedFrame(const GuardedFrame&) = delete;
  GuardedFrame& operator=(const GuardedFrame&) = delete;

  void* address() const { return frame_; }

  // Puts the call where the layout says; what the layout makes constant is lost.
  void write(const SeccompData& call) {
    for (std::size_t i = 0; i < layout_.words.size(); ++i) {
      if (layout_.words[i].is_constant) continue;
      std::memcpy(frame_ + layout_.words[i].value, reinterpret_cast<const unsigned char*>(&call) + 4 * i, 4);
    }
  }

  // What lies in the frame, by this class's own reading of the layout.
  SeccompData read() const {
    SeccompData call;
    for (std::size_t i = 0; i < layout_.words.size(); ++i) {
      const InputWord& word = layout_.words[i];
      const void* from = word.is_constant ? static_cast<const void*>(&word.value) : frame_ + word.value;
      std::memcpy(reinterpret_cast<unsigned char*>(&call) + 4 * i, from, 4);
    }
    return call;
  }

 private:
  InputLayout layout_;
  void* mapping_;
  std::size_t mapped_ = 0;
  std::size_t usable_ = 0;
  unsigned char* frame_;
};

}  // namespace callgate::test

// Ways to let the running kernel run a filter and to learn its 32-bit result.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "callgate/insn.hpp"
#include "oracles/kernel/kernel_loader.h"
#include "oracles/kernel/probe_client.h"

namespace callgate::kernel {

class Runner {
 public:
  virtual ~Runner() = default;

  // The call that the filter sees when `data` is issued: not everything can be chosen.
  virtual SeccompData as_issued(SeccompData data) const = 0;

  // What the kernel's run of the valid `filter` returns for each input (as issued), or nothing if it cannot be shown.
  virtual std::optional<std::vector<std::uint32_t>> results(std::span<const Insn> filter,
                                                            std::span<const SeccompData> inputs) = 0;
};

// How a call reaches the kernel.
struct Route {
  const char* name;         // of tests
  const char* description;  // for people
  int bits;                 // of the calling process
  Gate gate;
  std::uint32_t arch;
};

inline constexpr Route routes[] = {
    {"Syscall64", "syscall, 64-bit process", 64, Gate::native, arch::x86_64},
    {"Int80From64", "int 0x80, 64-bit process", 64, Gate::int80, arch::x86_32},  // i386 with registers of 64 bits
    {"Int80From32", "int 0x80, 32-bit process", 32, Gate::native, arch::x86_32},
};

// Why calls do not reach the kernel on this route from this probe; empty if they do.
std::string obstacle(const Probe& probe, const Route& route);

// Real system calls, issued by the probe under the filter. Every call is answered with ERRNO: none is executed.
class SeccompRunner : public Runner {
 public:
  SeccompRunner(Probe& probe, const Route& route) : probe_(probe), route_(route) {}
  SeccompData as_issued(SeccompData data) const override;
  std::optional<std::vector<std::uint32_t>> results(std::span<const Insn> filter,
                                                    std::span<const SeccompData> inputs) override;

 private:
  Probe& probe_;
  Route route_;
};

// A socket of this process with the filter attached, and packets of 64 bytes through it: the call's words in the order
// of bytes that loads of packets use. Needs no privilege, and every word of the input can be chosen.
class SocketRunner : public Runner {
 public:
  SocketRunner();  // throws std::runtime_error if there are no sockets
  SocketRunner(const SocketRunner&) = delete;
  SocketRunner& operator=(const SocketRunner&) = delete;
  ~SocketRunner() override;

  // The errno of attaching the filter, or 0. ENOMEM is about the memory that a socket may use for it
  // (net.core.optmem_max), not about the filter.
  int attach(std::span<const Insn> filter);

  SeccompData as_issued(SeccompData data) const override { return data; }
  std::optional<std::vector<std::uint32_t>> results(std::span<const Insn> filter,
                                                    std::span<const SeccompData> inputs) override;

 private:
  int ends_[2];
  Pace pace_;
};

}  // namespace callgate::kernel

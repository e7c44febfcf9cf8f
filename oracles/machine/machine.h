// What this machine can do beyond running this process: each ability is tried once, in a child process, when somebody
// asks for it. The one probe for tests, tools and scripts: `callgate-machine` (machine_main.cc) prints the answers,
// scripts/machine.sh builds and runs it, and CMake asks that script.
//
// Machines differ. Some kernels run no 32-bit programs although they were configured to (the hypervisor gives no 32-bit
// mode), some are built without int 0x80, some processes may load no seccomp filters, and user-mode emulators have none
// of this. What is missing here is not tested here, and has to be said.
//
// CALLGATE_MACHINE in the environment takes abilities away, so that a machine can stand for a poorer one: a list such
// as "no-32-bit-programs,no-int80". It cannot give an ability. Tests and tools read it; the library does not know it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace callgate::machine {

enum class Ability : std::uint8_t {
  programs_32,     // the kernel runs 32-bit programs itself
  int80,           // the kernel serves int 0x80 from 64-bit code
  segment_32,      // 64-bit code can enter the kernel's 32-bit code segment (__USER32_CS)
  filters,         // seccomp(2) loads filters
  socket_filters,  // SO_ATTACH_FILTER attaches filters
  ptrace,          // a process can trace its children
  emulator_32,     // an emulator runs 32-bit programs: qemu-i386 (Debian: qemu-user) is found in PATH, and works
};
inline constexpr Ability abilities[] = {Ability::programs_32,    Ability::int80,  Ability::segment_32, Ability::filters,
                                        Ability::socket_filters, Ability::ptrace, Ability::emulator_32};

// The word for it, which "no-" in front makes the word for its absence: "32-bit-programs", "int80", "32-bit-segment",
// "filters", "socket-filters", "ptrace", "emulator".
const char* name(Ability ability) noexcept;

// Why this machine has it not, in one sentence without a full stop ("this kernel runs no 32-bit programs"); empty if it
// has it. Tried at the first question, remembered for the process; any thread may ask. Throws std::system_error if not
// even a child process can be made, std::invalid_argument if CALLGATE_MACHINE has a word that is not known.
const std::string& obstacle(Ability ability);
inline bool has(Ability ability) { return obstacle(ability).empty(); }

// Whether CALLGATE_MACHINE takes it away: for what another process may be able to do although this one is not. Without
// filters there are no socket filters either.
bool is_taken_away(Ability ability);

// Whether a user-mode emulator runs this process: it is a 32-bit one, and the kernel runs none; or it is for another
// machine than the kernel's (which kernels before Linux 6.1 do not tell: no, then).
bool is_emulated();

// What stands in front of a 32-bit program's path to run it here: nothing where the kernel runs it, else the path of
// the emulator. Only if is_ready.
struct Launcher {
  bool is_ready;
  std::vector<std::string> words;
  std::string obstacle;  // why not, if it is not ready
};
const Launcher& launcher_32();

}  // namespace callgate::machine

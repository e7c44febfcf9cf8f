#include "oracles/machine/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <stdexcept>

#include "oracles/machine/trials.h"

namespace callgate::machine {
namespace {

constexpr std::size_t count = std::size(abilities);

std::string absence(Ability ability) { return std::string("no-") + name(ability); }

// The words of CALLGATE_MACHINE, each of which must be known: a misspelt one would take nothing away.
std::array<bool, count> taken_away() {
  std::array<bool, count> taken{};
  const char* const text = std::getenv("CALLGATE_MACHINE");
  std::istringstream words(text != nullptr ? text : "");
  for (std::string word; std::getline(words, word, ',');) {
    bool is_known = word.empty();
    for (const Ability ability : abilities) {
      if (word != absence(ability)) continue;
      taken[static_cast<std::size_t>(ability)] = is_known = true;
    }
    if (!is_known)
      throw std::invalid_argument("CALLGATE_MACHINE: no ability of a machine is taken away by \"" + word + "\"");
  }
  if (taken[static_cast<std::size_t>(Ability::filters)])
    taken[static_cast<std::size_t>(Ability::socket_filters)] = true;
  return taken;
}

// What people are told. `why` comes from the trial: the error, or how it ended.
std::string sentence(Ability ability, const std::string& why) {
  const std::string reason = why.empty() ? "" : " (" + why + ")";
  switch (ability) {
    case Ability::programs_32: return "this kernel runs no 32-bit programs" + reason;
    case Ability::int80: return "this kernel does not serve int 0x80 from 64-bit code" + reason;
    case Ability::segment_32: return "64-bit code cannot enter a 32-bit code segment here" + reason;
    case Ability::filters: return "this kernel loads no seccomp filters" + reason;
    case Ability::socket_filters: return "this kernel attaches no filters to sockets" + reason;
    case Ability::ptrace: return "processes cannot be traced here" + reason;
    case Ability::emulator_32: return "there is no emulator for 32-bit programs" + reason;
  }
  return why;
}

// An emulator is looked for in PATH, as a shell does.
std::string find_program(const std::string& wanted) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = folder + "/" + wanted;
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

const std::string& emulator() {
  static const std::string found = [] {
    for (const char* program : {"qemu-i386", "qemu-i386-static"}) {
      if (std::string path = find_program(program); !path.empty()) return path;
    }
    return std::string();
  }();
  return found;
}

Trial try_it(Ability ability) {
  switch (ability) {
    case Ability::programs_32: return try_program_32({});
    case Ability::int80: return try_int80();
    case Ability::segment_32: return try_segment_32();
    case Ability::filters: return try_filters();
    case Ability::socket_filters: return try_socket_filters();
    case Ability::ptrace: return try_ptrace();
    case Ability::emulator_32:
      if (emulator().empty()) return {false, "neither qemu-i386 nor qemu-i386-static is in PATH: Debian's qemu-user"};
      return try_program_32(emulator());
  }
  return {false, "not known"};
}

std::string ask(Ability ability) {
  if (is_taken_away(ability)) return sentence(ability, "CALLGATE_MACHINE says so");
  const Trial trial = try_it(ability);
  return trial.works ? "" : sentence(ability, trial.why);
}

}  // namespace

const char* name(Ability ability) noexcept {
  switch (ability) {
    case Ability::programs_32: return "32-bit-programs";
    case Ability::int80: return "int80";
    case Ability::segment_32: return "32-bit-segment";
    case Ability::filters: return "filters";
    case Ability::socket_filters: return "socket-filters";
    case Ability::ptrace: return "ptrace";
    case Ability::emulator_32: return "emulator";
  }
  return "?";
}

bool is_taken_away(Ability ability) {
  static const std::array<bool, count> taken = taken_away();
  return taken[static_cast<std::size_t>(ability)];
}

const std::string& obstacle(Ability ability) {
  static std::array<std::once_flag, count> asked;
  static std::array<std::string, count> answers;
  const auto index = static_cast<std::size_t>(ability);
  std::call_once(asked[index], [&] { answers[index] = ask(ability); });
  return answers[index];
}

bool is_emulated() {
  if (sizeof(void*) == 4) return !has(Ability::programs_32);
  static const bool is_for_another_machine = [] {
    utsname told{};  // an emulator tells its own machine here, and hands on what the kernel says there
    if (::uname(&told) != 0) return false;
    std::ifstream file("/proc/sys/kernel/arch");
    std::string machine;
    return static_cast<bool>(file >> machine) && machine != told.machine;
  }();
  return is_for_another_machine;
}

const Launcher& launcher_32() {
  static const Launcher launcher = [] {
    if (has(Ability::programs_32)) return Launcher{true, {}, ""};
    if (has(Ability::emulator_32)) return Launcher{true, {emulator()}, ""};
    return Launcher{false, {}, obstacle(Ability::programs_32) + ", and " + obstacle(Ability::emulator_32)};
  }();
  return launcher;
}

}  // namespace callgate::machine

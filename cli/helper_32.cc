#include "cli/helper_32.h"

#include <sys/auxv.h>

#include <filesystem>
#include <system_error>

#include "oracles/machine/machine.h"

namespace callgate::cli {

std::filesystem::path own_folder() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) return path.parent_path();
  // As execve() got it: relative to the folder where the process began, which it has not left.
  const auto* const started_as = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  return std::filesystem::weakly_canonical(started_as == nullptr ? "." : started_as, error).parent_path();
}

std::string helper_32() { return (own_folder() / CALLGATE_PROBES_FROM_BIN / "callgate-helper32").lexically_normal(); }

void say_who_runs_32_bit_code(Session& session) {
  const machine::Launcher& launcher = machine::launcher_32();
  if (launcher.words.empty()) return;
  say(session, fmt::format("note: {}; x86_32 code runs under {}", machine::obstacle(machine::Ability::programs_32),
                           launcher.words.front()));
}

}  // namespace callgate::cli

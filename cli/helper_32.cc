#include "cli/helper_32.h"

#include <filesystem>

#include "oracles/machine/machine.h"

namespace callgate::cli {

std::string helper_32() {
  const auto bin = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  return (bin / CALLGATE_PROBES_FROM_BIN / "callgate-helper32").lexically_normal();
}

void say_who_runs_32_bit_code(Session& session) {
  const machine::Launcher& launcher = machine::launcher_32();
  if (launcher.words.empty()) return;
  say(session, fmt::format("note: {}; x86_32 code runs under {}", machine::obstacle(machine::Ability::programs_32),
                           launcher.words.front()));
}

}  // namespace callgate::cli

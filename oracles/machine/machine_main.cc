// callgate-machine: prints what this machine can do, for scripts/machine.sh.
//
//   callgate-machine            a line for each ability: its word, a tabulator, "yes" or why not
//   callgate-machine launcher   what stands in front of 32-bit programs to run them: a path, or nothing; exit code 1
//                               if nothing runs them
#include <cstdio>
#include <cstring>
#include <exception>

#include "oracles/machine/machine.h"

namespace {

using namespace callgate::machine;

int print_abilities() {
  for (const Ability ability : abilities) {
    const std::string& why = obstacle(ability);
    std::printf("%s\t%s\n", name(ability), why.empty() ? "yes" : why.c_str());
    std::fflush(stdout);
  }
  return 0;
}

int print_launcher() {
  const Launcher& launcher = launcher_32();
  for (const std::string& word : launcher.words) std::printf("%s\n", word.c_str());
  if (!launcher.is_ready) std::fprintf(stderr, "%s\n", launcher.obstacle.c_str());
  return launcher.is_ready ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 1) return print_abilities();
    if (argc == 2 && std::strcmp(argv[1], "launcher") == 0) return print_launcher();
    std::fprintf(stderr, "usage: callgate-machine [launcher]\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "callgate-machine: %s\n", error.what());
  }
  return 2;
}

// callgate-start FILE: the least that a program does that loads a chain. The file has filters one behind the other,
// each after its length in instructions. Exit code 0 if the chain decides.
#include <fstream>
#include <vector>

#include "callgate/callgate.hpp"

namespace {

using namespace callgate;

bool read(std::istream& input, std::vector<Program>& programs) {
  std::uint32_t size = 0;
  while (input.read(reinterpret_cast<char*>(&size), sizeof size)) {
    std::vector<Insn> insns(size);
    input.read(reinterpret_cast<char*>(insns.data()), static_cast<std::streamsize>(size * sizeof(Insn)));
    auto program = verify(insns);
    if (!program) return false;
    programs.push_back(std::move(*program));
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ifstream input(argv[1], std::ios::binary);
  std::vector<Program> programs;
  if (!read(input, programs)) return 1;
  const auto bare = Chain::create();
  const auto chain = bare->attach(programs);
  if (!chain) return 1;
  const SeccompData data{0, arch::x86_64, 0, {}};
  return action_of(chain->evaluate(data)) == action::allow ? 0 : 1;
}

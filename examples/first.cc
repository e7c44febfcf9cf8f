// callgate in C++: a slot that decides calls while filters are put on it.
#include <callgate/callgate.hpp>
#include <cstdio>

using namespace callgate;

namespace {

const Insn no_reboot[] = {
    {0x20, 0, 0, 0}, {0x15, 0, 1, 169}, {0x06, 0, 0, action::errno_ | 1}, {0x06, 0, 0, action::allow}};

void show(const ChainSlot& slot, std::uint32_t number) {
  const std::uint32_t result = slot.evaluate({number, arch::x86_64, 0, {}});
  std::printf("call %u: %s\n", unsigned{number}, result_to_string(result).c_str());
}

}  // namespace

int main() {
  // As the kernel merges: all filters run, the strictest action wins.
  const auto root = Chain::create({.rule = MergeRule::most_restrictive});
  const auto filter = verify(no_reboot);
  if (!root || !filter) return 1;
  ChainSlot slot(*root);
  show(slot, 169);
  if (const auto error = slot.attach(*filter)) {
    std::fprintf(stderr, "%s\n", to_string(*error).c_str());
    return 1;
  }
  show(slot, 168);
  show(slot, 169);
}

#include "ir/straight.h"

#include "ir/liveness.h"

namespace callgate::ir {

StraightForm build_straight(const Program& program) {
  const auto insns = program.instructions();
  StraightForm form{program, std::vector<bool>(insns.size()), false, false};
  form.reachable[0] = true;
  for (std::uint32_t pc = 0; pc < insns.size(); ++pc) {
    if (!form.reachable[pc]) continue;
    const Successors next = successors_of(insns[pc], pc);
    for (std::uint32_t i = 0; i < next.count; ++i) form.reachable[next.at[i]] = true;
  }
  const Variables live = live_before(program)[0];
  form.reads_initial_a = (live & bit(variable_a)) != 0;
  form.reads_initial_x = (live & bit(variable_x)) != 0;
  return form;
}

}  // namespace callgate::ir

#include "ir/baseline.h"

#include "ir/liveness.h"

namespace callgate::ir {

Baseline build_baseline(const Program& program) {
  const Variables live = live_before(program)[0];
  return {program, (live & bit(variable_a)) != 0, (live & bit(variable_x)) != 0};
}

}  // namespace callgate::ir

// The baseline form: a program as it is, with A and X in registers and scratch memory on the stack. It takes every
// program, and is what is compiled when the decision graph would be too large.
#pragma once

#include "callgate/program.hpp"

namespace callgate::ir {

struct Baseline {
  Program program;
  bool reads_initial_a;  // whether some path reads the 0 that A starts with
  bool reads_initial_x;
};

Baseline build_baseline(const Program& program);

}  // namespace callgate::ir

// Machine code for people, with the BPF instruction that each piece comes from.
#pragma once

#include <span>

#include "callgate/options.hpp"
#include "callgate/program.hpp"
#include "cli/io.h"
#include "jit/backend.h"

namespace callgate::cli {

// Prints the code as Intel-syntax assembly with offsets and bytes. `code` carries marks; `programs` are the filters
// that they point into, oldest first.
void print_machine_code(Output& out, const jit::Code& code, Target target, std::span<const Program> programs);

}  // namespace callgate::cli

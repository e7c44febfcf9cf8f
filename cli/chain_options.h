// The options of a chain, as eval, dump and stats take them.
#pragma once

#include "callgate/options.hpp"
#include "cli/command.h"

namespace callgate::cli {

// Adds --engine, --target, --optimize, --rule, budgets and --blind-constants.
void add_chain_options(CLI::App& command, Options& chain);

}  // namespace callgate::cli
